import Foundation
import Inference
import NumericalMethods
import Probability

/// Linear-chain conditional random fields beside CRFsuite, on the same data.
enum RandomFieldBenchmarks {
    static func run(withPeers: Bool) throws -> [Row] {
        let data = try simulated(sequences: 10_000, length: 20, labels: 10, words: 2_480)
        let training = QuasiNewtonTraining(
            penalty: ElasticNet(squares: 1),
            search: LimitedMemoryBFGS(gradientTolerance: 0, valueTolerance: 0, maximumSteps: 50))
        var fit: ChainFit?
        let seconds = try bestSeconds { fit = try training.fit(data) }
        let peer = withPeers ? peer(data) : nil
        let features = fit!.field.features.count
        var note = "\(features) features, \(fit!.passes) passes, loss \(String(format: "%.8g", fit!.loss))"
        if let peer {
            note += String(
                format: "; peer's loss %.8g (ours %+.1e relative), %d features, peak %.0f MB", peer.loss,
                (fit!.loss - peer.loss) / peer.loss, peer.features, peer.peakMegabytes)
        }
        let tagging = try bestSeconds { _ = try fit!.field.tag(data) }
        let likelihood = try ChainFeatures(of: data)
        let setup = try bestSeconds { _ = try ChainLikelihood(data, features: likelihood) }
        return [
            Row(
                name: "linear-chain CRF, 10,000 x 20, 10 tags, 50 L-BFGS steps", value: seconds, unit: "s",
                target: peer?.seconds ?? 1, peer: peer?.seconds, peerName: "CRFsuite", note: note),
            Row(
                name: "linear-chain CRF, tagging 200,000 positions", value: tagging, unit: "s", target: nil,
                peer: peer?.taggingSeconds, peerName: "CRFsuite",
                note: String(format: "set-up of training %.3g s", setup)),
        ]
    }

    private struct Peer: Decodable {
        var seconds: Double
        var taggingSeconds: Double
        var loss: Double
        var features: Int
        var peakMegabytes: Double
    }

    /// Words drawn from a hidden Markov chain; each position sees its word and both neighbours.
    private static func simulated(sequences: Int, length: Int, labels: Int, words: Int) throws -> TaggedSequences {
        var random = Random(seed: 49)
        var data = TaggedSequences()
        let next = (0..<labels).map { _ in (0..<labels).map { _ in exp(1.5 * random.normal()) } }
        let emission = try (0..<labels).map { _ in
            try AliasTable(weights: (0..<words).map { _ in exp(1.2 * random.normal()) })
        }
        let transition = try next.map { try AliasTable(weights: $0) }
        for _ in 0..<sequences {
            var label = random.integer(below: labels)
            var names: [String] = []
            var text: [Int] = []
            for _ in 0..<length {
                names.append("T\(label)")
                text.append(emission[label].sample(using: &random))
                label = transition[label].sample(using: &random)
            }
            try data.append(
                (0..<length).map { t in
                    var item = [TaggedSequences.Attribute("w[0]=\(text[t])")]
                    if t > 0 { item.append(.init("w[-1]=\(text[t - 1])")) }
                    if t + 1 < length { item.append(.init("w[1]=\(text[t + 1])")) }
                    return item
                }, labels: names)
        }
        return data
    }

    /// CRFsuite's figures, or nil when it is not installed.
    private static func peer(_ data: TaggedSequences) -> Peer? {
        let path = NSTemporaryDirectory() + "/cascade-bench-\(ProcessInfo.processInfo.processIdentifier).crf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try? data.crfsuiteText().write(toFile: path, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Benchmarks/.venv/bin/python")
        process.arguments = ["Benchmarks/peers/crf_peer.py", path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try? JSONDecoder().decode(Peer.self, from: text)
    }
}
