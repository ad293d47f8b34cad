import Foundation
import Inference
import NumericalMethods
import Probability

/// The no-U-turn sampler on two posteriors, beside NumPyro, BlackJAX and nutpie on the same data.
///
/// The figure is the least bulk effective sample size over the coordinates, per second of sampling after the warm-up; the
/// note has the same per second of warm-up and sampling together. Four chains, 1,000 warm-up steps, 4,000 draws.
enum ChainBenchmarks {
    static func run(withPeers: Bool) throws -> [Row] {
        var random = Random(seed: 11)
        let (rows, columns) = (1000, 25)
        var x = Matrix(rows: rows, columns: columns)
        var y = [Double](repeating: 0, count: rows)
        let truth = (0..<columns).map { _ in 0.5 * random.normal() }
        for row in 0..<rows {
            var margin = 0.0
            for column in 0..<columns {
                x[row, column] = column == 0 ? 1 : random.normal()
                margin += truth[column] * x[row, column]
            }
            y[row] = random.uniform() < sigmoid(margin) ? 1 : 0
        }
        let logistic = try LogisticPosterior(features: x, outcomes: y, priorScale: 2.5)
        let schools = EightSchools()
        return try row("NUTS, logistic regression, 1,000 x 25", logistic, "logistic", x, y, withPeers)
            + row(
                "NUTS, eight schools, non-centred", schools, "schools",
                Matrix(rows: 8, columns: 1, storage: EightSchools.estimates), EightSchools.errors, withPeers)
    }

    private static let draws = 4000

    private static func row(
        _ name: String, _ target: some DifferentiableLogDensity, _ model: String, _ x: Matrix, _ y: [Double],
        _ withPeers: Bool
    ) throws -> [Row] {
        // The best of three whole runs, as for the peers: machines are never quite idle.
        var best: (rate: Double, total: Double, evaluations: Double, summary: ChainSummary)?
        let clock = ContinuousClock()
        for seed in 1...3 {
            let sampler = NoUTurnSampler(target: target)
            let start = clock.now
            var warm = try ChainSampler(chains: 4, warmUp: 1000).warmUp(sampler, seed: UInt64(seed))
            let middle = clock.now
            let kept = warm.sample(draws)
            let end = clock.now
            let summary = try ChainSummary(kept)
            guard summary.worstScaleReduction < 1.01 else { continue }
            let rate = summary.leastBulkSampleSize / ((end - middle) / .seconds(1))
            if rate > best?.rate ?? 0 {
                best = (
                    rate, summary.leastBulkSampleSize / ((end - start) / .seconds(1)),
                    Double(kept.evaluations) / Double(4 * draws), summary
                )
            }
        }
        guard let best else {
            return [Row(name: name, value: 0, unit: "ESS/s", target: nil, note: "no run reached an R-hat below 1.01")]
        }
        var note = String(
            format: "with warm-up %.0f/s; R-hat %.4f; %.1f gradients a draw; peak %.0f MB", best.total,
            best.summary.worstScaleReduction,
            best.evaluations, peakMegabytes())
        let peers = withPeers ? ChainPeer.all(model, x, y) : []
        for peer in peers {
            note += String(
                format:
                    "; %@ %.0f/s, with warm-up %.0f/s, R-hat %.4f, means within %.3f deviations of ours, peak %.0f MB",
                peer.name, peer.rate, peer.total, peer.result.worstScale, peer.distance(best.summary),
                peer.result.peakMegabytes)
        }
        let fastest = peers.filter { $0.result.worstScale < 1.01 }.max { $0.rate < $1.rate }
        // Rows hold that less is better: effective draws a second are told as microseconds an effective draw.
        return [
            Row(
                name: name, value: 1e6 / best.rate, unit: "us/ESS", target: fastest.map { 1e6 / $0.rate },
                peer: fastest.map { 1e6 / $0.rate }, peerName: fastest?.name,
                note: String(format: "%.0f ESS/s; ", best.rate) + note)
        ]
    }

    private static func peakMegabytes() -> Double {
        var usage = rusage()
        // 0 is RUSAGE_SELF, whose type differs between systems.
        getrusage(0, &usage)
        return Double(usage.ru_maxrss) / 1024
    }
}

/// Eight schools, non-centred: μ ~ N(0, 5²), τ ~ half-Cauchy(5), η ~ N(0, 1), y ~ N(μ + τ η, σ²); coordinates μ, log τ, η.
struct EightSchools: DifferentiableLogDensity {
    static let estimates: [Double] = [28, 8, -3, 7, -1, 1, 18, 12]
    static let errors: [Double] = [15, 10, 16, 11, 9, 11, 10, 18]

    private let estimates = SIMD8<Double>(28, 8, -3, 7, -1, 1, 18, 12)
    private let inverses = 1 / SIMD8<Double>(15, 10, 16, 11, 9, 11, 10, 18)
    var dimension: Int { 10 }

    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        position.withUnsafeBufferPointer { q in
            gradient.withUnsafeMutableBufferPointer { g in
                let (mu, logTau) = (q[0], q[1])
                let raw = UnsafeRawPointer(q.baseAddress! + 2).loadUnaligned(as: SIMD8<Double>.self)
                let tau = exp(logTau)
                let z = (estimates - mu - tau * raw) * inverses
                let pull = z * inverses
                let ratio = tau * tau / 25
                let rawGradient = tau * pull - raw
                UnsafeMutableRawPointer(g.baseAddress! + 2).storeBytes(of: rawGradient, as: SIMD8<Double>.self)
                g[0] = pull.sum() - mu / 25
                g[1] = tau * (pull * raw).sum() + 1 - 2 * ratio / (1 + ratio)
                return -0.5 * (mu * mu / 25 + (raw * raw + z * z).sum()) + logTau - log1p(ratio)
            }
        }
    }
}

/// A peer's sampler, at the setting of its chains that was fastest here.
struct ChainPeer {
    struct Result: Codable {
        var warmUpSeconds: Double
        var seconds: Double
        var leastSize: Double
        var worstScale: Double
        var peakMegabytes: Double
        var mean: [Double]
    }
    var name: String
    var result: Result
    var rate: Double { result.leastSize / result.seconds }
    var total: Double { result.leastSize / (result.seconds + result.warmUpSeconds) }

    /// The largest distance of its means from ours, in standard deviations of the posterior.
    func distance(_ summary: ChainSummary) -> Double {
        zip(result.mean, summary.parameters).map { abs($0 - $1.mean) / $1.standardDeviation }.max() ?? .nan
    }

    /// All peers that are installed, each at the best of its settings.
    static func all(_ model: String, _ x: Matrix, _ y: [Double]) -> [ChainPeer] {
        let path = NSTemporaryDirectory() + "/cascade-chains-\(ProcessInfo.processInfo.processIdentifier)-\(model).f64"
        let data = (x.storage + y).withUnsafeBytes { Data($0) }
        try? data.write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let settings = [
            ("numpyro", ["vmap", "pmap"]), ("blackjax", ["vmap", "pmap"]), ("nutpie", ["numba"]),
        ]
        return settings.compactMap { name, ways in
            ways.compactMap { way in
                run([name, model, way, path, String(x.rows), String(x.columns)]).map {
                    ChainPeer(name: name, result: $0)
                }
            }.max { $0.rate < $1.rate }
        }
    }

    private static func run(_ arguments: [String]) -> Result? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Benchmarks/.venv/chains/bin/python")
        process.arguments = ["Benchmarks/peers/chains_peer.py"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try? JSONDecoder().decode(Result.self, from: data)
    }
}
