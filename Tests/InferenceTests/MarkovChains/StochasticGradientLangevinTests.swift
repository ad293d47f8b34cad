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

    @Test(arguments: [(0.008, 10), (0.002, 10), (0.002, 100)])
    func `has the variance that its step size and batch make`(
        step: Double, batch: Int
    ) throws {
        let kernel = StochasticGradientLangevin(target: target, batch: batch, schedule: .constant(step))
        let draws = try ChainSampler(warmUp: 500, draws: 40000).run(kernel, seed: 2).draws
        #expect(abs(try zScore(draws.coordinate(0), target.posteriorMean)) < 6)
        let squares = draws.map {
            ($0[$0.startIndex] - target.posteriorMean) * ($0[$0.startIndex] - target.posteriorMean)
        }
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
