import Cascades
import Foundation

/// Reading a million items x 4 stages x 4 evidence numbers.
enum LogBenchmarks {
    static func run() throws -> [Row] {
        let log = SimulatedLog.make(items: 1_000_000, stages: 4, evidence: 4, context: 3, seed: 6)
        var rows: [Row] = []
        for format in ["jsonl", "csv"] {
            let path = NSTemporaryDirectory() + "/cascade-bench-\(ProcessInfo.processInfo.processIdentifier).\(format)"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try log.write(to: path)
            let bytes = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
            var count = 0
            let seconds = try bestSeconds(runs: 1) { count = try OutcomeLog.read(from: path).count }
            rows.append(
                Row(
                    name: "read \(format): 1,000,000 x 4 stages x 4 evidence numbers", value: seconds, unit: "s",
                    target: 10,
                    note: String(
                        format: "%d items, %.0f MB, %.0f MB/s", count, Double(bytes) / 1e6,
                        Double(bytes) / 1e6 / seconds)))
        }
        return rows
    }
}
