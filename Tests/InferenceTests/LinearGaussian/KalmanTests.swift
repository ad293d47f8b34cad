import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("linear Gaussian chains against the dense joint law") struct KalmanTests {
    @Test(
        "filter and smoother give the exact moments, with gaps, changing matrices and singular noise", arguments: 0..<24
    )
    func moments(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let length = 2 + seed % 5
        let dimension = 1 + seed % 3
        let model = try RandomChains.model(
            dimension: dimension, outputs: 1 + seed % 2, length: seed % 2 == 0 ? length : nil,
            rank: seed % 3 == 2 ? 1 : nil, using: &random)
        let full = try model.simulate(length: length, using: &random).observations
        let series = RandomChains.gaps(full, share: seed % 4 == 0 ? 0.4 : 0, using: &random)
        let truth = try JointGaussian(model, series)
        let smoothed = try model.smooth(series)
        #expect(abs(smoothed.logLikelihood - truth.logLikelihood) < 1e-9 * max(1, abs(truth.logLikelihood)))
        #expect(distance(smoothed.means, truth.means) < 1e-8)
        for time in 0..<length {
            #expect(distance(smoothed.covariances[time], truth.block(time, time)) < 1e-8)
            if time + 1 < length {
                #expect(distance(smoothed.lagCovariances[time], truth.block(time, time + 1)) < 1e-8)
            }
        }
        // The filter's last state has seen everything.
        let filtered = try model.filter(series)
        for i in 0..<dimension { #expect(abs(filtered.means[length - 1, i] - truth.means[length - 1, i]) < 1e-8) }
        #expect(distance(filtered.covariances[length - 1], truth.block(length - 1, length - 1)) < 1e-8)
        if length > 2, model.length == nil {
            let early = try JointGaussian(model, series.rows(Array(0..<2)))
            for i in 0..<dimension { #expect(abs(filtered.means[1, i] - early.means[1, i]) < 1e-8) }
        }
    }

    @Test("information filter and two-filter smoother agree with covariances", arguments: 0..<16)
    func information(seed: Int) throws {
        var random = Random(seed: UInt64(50 + seed))
        let length = 1 + seed % 6
        let dimension = 1 + seed % 3
        let model = try RandomChains.model(
            dimension: dimension, outputs: 1 + seed % 2, length: seed % 2 == 0 ? max(2, length) : nil, using: &random)
        let times = model.length ?? length
        let series = RandomChains.gaps(
            try model.simulate(length: times, using: &random).observations, share: seed % 3 == 0 ? 0.3 : 0,
            using: &random)
        let smoothed = try model.smooth(series)
        let smoother = try TwoFilterSmoother(model)
        let result = try smoother.smooth(series)
        #expect(abs(result.logLikelihood! - smoothed.logLikelihood) < 1e-8 * max(1, abs(smoothed.logLikelihood)))
        #expect(abs(try smoother.backwardLogLikelihood(series) - smoothed.logLikelihood) < 1e-8)
        #expect(distance(result.means, smoothed.means) < 1e-7)
        for (a, b) in zip(result.covariances, smoothed.covariances) { #expect(distance(a, b) < 1e-7) }
        let filtered = try model.filter(series)
        let filter = try InformationFilter(model)
        var state = try filter.start()
        for time in 0..<times {
            let info = try filter.step(&state, time: time, observation: Array(series.row(time)))
            let moments = info.filtered.moments!
            for i in 0..<dimension { #expect(abs(moments.mean[i] - filtered.means[time, i]) < 1e-8) }
            #expect(distance(moments.covariance, filtered.covariances[time]) < 1e-8)
        }
    }

    @Test("a start without knowledge is the limit of ever vaguer ones")
    func diffuse() throws {
        var random = Random(seed: 7)
        let base = try RandomChains.model(dimension: 2, outputs: 1, length: nil, using: &random)
        let series = try base.simulate(length: 8, using: &random).observations
        let vague = try LinearGaussianModel(
            initialMean: [0, 0], initialCovariance: .identity(2) * 1e7, transition: base.transitions[0],
            observation: base.observations[0])
        let result = try TwoFilterSmoother(base).smooth(series, from: .diffuse(2))
        #expect(result.logLikelihood == nil)
        #expect(distance(result.means, try vague.smooth(series).means) < 1e-4)
    }

    @Test("sampled paths have the smoothed means, covariances and lag covariances")
    func sampling() throws {
        var random = Random(seed: 17)
        let model = try RandomChains.model(dimension: 2, outputs: 1, length: nil, rank: 1, using: &random)
        let series = try model.simulate(length: 4, using: &random).observations
        let truth = try JointGaussian(model, series)
        let count = 40_000
        let paths = try model.samplePaths(series, count: count, using: &random)
        // 8 means and 64 products; 6.5 standard errors make a false alarm less likely than 6e-9.
        for a in 0..<8 {
            let variance = truth.covariance[a, a]
            let mean = paths.reduce(0) { $0 + $1.storage[a] } / Double(count)
            #expect(abs(mean - truth.means.storage[a]) < 6.5 * (max(0, variance) / Double(count)).squareRoot() + 1e-6)
            for b in 0..<8 {
                let product = paths.reduce(0) {
                    $0 + ($1.storage[a] - truth.means.storage[a]) * ($1.storage[b] - truth.means.storage[b])
                }
                let c = truth.covariance
                let error = (max(0, c[a, a] * c[b, b] + c[a, b] * c[a, b]) / Double(count)).squareRoot()
                #expect(abs(product / Double(count) - c[a, b]) < 6.5 * error + 1e-6)
            }
        }
        let before = Parallel.threads
        Parallel.threads = 1
        var (one, two) = (Random(seed: 3), Random(seed: 3))
        let single = try model.samplePaths(series, count: 300, using: &one)
        Parallel.threads = before
        #expect(try model.samplePaths(series, count: 300, using: &two) == single)
    }

    @Test("covariances stay positive where the naive update loses them")
    func stability() throws {
        // A nearly certain sensor on a nearly unknown state: P − K S Kᵀ would cancel to nothing.
        let model = try LinearGaussianModel(
            initialMean: [0, 0], initialCovariance: .identity(2) * 1e10,
            transition: .init(matrix: Matrix(rows: [[1, 1], [0, 1]]), noise: .identity(2) * 1e-12),
            observation: .init(matrix: Matrix(rows: [[1, 0]]), noise: .identity(1) * 1e-8))
        let filtered = try model.filter(Matrix(rows: 200, columns: 1, storage: (0..<200).map { Double($0) }))
        for covariance in filtered.covariances {
            let values = try SymmetricEigen(covariance).values
            #expect(values[0] >= 0)
        }
        #expect(abs(filtered.means[199, 1] - 1) < 1e-6)
    }

    @Test("a step with every output missing is a prediction")
    func missing() throws {
        var random = Random(seed: 2)
        let model = try RandomChains.model(dimension: 2, outputs: 2, length: nil, using: &random)
        let filtered = try model.filter(Matrix(rows: 3, columns: 2, repeating: .nan))
        #expect(filtered.logLikelihood == 0)
        #expect(filtered.means == filtered.predictedMeans)
        #expect(filtered.covariances == filtered.predictedCovariances)
    }

    @Test("bad input is named")
    func badInput() throws {
        func message(_ body: () throws -> some Any) -> String {
            do {
                _ = try body()
                return "none"
            } catch { return "\(error)" }
        }
        let unit = Matrix.identity(1)
        let model = try LinearGaussianModel(
            initialMean: [0], initialCovariance: unit, transition: .init(matrix: unit, noise: unit),
            observation: .init(matrix: unit, noise: unit * 0))
        #expect(message { try model.filter(Matrix(rows: 0, columns: 1)) }.contains("empty"))
        #expect(message { try model.filter(Matrix(rows: 1, columns: 2)) }.contains("1 x 2"))
        #expect(message { try model.filter(Matrix(rows: [[0], [.infinity]])) }.contains("time 1, output 0"))
        // A state known exactly, seen without noise: no density.
        let certain = try LinearGaussianModel(
            initialMean: [0], initialCovariance: unit * 0, transition: .init(matrix: unit, noise: unit),
            observation: .init(matrix: unit, noise: unit * 0))
        #expect(message { try certain.filter(Matrix(rows: [[1]])) }.contains("innovation at time 0"))
        #expect(message { try InformationFilter(certain).start() }.contains("initial covariance"))
        #expect(
            message {
                try LinearGaussianModel(
                    initialMean: [0], initialCovariance: unit * -1, transition: model.transitions[0],
                    observation: model.observations[0])
            }.contains("initial covariance"))
        #expect(
            message {
                try LinearGaussianModel(
                    initialMean: [0], initialCovariance: unit,
                    transitions: [model.transitions[0], .init(matrix: unit * .nan, noise: unit)],
                    observations: [model.observations[0]])
            }.contains("step 1"))
        #expect(
            message {
                try InformationFilter(
                    LinearGaussianModel(
                        initialMean: [0], initialCovariance: unit, transition: .init(matrix: unit, noise: unit * 0),
                        observation: .init(matrix: unit, noise: unit)))
            }.contains("singular transition noise"))
        let varying = try LinearGaussianModel(
            initialMean: [0], initialCovariance: unit, transitions: [model.transitions[0]],
            observations: [model.observations[0], model.observations[0]])
        #expect(message { try varying.filter(Matrix(rows: [[0], [0], [0]])) }.contains("3 times"))
        #expect(
            message { try LinearGaussianLearner().fit(from: varying, to: [Matrix(rows: [[0], [0]])]) }
                .contains("change with time"))
        #expect(message { try LinearGaussianLearner().fit(from: model, to: []) }.contains("empty"))
    }
}
