import Foundation
import Inference
import NumericalMethods
import Probability

/// Baum-Welch for a Gaussian hidden Markov model beside hmmlearn's, from the same parameters on the same points.
enum HiddenMarkovBenchmarks {
    static func run(withPeers: Bool) throws -> [Row] {
        let (points, states, steps) = (100_000, 8, 20)
        let (series, start) = try problem(points: points, states: states)
        // A tolerance that no step meets: both sides take all steps.
        let method = BaumWelch<GaussianEmissions>(emissionPrior: .none, tolerance: -.infinity, steps: steps)
        var fit: BaumWelch<GaussianEmissions>.Fit?
        let seconds = try bestSeconds(runs: 5) { fit = try method.fit(from: start, to: [series]) }
        let logLikelihood = fit!.history.last!.logLikelihood
        let peak = peakMegabytes()
        let peer = withPeers ? peer(series, start, steps: steps) : nil
        var note = String(format: "log-likelihood %.10g; peak %.0f MB", logLikelihood, peak)
        if let peer {
            note += String(
                format: "; peer's %.10g (relative difference %.1e), peak %.0f MB", peer.logLikelihood,
                abs(peer.logLikelihood / logLikelihood - 1), peer.peakMegabytes)
        }
        var rows = [
            Row(
                name: "Gaussian HMM, 8 states, 2-D, 100,000 points, 20 EM steps", value: seconds, unit: "s",
                target: peer?.seconds, peer: peer?.seconds, peerName: "hmmlearn", note: note)
        ]
        let path = try bestSeconds { _ = try start.mostProbablePath(of: series) }
        rows.append(
            Row(name: "the same, most probable path", value: path * 1e9 / Double(points), unit: "ns a point"))
        return rows
    }

    /// Points of a random model, and parameters some way from it.
    private static func problem(
        points: Int, states: Int
    ) throws -> (series: Matrix, start: HiddenMarkovModel<GaussianEmissions>) {
        var random = Random(seed: 11)
        var transition = Matrix(rows: states, columns: states, repeating: 0.1 / Double(states - 1))
        var means = Matrix(rows: states, columns: 2)
        var covariances: [Matrix] = []
        for state in 0..<states {
            transition[state, state] = 0.9
            let angle = 2 * Double.pi * Double(state) / Double(states)
            means[state, 0] = 4 * cos(angle)
            means[state, 1] = 4 * sin(angle)
            let (a, b, c) = (0.6 + random.uniform(), random.normal() * 0.4, 0.6 + random.uniform())
            covariances.append(Matrix(rows: [[a * a, a * b], [a * b, b * b + c * c]]))
        }
        let initial = [Double](repeating: 1 / Double(states), count: states)
        let truth = try HiddenMarkovModel(
            initial: initial, transition: transition,
            emissions: GaussianEmissions(means: means, covariances: .full(covariances)))
        let series = truth.simulate(length: points, using: &random).observations
        for index in means.storage.indices { means.storage[index] += random.normal() }
        let unit = [Matrix](repeating: Matrix.identity(2) * 2, count: states)
        let start = try HiddenMarkovModel(
            initial: initial,
            transition: Matrix(rows: states, columns: states, repeating: 1 / Double(states)),
            emissions: GaussianEmissions(means: means, covariances: .full(unit)))
        return (series, start)
    }

    private struct PeerResult: Codable {
        var seconds: Double
        var logLikelihood: Double
        var steps: Int
        var peakMegabytes: Double
    }

    private static func peer(
        _ series: Matrix, _ start: HiddenMarkovModel<GaussianEmissions>, steps: Int
    ) -> PeerResult? {
        let path = NSTemporaryDirectory() + "/cascade-hmm-\(ProcessInfo.processInfo.processIdentifier).f64"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var numbers = series.storage + start.initial + start.transition.storage + start.emissions.means.storage
        for state in 0..<start.states { numbers += start.emissions.covariance(of: state).storage }
        try? numbers.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "Benchmarks/.venv/bin/python")
        process.arguments =
            ["Benchmarks/peers/hmm_peer.py", path]
            + [series.rows, series.columns, start.states, steps].map(String.init)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try? JSONDecoder().decode(PeerResult.self, from: data)
    }

    /// The most memory that this process has held, of what Linux says; 0 elsewhere.
    private static func peakMegabytes() -> Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (kilobytes ?? 0) / 1024
    }
}
