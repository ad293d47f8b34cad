import Foundation

/// Runs the benchmarks and prints one table; writes JSON where asked.
///
///     CascadeBenchmarks [--json FILE] [--only WORD] [--without-peers] [--items N]
@main
struct CascadeBenchmarks {
    static func main() throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        func value(_ name: String) -> String? {
            guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
            let value = arguments[index + 1]
            arguments.removeSubrange(index...(index + 1))
            return value
        }
        let json = value("--json")
        let only = value("--only")
        let hasPeers = !arguments.contains("--without-peers")
        var rows: [Row] = []
        let groups: [(name: String, run: () throws -> [Row])] = [
            ("decisions", DecisionBenchmarks.run),
            ("learners", { try LearnerBenchmarks.run(withPeers: hasPeers) }),
            ("frontier", FrontierBenchmarks.run),
            ("fit", FitBenchmarks.run),
            ("families", FitBenchmarks.families),
            ("logs", LogBenchmarks.run),
            ("programs", ProgramBenchmarks.run),
            ("filters", { try ParticleFilterBenchmarks.run(withPeers: hasPeers) }),
            ("hidden-markov", { try HiddenMarkovBenchmarks.run(withPeers: hasPeers) }),
            ("random-fields", { try RandomFieldBenchmarks.run(withPeers: hasPeers) }),
            ("chains", { try ChainBenchmarks.run(withPeers: hasPeers) }),
            ("nested", { try NestedBenchmarks.run(withPeers: hasPeers) }),
            ("decoding", DecodingBenchmarks.run),
            ("speculation", SpeculationBenchmarks.run),
            ("retrieval", { try RetrievalBenchmarks.run(withPeers: hasPeers) }),
            ("steering", SteeringBenchmarks.run),
            ("generation", { try GenerationBenchmarks.run(withPeers: hasPeers) }),
            ("storage", StorageBenchmarks.run),
        ]
        print(Row.header)
        for group in groups where only.map({ group.name.contains($0) }) ?? true {
            for row in try group.run() {
                print(row.text)
                rows.append(row)
            }
        }
        if let json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(rows).write(to: URL(fileURLWithPath: json), options: .atomic)
            print("written: \(json)")
        }
        let missed = rows.filter { $0.isMet == false }
        if !missed.isEmpty { print("\nmissed: " + missed.map(\.name).joined(separator: "; ")) }
    }
}

/// One measured figure, with its target and its peer where it has them.
struct Row: Codable {
    var name: String
    var value: Double
    var unit: String
    /// The most it may be.
    var target: Double?
    /// The peer's figure in the same unit, on the same data in the same run.
    var peer: Double?
    var peerName: String?
    /// What else is to be said: losses, peak memory.
    var note = ""

    var isMet: Bool? { target.map { value <= $0 } }

    static let header =
        pad("workload", 58) + pad("measured", 14) + pad("target", 12) + pad("peer", 24) + pad("peer/ours", 11) + "note"

    var text: String {
        let measured = String(format: "%.3g ", value) + unit
        let goal = target.map { String(format: "<= %.3g", $0) + (value <= $0 ? "" : " !") } ?? ""
        let beside = peer.map { String(format: "%.3g ", $0) + (peerName ?? "") } ?? ""
        let ratio = peer.map { String(format: "%.2f", $0 / value) } ?? ""
        return Self.pad(name, 58) + Self.pad(measured, 14) + Self.pad(goal, 12) + Self.pad(beside, 24)
            + Self.pad(ratio, 11) + note
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text + " " : text + String(repeating: " ", count: width - text.count)
    }
}

/// The best of `runs` times of `body`, in seconds.
func bestSeconds(runs: Int = 3, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    let clock = ContinuousClock()
    for _ in 0..<runs {
        let elapsed = try clock.measure(body)
        best = min(best, elapsed / .seconds(1))
    }
    return best
}
