import Foundation
import Inference
import NumericalMethods
import Probability

/// The bootstrap filter on stochastic volatility, beside the package `particles` and NumPy, judged by an exact grid filter.
enum ParticleFilterBenchmarks {
    static let steps = 1000
    static let particles = 100_000

    static func run(withPeers: Bool) throws -> [Row] {
        let observations = simulate(steps: steps, seed: 1)
        let model = try StochasticVolatilityModel(
            mean: -1, persistence: 0.95, volatility: 0.3, observations: observations)
        let exact = try GridFilter(model, range: -9...7, count: 1600).run().logEvidence
        let filter = try ParticleFilter(BootstrapFilter(model), particleCount: particles)
        var seconds = Double.infinity
        var estimates: [Double] = []
        var resamplings = 0
        for seed in 0..<8 {
            var random = Random(seed: UInt64(seed))
            var evidence = 0.0
            resamplings = 0
            seconds = min(
                seconds,
                try bestSeconds(runs: 1) {
                    var cloud = try filter.start(using: &random)
                    for _ in 1..<steps {
                        if try filter.step(&cloud, using: &random).wasResampled { resamplings += 1 }
                    }
                    evidence = cloud.logEvidence
                })
            estimates.append(evidence)
        }
        let mean = estimates.reduce(0, +) / Double(estimates.count)
        let spread = (estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(estimates.count - 1)).squareRoot()
        var random = Random(seed: 0)
        let watched = try ParticleFilter(
            BootstrapFilter(model), particleCount: particles, resampling: .multinomial, genealogyLag: 10)
        let error = max(0, try watched.run(using: &random).logEvidenceVariance ?? 0).squareRoot()
        let note = String(
            format: "lnZ %.4f, exact %.4f; 8 runs %.4f ± %.4f, one run's own error (multinomial) %.4f; %d resamplings",
            estimates[0], exact, mean, spread, error, resamplings)
        var rows: [Row] = []
        let name = "bootstrap filter, stochastic volatility, 1000 x 100,000"
        for peer in ["particles", "numpy"] {
            let answer = withPeers ? try peerAnswer(peer, observations) : nil
            var row = Row(name: name, value: seconds, unit: "s", target: 0.5)
            row.peer = answer?.seconds
            row.peerName = peer
            row.note = peer == "particles" ? note : ""
            if let answer {
                row.target = answer.seconds / 3
                row.note += String(
                    format: "; its lnZ %.4f, %.0f MB, ours %.0f MB", answer.logEvidence, answer.peakMegabytes,
                    peakMegabytes())
            }
            rows.append(row)
        }
        return rows
    }

    private struct Answer: Decodable {
        var seconds: Double
        var logEvidence: Double
        var peakMegabytes: Double
    }

    private static func simulate(steps: Int, seed: UInt64) -> [Double] {
        var random = Random(seed: seed)
        var x = -1 + 0.3 / (1 - 0.95 * 0.95).squareRoot() * random.normal()
        return (0..<steps).map { step in
            if step > 0 { x = -1 + 0.95 * (x + 1) + 0.3 * random.normal() }
            return exp(x / 2) * random.normal()
        }
    }

    /// The most memory that this process has held, as Linux tells it; 0 elsewhere.
    private static func peakMegabytes() -> Double {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
        else { return 0 }
        return (Double(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) ?? 0) / 1024
    }

    /// What the peer needed on the same data; nil where it can't be run.
    private static func peerAnswer(_ peer: String, _ observations: [Double]) throws -> Answer? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("cascade-volatility.bin")
        try observations.withUnsafeBytes { Data($0) }.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Benchmarks/.venv/bin/python")
        process.arguments = ["Benchmarks/peers/filter_peer.py", peer, file.path, "\(particles)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return try JSONDecoder().decode(Answer.self, from: data)
    }
}
