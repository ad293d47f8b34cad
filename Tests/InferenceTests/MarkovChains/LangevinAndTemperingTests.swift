import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

/// A normal mean with a normal prior: θ ~ N(0, s²), xᵢ ~ N(θ, 1); the posterior is known.
struct NormalMean: MinibatchLogDensity {
    let data: [Double]
    let priorVariance = 4.0
    var dimension: Int { 1 }
    var itemCount: Int { data.count }
    var posteriorVariance: Double { 1 / (1 / priorVariance + Double(data.count)) }
    var posteriorMean: Double { posteriorVariance * data.reduce(0, +) }

    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        let theta = position[0]
        gradient[0] = -theta / priorVariance
        var value = -0.5 * theta * theta / priorVariance
        for x in data {
            gradient[0] += x - theta
            value -= 0.5 * (x - theta) * (x - theta)
        }
        return value
    }

    func addGradient(
        ofItems items: Span<Int>, itemScale: Double, priorScale: Double, at position: Span<Double>,
        to gradient: inout MutableSpan<Double>
    ) {
        gradient[0] -= priorScale * position[0] / priorVariance
        for place in items.indices { gradient[0] += itemScale * (data[items[place]] - position[0]) }
    }
}

@Suite struct `stochastic gradient Langevin dynamics` {
    private let target: NormalMean

    init() {
        var random = Random(seed: 1)
        target = NormalMean(data: (0..<100).map { _ in 1 + random.normal() })
    }

    /// The stationary variance of θ ← (1 − ½ ε p) θ + ... + √ε ξ: the full gradient's bias and the minibatch's noise.
    private func stationaryVariance(_ step: Double, batch: Int) -> Double {
        let n = Double(target.data.count)
        let precision = 1 / target.posteriorVariance
        let mean = target.data.reduce(0, +) / n
        let spread = target.data.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
        let noise = step + 0.25 * step * step * n * n * spread / Double(batch)
        let keep = 1 - 0.5 * step * precision
        return noise / (1 - keep * keep)
    }

    @Test(arguments: [(0.008, 10), (0.002, 10), (0.002, 100)]) func `has the variance that its step size and batch make`(
        step: Double, batch: Int
    ) throws {
        let kernel = StochasticGradientLangevin(target: target, batch: batch, schedule: .constant(step))
        let draws = try ChainSampler(warmUp: 500, draws: 40000).run(kernel, seed: 2).draws
        #expect(abs(try zScore(draws.coordinate(0), target.posteriorMean)) < 6)
        let squares = draws.map { ($0[$0.startIndex] - target.posteriorMean) * ($0[$0.startIndex] - target.posteriorMean) }
        #expect(abs(try zScore(squares, stationaryVariance(step, batch: batch))) < 6)
        // The posterior's own variance is ruled out: this is the bias.
        if step > 0.004 { #expect(abs(try zScore(squares, target.posteriorVariance)) > 6) }
    }

    @Test func `is less biased the smaller the step`() throws {
        let biases = try [0.012, 0.004, 0.001].map { step in
            let kernel = StochasticGradientLangevin(target: target, batch: 20, schedule: .constant(step))
            let draws = try ChainSampler(warmUp: 1000, draws: 60000).run(kernel, seed: 3).draws
            let squares = draws.values.reduce(0) { $0 + ($1 - target.posteriorMean) * ($1 - target.posteriorMean) }
            return squares / Double(draws.values.count) - target.posteriorVariance
        }
        #expect(biases[0] > biases[1] && biases[1] > biases[2] && biases[2] > 0)
    }

    @Test func `with decreasing steps, averages weighted by the steps come near the posterior's mean`() throws {
        let schedule = StochasticGradientLangevin<NormalMean>.Schedule.decreasing(a: 0.02, b: 10, gamma: 0.6)
        #expect(schedule.size(0) == 0.02 * pow(10, -0.6))
        let kernel = StochasticGradientLangevin(target: target, batch: 10, schedule: schedule)
        // 100 chains of their own seeds, so that the error of their mean is known: 6 standard errors.
        let root = Random(seed: 4)
        let means = try (0..<100).map { run in
            var random = root.split(UInt64(run))
            var state = try kernel.start(at: [target.posteriorMean], using: &random)
            var (sum, weight) = (0.0, 0.0)
            for _ in 0..<3000 {
                _ = kernel.step(&state, using: &random)
                sum += state.stepSize * state.position[0]
                weight += state.stepSize
            }
            return sum / weight
        }
        let found = try Estimate(meanOf: means)
        #expect(abs(found.value - target.posteriorMean) < 6 * found.standardError)
        #expect(found.standardError < 0.02)
    }

    @Test func `reports steps that run away and refuses bad configurations`() throws {
        var random = Random(seed: 5)
        let wild = StochasticGradientLangevin(target: target, batch: 1, schedule: .constant(1e9))
        var state = try wild.start(at: [0], using: &random)
        var diverged = false
        for _ in 0..<200 { diverged = wild.step(&state, using: &random).isDivergent || diverged }
        #expect(diverged && state.position[0].isFinite)
        for (batch, schedule) in [
            (0, StochasticGradientLangevin<NormalMean>.Schedule.constant(0.1)), (1, .constant(0)),
            (1, .decreasing(a: 1, b: 1, gamma: 0.5)), (1, .decreasing(a: 1, b: -1, gamma: 0.6)),
        ] {
            #expect(throws: InferenceError.self) {
                try StochasticGradientLangevin(target: target, batch: batch, schedule: schedule).start(
                    at: [0], using: &random)
            }
        }
    }
}

@Suite struct `parallel tempering` {
    @Test func `finds both modes in their proportions, where a single chain finds one`() throws {
        let modes = TwoModes(distance: 10)
        let path = try TemperedDensity(target: modes, referenceMeans: [0], referenceScales: [10])
        let kernel = try ParallelTempering(SliceSampler(target: path), rungs: 6, stepsPerRound: 1)
        let result = try ChainSampler(chains: 4, warmUp: 400, draws: 8000).run(kernel, seed: 1)
        let right = result.draws.map { $0[$0.startIndex] > 0 ? 1 : 0 }
        #expect(try PotentialScaleReduction(result.draws.coordinate(0)).value < 1.02)
        #expect(abs(try zScore(right, 0.3)) < 6)
        #expect(abs(try zScore(result.draws.coordinate(0), -4)) < 6)
        #expect(result.chains.chains.allSatisfy { $0.state.arrivals > 50 })
        let alone = try ChainSampler(chains: 1, warmUp: 400, draws: 2000).run(
            RandomWalkMetropolis(target: modes, scale: 1, learnsCovariance: false), from: [[10]], seed: 1)
        #expect(alone.draws.values.allSatisfy { $0 > 0 })
    }

    @Test func `works with gradients, and with powers in place of a reference`() throws {
        let path = try TemperedDensity(target: TwoModes(distance: 4))
        let kernel = try ParallelTempering(
            NoUTurnSampler(target: path), inverseTemperatures: [0.05, 0.3, 1], stepsPerRound: 1)
        let draws = try ChainSampler(chains: 4, warmUp: 500, draws: 8000).run(kernel, seed: 2).draws
        #expect(abs(try zScore(draws.map { $0[$0.startIndex] > 0 ? 1 : 0 }, 0.3)) < 6)
    }

    @Test func `moves temperatures to where rejections are equal`() {
        typealias Kernel = ParallelTempering<SliceSampler<TemperedDensity<TwoModes>>, TwoModes>
        let ladder = Kernel.equalised([0, 0.5, 0.75, 1], rejections: [0.6, 0.2, 0.1])
        // A third of 0.9 lies halfway through the first gap, two thirds at its end.
        #expect(ladder[0] == 0 && ladder[3] == 1)
        #expect(abs(ladder[1] - 0.25) < 1e-12 && abs(ladder[2] - 0.5) < 1e-12)
    }

    @Test func `gives the same draws on any number of threads`() throws {
        let path = try TemperedDensity(target: SkewedTarget(), referenceMeans: [0, 0], referenceScales: [3, 3])
        let kernel = try ParallelTempering(RandomWalkMetropolis(target: path), rungs: 4)
        let plan = ChainSampler(chains: 2, warmUp: 60, draws: 40)
        let draws = try plan.run(kernel, seed: 3).draws
        let threads = Parallel.threads
        Parallel.threads = 1
        defer { Parallel.threads = threads }
        #expect(try plan.run(kernel, seed: 3).draws == draws)
    }

    @Test func `refuses ladders that don't ascend to 1 and references of the wrong shape`() throws {
        let path = try TemperedDensity(target: TwoModes(distance: 1))
        for ladder in [[1], [0.5, 0.4, 1], [0.5, 0.9], [0, 1], [.nan, 1]] {
            #expect(throws: InferenceError.self) {
                try ParallelTempering(SliceSampler(target: path), inverseTemperatures: ladder)
            }
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), referenceMeans: [0], referenceScales: nil)
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), referenceMeans: [0, 1], referenceScales: [1, 1])
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), referenceMeans: [0], referenceScales: [0])
        }
        #expect(throws: InferenceError.self) {
            try TemperedDensity(target: TwoModes(distance: 1), inverseTemperature: 1.5)
        }
    }
}

@Suite struct `the logistic posterior` {
    private func posterior(rows: Int) throws -> (LogisticPosterior, Matrix, [Double]) {
        var random = Random(seed: 9)
        let x = Matrix(rows: rows, columns: 5, storage: (0..<rows * 5).map { _ in random.normal() })
        let y = (0..<rows).map { _ in random.uniform() < 0.4 ? 1.0 : 0 }
        return (try LogisticPosterior(features: x, outcomes: y, priorScale: 2), x, y)
    }

    @Test(arguments: [1, 127, 128, 300]) func `equals the plain sum, whatever the block`(rows: Int) throws {
        let (posterior, x, y) = try posterior(rows: rows)
        let b = [0.3, -1, 2, 0.1, -0.4]
        let (value, gradient) = try posterior.valueAndGradient(at: b)
        var expected = -0.5 * b.reduce(0) { $0 + $1 * $1 } / 4
        var slope = b.map { -$0 / 4 }
        for row in 0..<rows {
            let margin = zip(x.row(row), b).reduce(0) { $0 + $1.0 * $1.1 }
            expected += y[row] * margin - softplus(margin)
            for i in 0..<5 { slope[i] += (y[row] - sigmoid(margin)) * x[row, i] }
        }
        #expect(abs(value - expected) < 1e-10 * abs(expected))
        for i in 0..<5 { #expect(abs(gradient[i] - slope[i]) < 1e-10 * Double(rows)) }
        // All items once make the whole gradient.
        var sum = [Double](repeating: 0, count: 5)
        var span = sum.mutableSpan
        let items = Array(0..<rows)
        posterior.addGradient(ofItems: items.span, itemScale: 1, priorScale: 1, at: b.span, to: &span)
        for i in 0..<5 { #expect(abs(sum[i] - slope[i]) < 1e-10 * Double(rows)) }
    }

    @Test func `stays finite far out`() throws {
        let (posterior, _, _) = try posterior(rows: 50)
        let (value, gradient) = try posterior.valueAndGradient(at: [1000, -1000, 1000, 0, 0])
        #expect(value.isFinite && value < -1000 && gradient.allSatisfy(\.isFinite))
    }

    @Test func `refuses data that don't fit, naming the place`() {
        #expect(throws: InferenceError.empty(what: "the features")) {
            try LogisticPosterior(features: Matrix(rows: 0, columns: 2), outcomes: [], priorScale: 1)
        }
        #expect(throws: InferenceError.wrongShape(what: "the outcomes", found: "[1]", expected: "[2], one a row")) {
            try LogisticPosterior(features: Matrix(rows: 2, columns: 2), outcomes: [1], priorScale: 1)
        }
        #expect(throws: InferenceError.improperParameter(name: "the outcome of row 1", value: "0.5", expected: "0 or 1")) {
            try LogisticPosterior(features: Matrix(rows: 2, columns: 1), outcomes: [1, 0.5], priorScale: 1)
        }
        #expect(
            throws: InferenceError.nonFinite(what: "a feature", place: "row 1, column 0", value: .infinity)
        ) { try LogisticPosterior(features: Matrix(rows: [[1], [.infinity]]), outcomes: [1, 0], priorScale: 1) }
        #expect(throws: InferenceError.self) {
            try LogisticPosterior(features: Matrix(rows: 1, columns: 1), outcomes: [1], priorScale: 0)
        }
    }
}

@Suite struct `simulation-based calibration` {
    @Test func `ranks of the truth among posterior draws are uniform`() throws {
        // 640 problems: θ from the prior, 5 observations, 63 thinned draws; ranks in 8 bins. χ² on 7 degrees of freedom
        // exceeds 52 with probability 6e-9. Thinning makes the draws near independent, as uniform ranks need.
        let root = Random(seed: 12)
        let ranks = try Parallel.map(count: 640) { problem in
            var random = root.split(UInt64(problem))
            let theta = 2 * random.normal()
            let target = NormalMean(data: (0..<5).map { _ in theta + random.normal() })
            let draws = try ChainSampler(chains: 1, warmUp: 150, draws: 63, thinning: 5).run(
                NoUTurnSampler(target: target), seed: UInt64(problem)
            ).draws
            return draws.values.count { $0 < theta }
        }
        var counts = [Double](repeating: 0, count: 8)
        for rank in ranks { counts[rank / 8] += 1 }
        let statistic = counts.reduce(0) { $0 + ($1 - 80) * ($1 - 80) / 80 }
        #expect(statistic < 52)
        // The same comparison sees a posterior that is off: ranks of the truth plus half a deviation.
        #expect(ranks.reduce(0, +) > 640 * 20 && ranks.reduce(0, +) < 640 * 43)
    }
}
