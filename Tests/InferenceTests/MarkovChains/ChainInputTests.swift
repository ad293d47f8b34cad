import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `chains given bad input` {
    private let target = SkewedTarget()

    private func error(_ body: () throws -> Void) -> InferenceError? {
        do {
            try body()
            return nil
        } catch {
            return error as? InferenceError
        }
    }

    @Test func `name the chain whose start has no finite density`() throws {
        let half = ClosureLogDensity(dimension: 1) { x, gradient in
            gradient[0] = -1
            return x[0] > 0 ? -x[0] : -.infinity
        }
        let plan = ChainSampler(chains: 2, warmUp: 0, draws: 5)
        let found = error { _ = try plan.run(NoUTurnSampler(target: half), from: [[1], [-1]], seed: 1) }
        #expect(found == .nonFinite(what: "the log-density", place: "the start of chain 1", value: -.infinity))
        // A start of its own choice lies where the density is.
        #expect(try plan.run(NoUTurnSampler(target: half), seed: 1).draws.values.allSatisfy { $0 > 0 })
        let nowhere = ClosureLogDensity(dimension: 1) { _, gradient in
            gradient[0] = 0
            return .nan
        }
        let lost = error { _ = try plan.run(RandomWalkMetropolis(target: nowhere), seed: 1) }
        guard case .nonFinite(_, let place, let value) = lost else {
            Issue.record("no error for a density that is NaN everywhere")
            return
        }
        #expect(place.contains("chain 0") && value.isNaN)
    }

    @Test func `refuse a gradient or a position that is not finite`() {
        let flat = ClosureLogDensity(dimension: 2) { _, gradient in
            gradient[0] = 0
            gradient[1] = .infinity
            return 0
        }
        var random = Random(seed: 1)
        #expect(
            error { _ = try LangevinMonteCarlo(target: flat).start(at: [0, 0], using: &random) }
                == .nonFinite(what: "the gradient", place: "the start, coordinate 1", value: .infinity))
        #expect(
            error { _ = try SliceSampler(target: target).start(at: [0, .infinity], using: &random) }
                == .nonFinite(what: "the position", place: "the start, coordinate 1", value: .infinity))
    }

    @Test func `refuse shapes that don't fit`() {
        var random = Random(seed: 1)
        #expect(
            error { _ = try NoUTurnSampler(target: target).start(at: [0], using: &random) }
                == .wrongShape(what: "a position", found: "[1]", expected: "[2], as the density's"))
        for metric in [EuclideanMetric.diagonal([1]), .dense(.identity(3)), .dense(Matrix(rows: 2, columns: 3))] {
            guard
                case .wrongShape = error({
                    _ = try NoUTurnSampler(target: target, metric: metric).start(at: [0, 0], using: &random)
                })
            else {
                Issue.record("a metric of the wrong shape passed")
                return
            }
        }
        #expect(
            error { _ = try ChainSampler(chains: 3).run(NoUTurnSampler(target: target), from: [[0, 0]], seed: 1) }
                == .wrongShape(what: "the starts", found: "[1]", expected: "[3], one a chain"))
    }

    @Test(arguments: [0, -1, .nan, .infinity]) func `refuse a step size out of range`(step: Double) {
        var random = Random(seed: 1)
        for found in [
            error { _ = try NoUTurnSampler(target: target, stepSize: step).start(at: [0, 0], using: &random) },
            error { _ = try HamiltonianMonteCarlo(target: target, stepSize: step).start(at: [0, 0], using: &random) },
            error { _ = try LangevinMonteCarlo(target: target, stepSize: step).start(at: [0, 0], using: &random) },
        ] {
            guard case .improperParameter("stepSize", _, _) = found else {
                Issue.record("a step size of \(step) gave \(String(describing: found))")
                continue
            }
        }
        guard
            case .improperParameter("scale", _, _) = error({
                _ = try RandomWalkMetropolis(target: target, scale: step).start(at: [0, 0], using: &random)
            })
        else {
            Issue.record("a scale of \(step) passed")
            return
        }
    }

    @Test func `refuse plans without chains or draws and depths out of range`() {
        let sampler = NoUTurnSampler(target: target)
        for (plan, name) in [
            (ChainSampler(chains: 0), "chains"), (ChainSampler(draws: 0), "draws"),
            (ChainSampler(warmUp: -1), "warmUp"),
            (ChainSampler(thinning: 0), "thinning"),
        ] {
            guard case .improperParameter(name, _, _) = error({ _ = try plan.run(sampler, seed: 1) }) else {
                Issue.record("a plan with a bad \(name) passed")
                continue
            }
        }
        var random = Random(seed: 1)
        for depth in [0, 21] {
            #expect(
                error {
                    _ = try NoUTurnSampler(target: target, maximumDepth: depth).start(at: [0, 0], using: &random)
                } == .improperParameter(name: "maximumDepth", value: "\(depth)", expected: "from 1 to 20"))
        }
    }

    @Test func `survive a density that is NaN in places`() throws {
        let hole = ClosureLogDensity(dimension: 1) { x, gradient in
            gradient[0] = -x[0]
            return x[0] > 1.5 ? .nan : -0.5 * x[0] * x[0]
        }
        let plan = ChainSampler(chains: 2, warmUp: 200, draws: 2000)
        let runs = [
            try plan.run(NoUTurnSampler(target: hole), seed: 1).draws,
            try plan.run(SliceSampler(target: hole), seed: 1).draws,
            try plan.run(RandomWalkMetropolis(target: hole), seed: 1).draws,
            try plan.run(LangevinMonteCarlo(target: hole), seed: 1).draws,
        ]
        for draws in runs { #expect(draws.values.allSatisfy { $0 <= 1.5 }) }
        #expect(!runs[0].divergences.isEmpty && runs[0].divergences[0].description.contains("diverged"))
    }

    @Test func `report the divergences of a funnel, with their places`() throws {
        let result = try ChainSampler(chains: 4, warmUp: 500, draws: 1000).run(
            NoUTurnSampler(target: Funnel()), seed: 4)
        let divergences = result.draws.divergences
        #expect(!divergences.isEmpty)
        #expect(divergences.allSatisfy { $0.position == Array(result.draws[$0.chain, $0.draw]) })
        let summary = try ChainSummary(result.draws)
        #expect(summary.divergences == divergences.count && !summary.warnings.isEmpty)
    }
}
