import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `Ito chains` {
    let sum: LeastSquaresSum

    init() throws { sum = try LeastSquaresSum(design: [1, 0.5, -0.3, 1.2, 0.8, -1], targets: [1, 0.2, -0.5]) }

    /// Mean and covariance of one step's increment from `state`, with standard errors of the mean.
    func increments<Chain: ItoChain>(_ chain: Chain, _ state: [Double], stepSize: Double, count: Int) throws -> (
        mean: [Double], covariance: Matrix
    ) {
        var random = Random(seed: 51)
        let d = state.count
        var rows = Matrix(rows: count, columns: d)
        var work = [Double](repeating: 0, count: chain.workspaceCount + 1)
        for row in 0..<count {
            var next = state
            next.withUnsafeMutableBufferPointer { next in
                work.withUnsafeMutableBufferPointer {
                    chain.step(next.baseAddress!, stepSize: stepSize, work: $0.baseAddress!, using: &random)
                }
            }
            for i in 0..<d { rows[row, i] = next[i] - state[i] }
        }
        let moments = try Covariance(of: rows)
        return (moments.mean, moments.matrix)
    }

    func limitFields<Field: Diffusion>(_ limit: Field, _ state: [Double]) -> (drift: [Double], covariance: Matrix) {
        let (d, m) = (limit.dimension, limit.noiseDimension)
        var drift = [Double](repeating: 0, count: d)
        var sigma = [Double](repeating: 0, count: d * m)
        limit.drift(0, state, &drift)
        limit.dispersion(0, state, &sigma)
        let matrix = Matrix(rows: d, columns: m, storage: sigma)
        return (drift, matrix * matrix.transposed)
    }

    // Each chain: means and covariances at 6 standard errors, the latter with room for kurtosis.
    private func expectFrame<Chain: ItoChain>(_ chain: Chain, _ state: [Double], slack: Double) throws {
        let (stepSize, count) = (0.01, 200_000)
        let (mean, covariance) = try increments(chain, state, stepSize: stepSize, count: count)
        let (drift, limit) = limitFields(chain.limit, state)
        let scale = pow(stepSize, 1 + chain.orders.noise)
        for i in state.indices {
            let error = (covariance[i, i] / Double(count)).squareRoot()
            #expect(abs(mean[i] - stepSize * drift[i]) < 6 * error + 1e-15)
            for j in state.indices {
                let size = scale * (limit[i, i] * limit[j, j]).squareRoot()
                #expect(
                    abs(covariance[i, j] - scale * limit[i, j]) < (6 * 3 / Double(count).squareRoot() + slack) * size)
            }
        }
    }

    @Test func `move by the drift and the covariance of their limits`() throws {
        try expectFrame(StochasticDescentChain(sum), [0.4, -0.2], slack: 0)
        try expectFrame(StochasticDescentChain(sum, batch: 3), [0.4, -0.2], slack: 0)
        // The gradient's own noise is of the order of the step.
        try expectFrame(LangevinChain(sum, batch: nil, temperature: 0.5), [0.4, -0.2], slack: 0)
        try expectFrame(LangevinChain(sum, batch: 1, temperature: 0.5), [0.4, -0.2], slack: 0.02)
        let boosting = try BoostingChain(
            stumpsOn: [0.1, 0.9, 0.4, 0.2, 0.7, 0.5], targets: [1, -1, 0.5], temperature: 0.3)
        try expectFrame(boosting, [0.2, 0, 0.4], slack: 0.02)
        for noise in EulerChain<SineDrift>.Noise.allCases {
            try expectFrame(EulerChain(SineDrift(rate: 1, scale: 0.7), noise: noise), [0.3], slack: 0)
        }
    }

    @Test func `have the gradient noise that enumeration gives`() throws {
        let state = [0.4, -0.2]
        let rows = (0..<3).map { term in
            var gradient = [0.0, 0]
            sum.addGradient(term, state, scale: 1, &gradient)
            return gradient
        }
        let mean = (0..<2).map { i in rows.reduce(0) { $0 + $1[i] } / 3 }
        let (drift, covariance) = limitFields(try StochasticDescentChain(sum, batch: 2).limit, state)
        for i in 0..<2 {
            #expect(abs(drift[i] + mean[i]) < 1e-14)
            for j in 0..<2 {
                let exact = rows.reduce(0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) } / 3 / 2
                #expect(abs(covariance[i, j] - exact) < 1e-14)
            }
        }
    }

    @Test func `have the orders and exponents of the theorem`() {
        #expect(ItoOrders(noise: 0, isGaussian: true).theta == 0.5)
        #expect(ItoOrders(noise: 1, isGaussian: true).theta == 1)
        #expect(ItoOrders(noise: 1, isGaussian: false).theta == 1)
        #expect(ItoOrders(noise: 1, isGaussian: false).provenExponent == 0.75)
        #expect(ItoOrders(noise: 0, isGaussian: false).provenExponent == 0.25)
        #expect(ItoOrders(driftError: 0.3, noise: 1, isGaussian: true).theta == 0.3)
    }

    @Test func `near the law of their diffusion at the weak rate`() throws {
        // Langevin on a quadratic in one dimension: chain and limit are Gaussian with known moments.
        let quadratic = try LeastSquaresSum(design: [1], targets: [0.5])
        let chain = try LangevinChain(quadratic, batch: nil, temperature: 0.5)
        let simulation = try ItoSimulation(chain, start: [2], time: 1)
        let law = try Normal(
            mean: 0.5 + 1.5 * exp(-1), standardDeviation: (0.5 * (1 - exp(-2))).squareRoot())
        var random = Random(seed: 52)
        for steps in [2, 8] {
            let h = 1 / Double(steps)
            let shrink = pow(1 - h, Double(steps))
            let mean = 0.5 + 1.5 * shrink
            // Σ 2 h T (1 − h)^2k.
            let spread = (h * (1 - shrink * shrink) / (1 - (1 - h) * (1 - h))).squareRoot()
            let exact = hypot(mean - law.mean, spread - law.standardDeviation)
            let ends = try simulation.chainEnds(100_000, steps: steps, using: &random)
            let measured = try Wasserstein.onLine(ends, law)
            // The sample's own distance is about 2 / √n.
            #expect(abs(measured - exact) < 0.015)
        }
        let limit = try simulation.limitEnds(100_000, steps: 8, refinement: 16, using: &random)
        #expect(try Wasserstein.onLine(limit, law) < 0.015)
    }

    @Test func `end in the same places on any number of threads`() throws {
        let simulation = try ItoSimulation(StochasticDescentChain(sum), start: [0, 0], time: 1)
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let ends = try [1, 3].map { count in
            Parallel.threads = count
            var random = Random(seed: 53)
            return try simulation.chainEnds(1000, steps: 8, using: &random)
                + simulation.limitEnds(1000, steps: 8, using: &random)
        }
        #expect(ends[0] == ends[1])
    }

    @Test func `of boosting leave what no learner can express alone`() throws {
        // Items 0 and 1 are always in the same leaf: their difference never changes.
        let chain = try BoostingChain(targets: [1, 3, -2], leaves: [[0, 0, 1]], temperature: 0.2)
        let simulation = try ItoSimulation(chain, start: [0.5, 0.1, 0], time: 3)
        var random = Random(seed: 54)
        let ends = try simulation.chainEnds(200, steps: 30, using: &random)
        for run in 0..<200 { #expect(abs(ends[3 * run] - ends[3 * run + 1] - 0.4) < 1e-12) }
        // They near the leaf means 2 and -2.
        let mean = (0..<200).reduce(0) { $0 + ends[3 * $1 + 2] } / 200
        #expect(abs(mean + 2 * (1 - exp(-3))) < 0.35)
    }

    @Test func `name what is wrong`() throws {
        #expect(throws: InferenceError.self) { try StochasticDescentChain(sum, batch: 0) }
        #expect(throws: InferenceError.self) { try LangevinChain(sum, temperature: 0) }
        #expect(throws: InferenceError.self) { try LeastSquaresSum(design: [1], targets: []) }
        #expect(throws: InferenceError.self) { try LeastSquaresSum(design: [.nan], targets: [1]) }
        #expect(throws: InferenceError.self) { try BoostingChain(targets: [1, 2], leaves: [[0]], temperature: 1) }
        #expect(throws: InferenceError.self) { try BoostingChain(targets: [], leaves: [[0]], temperature: 1) }
        #expect(throws: InferenceError.self) { try EulerChain(SineDrift(rate: 1, scale: 1), noiseOrder: 2) }
        let chain = try StochasticDescentChain(sum)
        #expect(throws: InferenceError.self) { try ItoSimulation(chain, start: [0], time: 1) }
        #expect(throws: InferenceError.self) { try ItoSimulation(chain, start: [0, 0], time: 0) }
        let simulation = try ItoSimulation(chain, start: [0, 0], time: 1e6)
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) { try simulation.chainEnds(10, steps: 0, using: &random) }
        // Steps so large that the chain diverges.
        #expect {
            try simulation.chainEnds(10, steps: 1000, using: &random)
        } throws: {
            if case InferenceError.nonFinite(_, "run 0", _) = $0 { true } else { false }
        }
    }
}

@Suite struct `Wasserstein distances` {
    @Test func `on the line couple in order`() throws {
        #expect(try Wasserstein.onLine([3, 1, 2], [1, 2, 6]) == 3.0.squareRoot())
        #expect(try Wasserstein.onLine([1, 2], [2, 1]) == 0)
        let normal = try Normal(mean: 1, standardDeviation: 2)
        let sample = (0..<1000).map { 3 + 5 * normal.quantile((Double($0) + 0.5) / 1000) }
        // 3 + 5 X − X for X of mean 1 and variance 4, less the tails beyond the last quantiles.
        #expect(abs(try Wasserstein.onLine(sample, normal) - (16 * 4 + 49.0).squareRoot()) < 0.05)
    }

    @Test func `by assignment are the least over all permutations`() throws {
        var random = Random(seed: 55)
        func permutations(_ items: [Int]) -> [[Int]] {
            items.count < 2
                ? [items]
                : items.indices.flatMap { index in
                    var rest = items
                    let first = rest.remove(at: index)
                    return permutations(rest).map { [first] + $0 }
                }
        }
        for _ in 0..<20 {
            let (a, b) = ((0..<12).map { _ in random.normal() }, (0..<12).map { _ in random.normal() })
            let best = permutations(Array(0..<6)).map { order in
                order.enumerated().reduce(0.0) { sum, pair in
                    sum + (0..<2).reduce(0) { $0 + pow(a[2 * pair.offset + $1] - b[2 * pair.element + $1], 2) }
                }
            }.min()!
            #expect(abs(try Wasserstein.byAssignment(a, b, dimension: 2) - (best / 6).squareRoot()) < 1e-12)
        }
        let line = (0..<50).map { _ in random.normal() }
        let other = (0..<50).map { _ in random.normal() }
        #expect(
            abs(try Wasserstein.byAssignment(line, other, dimension: 1) - (try Wasserstein.onLine(line, other))) < 1e-12
        )
    }

    @Test func `sliced see a shift as its share along each direction`() throws {
        var random = Random(seed: 56)
        let sample = (0..<2000).map { _ in random.normal() }
        let shifted = sample.enumerated().map { $0.element + ($0.offset % 2 == 0 ? 3 : 0) }
        let distance = try Wasserstein.sliced(sample, shifted, dimension: 2, directions: 400, using: &random)
        // E cos² = 1/2: √(9/2), with a relative error of about 1/√(8 · 400).
        #expect(abs(distance - 4.5.squareRoot()) < 0.25)
        let gaussian = try Wasserstein.sliced(
            sample, mean: [0, 0], covariance: .identity(2), directions: 50, using: &random)
        #expect(gaussian < 0.12)
        let far = try Wasserstein.sliced(
            sample, mean: [3, 0], covariance: .identity(2), directions: 400, using: &random)
        #expect(abs(far - 4.5.squareRoot()) < 0.25)
    }

    @Test func `refuse samples that don't fit`() throws {
        var random = Random(seed: 57)
        #expect(throws: InferenceError.self) { try Wasserstein.onLine([], []) }
        #expect(throws: InferenceError.self) { try Wasserstein.onLine([1], [1, 2]) }
        #expect(throws: InferenceError.self) { try Wasserstein.onLine([1], [.nan]) }
        #expect(throws: InferenceError.self) { try Wasserstein.byAssignment([1, 2, 3], [1, 2, 3], dimension: 2) }
        #expect(throws: InferenceError.self) {
            try Wasserstein.sliced([1], [2], dimension: 1, directions: 0, using: &random)
        }
    }
}
