import Foundation
import Inference
import NumericalMethods
import Probability

/// Nested expectations and guided diffusions beside NumPy implementations of the same estimators.
enum NestedBenchmarks {
    /// y₀ ~ N(1/2, 1), y_d ~ N(y_{d−1}, 1); links sin(y + inner).
    struct SineWalk: NestedExpectation {
        let depth = 2
        let start = 0.5
        func draw(_ level: Int, after state: Double, using random: inout Random) -> Double { state + random.normal() }
        func link(_ level: Int, _ state: Double, inner: Double) -> Double {
            level == depth ? state : sin(state + inner)
        }
    }

    /// dX = 1.5 sin X dt + 0.7 dW.
    struct SineDrift: Diffusion {
        var dimension: Int { 1 }
        var noiseDimension: Int { 1 }
        var hasConstantDispersion: Bool { true }
        func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
            result[0] = 1.5 * sin(state[0])
        }
        func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
            result[0] = 0.7
        }
    }

    static func run(withPeers: Bool) throws -> [Row] {
        let (nested, guided) = (try nestedRow(), try guidedRow())
        guard withPeers, let peers = try runPeers() else { return [nested, guided] }
        return zip([nested, guided], ["nested", "guided"]).map { row, name in
            var row = row
            if let result = peers[name] {
                row.peer = result[0]
                row.peerName = "NumPy"
                row.target = result[0]
                row.note += String(format: "; NumPy: %.5f ± %.5f, peak %.0f MB", result[1], result[2], result[3])
            }
            return row
        }
    }

    private static func nestedRow() throws -> Row {
        let mean = try CostedMean(RecursiveEstimator(SineWalk()))
        let draws = 400_000
        var sums = DrawSums()
        let seconds = try bestSeconds {
            var random = Random(seed: 1)
            sums = try mean.run(draws: draws, using: &random)
        }
        return Row(
            name: "READ, depth 2, an unbiased estimate", value: seconds / Double(draws) * 1e9, unit: "ns",
            note: String(
                format: "%.2g a second; %.5f ± %.5f, peak %.0f MB", Double(draws) / seconds, sums.estimate.value,
                sums.estimate.standardError, peakMegabytes()))
    }

    private static func guidedRow() throws -> Row {
        let rule = try GuidedDiffusion(
            SineDrift(), auxiliary: .brownian(scale: 0.7), grid: TimeGrid.even(0...1, steps: 200))
        let noise = Matrix(rows: 1, columns: 1, storage: [0.05])
        let back = try rule.pullBack(CanonicalGaussian(observing: [1.5], covariance: noise))
        let count = 20_000
        var cloud: DiffusionCloud?
        let seconds = try bestSeconds {
            var random = Random(seed: 1)
            cloud = try rule.cloud(
                count, from: [0.2], back.message, logValue: back.function.logValue(at: [0.2]), using: &random)
        }
        let weights = try Estimate(meanOf: cloud!.logWeights.map { exp($0) })
        return Row(
            name: "guided diffusion, 200 Euler steps, a path", value: seconds / Double(count) * 1e9, unit: "ns",
            note: String(
                format: "%.2g a second; evidence %.5f ± %.5f, peak %.0f MB", Double(count) / seconds, weights.value,
                weights.standardError, peakMegabytes()))
    }

    /// Nanoseconds, value, standard error and peak megabytes by name; nil where Python is not set up.
    private static func runPeers() throws -> [String: [Double]]? {
        let python = ".venv/bin/python"
        guard FileManager.default.isExecutableFile(atPath: python) else {
            print("no peers: make them with python3 -m venv .venv && .venv/bin/pip install -r peers/requirements.txt")
            return nil
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = ["peers/nested_peer.py"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode([String: [Double]].self, from: data)
    }

    private static func peakMegabytes() -> Double {
        var usage = rusage()
        // RUSAGE_SELF, which is a different type on each system.
        getrusage(0, &usage)
        #if os(Linux)
        return Double(usage.ru_maxrss) / 1024
        #else
        return Double(usage.ru_maxrss) / 1024 / 1024
        #endif
    }
}
