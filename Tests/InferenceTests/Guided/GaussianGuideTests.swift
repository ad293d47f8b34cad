import Cascades
import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `guided Gaussian trees` {
    let parents: [Int?] = [nil, 0, 1, 1, 0, 4]
    let transitions: [GaussianTransition]
    let root = [0.3, -0.7]

    init() throws {
        var random = Random(seed: 21)
        transitions = try (0..<5).map { edge in
            let map = Matrix(rows: 2, columns: 2, storage: (0..<4).map { _ in random.normal() })
            let factor = Matrix(rows: 2, columns: 2, storage: (0..<4).map { _ in random.normal() })
            // One edge has noise in one direction only.
            let noise = edge == 3 ? Matrix(rows: 2, columns: 2, storage: [1, 2, 2, 4]) : factor * factor.transposed
            return try GaussianTransition(
                map: map, offset: [random.normal(), random.normal()], covariance: noise)
        }
    }

    /// Mean `[12]` and covariance of all nodes' states.
    private var dense: (mean: [Double], covariance: Matrix) {
        var mean = root + [Double](repeating: 0, count: 10)
        var cov = Matrix(rows: 12, columns: 12)
        for node in 1..<6 {
            let (parent, t) = (parents[node]!, transitions[node - 1])
            let m = t.mean(Array(mean[2 * parent..<2 * parent + 2]))
            for i in 0..<2 { mean[2 * node + i] = m[i] }
            for i in 0..<2 {
                for k in 0..<2 * node {
                    let value = (0..<2).reduce(0) { $0 + t.map[i, $1] * cov[2 * parent + $1, k] }
                    cov[2 * node + i, k] = value
                    cov[k, 2 * node + i] = value
                }
            }
            for i in 0..<2 {
                for j in 0..<2 {
                    cov[2 * node + i, 2 * node + j] =
                        t.covariance[i, j]
                        + (0..<2).reduce(0) { $0 + cov[2 * node + i, 2 * parent + $1] * t.map[j, $1] }
                }
            }
        }
        return (mean, cov)
    }

    @Test func `have the evidence and the posterior of the dense Gaussian`() throws {
        let tree = try GuidedTree(parents: parents, edges: transitions.map { GaussianGuide($0) })
        // Leaves 2 and 5 in full, the sum of the coordinates of leaf 3.
        let noise = Matrix(rows: 2, columns: 2, storage: [0.5, 0.1, 0.1, 0.4])
        let sum = Matrix(rows: 1, columns: 2, storage: [1, 1])
        let y = [0.5, 1.5, -2, 0.8, 0.1]
        let filtered = try tree.filtered(
            root: root,
            observations: [
                2: CanonicalGaussian(observing: [y[0], y[1]], covariance: noise),
                3: CanonicalGaussian(
                    observing: [y[2]], map: sum, covariance: Matrix(rows: 1, columns: 1, storage: [0.3])),
                5: CanonicalGaussian(observing: [y[3], y[4]], covariance: noise),
            ])
        let (mean, cov) = dense
        var map = Matrix(rows: 5, columns: 12)
        for (row, column) in [(0, 4), (1, 5), (2, 6), (2, 7), (3, 10), (4, 11)] { map[row, column] = 1 }
        var s = map * cov * map.transposed
        for i in 0..<2 { for j in 0..<2 { s[i, j] += noise[i, j]; s[3 + i, 3 + j] += noise[i, j] } }
        s[2, 2] += 0.3
        let factor = try Cholesky(s)
        let gap = zip(y, map * mean).map { $0 - $1 }
        let whitened = factor.solve(gap)
        let evidence =
            -0.5
            * (zip(gap, whitened).reduce(0) { $0 + $1.0 * $1.1 } + factor.logDeterminant + 5 * log(2 * Double.pi))
        #expect(abs(filtered.rootLogValue - evidence) < 1e-9 * abs(evidence))
        let gain = cov * map.transposed
        let posteriorMean = zip(mean, gain * whitened).map { $0 + $1 }
        let posterior = cov - gain * factor.solve(gain.transposed)

        var random = Random(seed: 22)
        let count = 20_000
        let cloud = try GuidedCloud(of: filtered, count: count, using: &random)
        #expect(cloud.logWeights.allSatisfy { $0 == filtered.rootLogValue })
        // 10 means and 55 covariances at 6.5 standard errors: below 1e-8 together.
        let centred = cloud.outputs.map { states in zip(states.flatMap { $0 }, posteriorMean).map { $0 - $1 } }
        for i in 2..<12 {
            let spread = posterior[i, i].squareRoot()
            #expect(abs(centred.reduce(0) { $0 + $1[i] } / Double(count)) < 6.5 * spread / Double(count).squareRoot())
            for j in 2...i {
                let value = centred.reduce(0) { $0 + $1[i] * $1[j] } / Double(count)
                let error =
                    ((posterior[i, i] * posterior[j, j] + posterior[i, j] * posterior[i, j]) / Double(count))
                    .squareRoot()
                #expect(abs(value - posterior[i, j]) < 6.5 * error + 1e-12)
            }
        }
    }

    @Test func `guide a nonlinear transition with unbiased weights`() throws {
        // x₁ ~ N(x₀ + sin 2x₀, 0.5), x₂ likewise, y ~ N(x₂, 0.2): evidence and posterior by quadrature.
        let mean: @Sendable ([Double]) -> [Double] = { [$0[0] + sin(2 * $0[0])] }
        let auxiliary = try GaussianTransition(
            map: Matrix(rows: 1, columns: 1, storage: [1]), offset: [0.2],
            covariance: Matrix(rows: 1, columns: 1, storage: [0.7]))
        let noise = Matrix(rows: 1, columns: 1, storage: [0.5])
        let edge = try GaussianGuide(mean: mean, covariance: noise, auxiliary: auxiliary)
        let tree = try GuidedTree(chain: [edge, edge])
        let observation = try CanonicalGaussian(
            observing: [1.2], covariance: Matrix(rows: 1, columns: 1, storage: [0.2]))
        let filtered = try tree.filtered(root: [0.1], observations: [2: observation])
        let rule = try GaussRule.hermite(80)
        // x₂ integrates out: y given x₁ is N(f(x₁), 0.7).
        func likelihood(_ x: Double) -> Double {
            let gap = 1.2 - x - sin(2 * x)
            return exp(-0.5 * gap * gap / 0.7) / (2 * Double.pi * 0.7).squareRoot()
        }
        func middle(_ z: Double) -> Double { 0.1 + sin(0.2) + 0.5.squareRoot() * z }
        let evidence = rule.integrate { likelihood(middle($0)) }
        let first = rule.integrate { middle($0) * likelihood(middle($0)) } / evidence
        var random = Random(seed: 23)
        let cloud = try GuidedCloud(of: filtered, count: 40_000, using: &random)
        #expect(cloud.relativeError < 0.01 && cloud.relativeError > 1e-4)
        #expect(abs(exp(cloud.logEvidence) / evidence - 1) < 6 * cloud.relativeError)
        let mean1 = cloud.mean { $0[1][0] }
        #expect(abs(mean1.value - first) < 6 * mean1.standardError)

        // The chain on the innovations: batches of 200 give its standard error.
        let chain = try InnovationChain(filtered, persistence: 0.6)
        var state = try chain.start(using: &random)
        var (values, accepted): ([Double], Int) = ([], 0)
        for _ in 0..<40_000 {
            if try chain.step(&state, using: &random).isAccepted { accepted += 1 }
            values.append(state.output[1][0])
        }
        let batches = (0..<200).map { batch in values[batch * 200..<(batch + 1) * 200].reduce(0, +) / 200 }
        let estimate = try Estimate(meanOf: batches)
        #expect(abs(estimate.value - first) < 6.5 * estimate.standardError)
        #expect(accepted > 8_000 && accepted < 40_000)
    }

    @Test func `name what is wrong`() throws {
        let one = Matrix.identity(1)
        #expect(throws: InferenceError.self) {
            try GaussianTransition(map: one, offset: [0, 0], covariance: .identity(2))
        }
        #expect(throws: InferenceError.self) { try GaussianTransition(map: one, offset: [0], covariance: one * -1) }
        #expect(throws: InferenceError.self) { try GaussianTransition(map: one, offset: [0], covariance: one * .nan) }
        #expect(throws: InferenceError.self) { try CanonicalGaussian(observing: [1], covariance: one * 0) }
        #expect(throws: InferenceError.self) { try CanonicalGaussian(observing: [.nan], covariance: one) }
        #expect(throws: InferenceError.self) { try CanonicalGaussian(observing: [1, 2], covariance: one) }
        #expect(throws: InferenceError.self) { try CanonicalGaussian.flat(1).fused(with: .flat(2)) }
        let edge = GaussianGuide(try GaussianTransition(map: one, offset: [0], covariance: one))
        #expect(throws: InferenceError.self) { try edge.pullBack(.flat(2)) }
    }
}
