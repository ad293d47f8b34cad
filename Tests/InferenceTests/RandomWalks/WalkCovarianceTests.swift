import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `covariances of self-repellent walks` {
    private let walk: ReversibleWalk
    private let directions: Matrix
    private let jacobian: Matrix

    init() throws {
        let graph = try WalkGraph.ringOfCliques(2, of: 3)
        let walk = try ReversibleWalk.metropolisHastings(on: graph, weights: [1, 2, 1, 3, 1, 2])
        var random = Random(seed: 5)
        var h = Matrix(rows: 6, columns: 2, storage: (0..<12).map { _ in random.normal() })
        for column in 0..<2 {
            let mean = (0..<6).reduce(0) { $0 + walk.stationary[$1] * h[$1, column] }
            for node in 0..<6 { h[node, column] -= mean }
        }
        self.walk = walk
        directions = h
        jacobian = Matrix(rows: [[-1.5, 0.3], [0.3, -0.8]])
    }

    /// The stationary distribution of K[x]: proportional to Σⱼ πᵢ Pᵢⱼ (xᵢ/πᵢ)^−α (xⱼ/πⱼ)^−α, found here by powers of K.
    private func stationary(_ repellent: SelfRepellentWalk, _ visits: [Double]) throws -> [Double] {
        let rows = try repellent.transitionProbabilities(visits: visits)
        var share = walk.stationary
        for _ in 0..<4000 {
            var next = [Double](repeating: 0, count: 6)
            for i in 0..<6 { for j in 0..<6 { next[j] += share[i] * (rows[i][j] + (i == j ? 1 : 0)) / 2 } }
            share = next
        }
        return share
    }

    @Test(arguments: [0.0, 1, 7]) func `rest on the mean field's derivative, here taken from the kernel by differences`(
        repulsion: Double
    ) throws {
        let repellent = try SelfRepellentWalk(base: walk, repulsion: repulsion, schedule: PowerSchedule(exponent: 1))
        let exact = try WalkCovariance(walk)
        for (i, lambda) in exact.eigenvalues.enumerated() {
            let direction = Array(exact.eigenvectors.row(i))
            #expect(abs(direction.reduce(0, +)) < 1e-12)
            let h = 1e-5
            let up = try stationary(repellent, zip(walk.stationary, direction).map { $0 + h * $1 })
            let down = try stationary(repellent, zip(walk.stationary, direction).map { $0 - h * $1 })
            for node in 0..<6 {
                let slope = (up[node] - down[node]) / (2 * h)
                #expect(abs(slope + repulsion * (1 + lambda) * direction[node]) < 1e-5 * (1 + repulsion))
            }
        }
    }

    @Test func `at no repulsion equal the base walk's, by its fundamental matrix`() throws {
        let exact = try WalkCovariance(walk)
        // Z = (I − P + 1πᵀ)⁻¹; the covariance of sums is diag(π) Z + Zᵀ diag(π) − diag(π) − ππᵀ.
        let p = walk.transitionMatrix
        var system = Matrix.identity(6) - p
        for i in 0..<6 { for j in 0..<6 { system[i, j] += walk.stationary[j] } }
        var z = Matrix(rows: 6, columns: 6)
        for column in 0..<6 {
            var unit = [Double](repeating: 0, count: 6)
            unit[column] = 1
            for (row, value) in try system.solving(unit).enumerated() { z[row, column] = value }
        }
        let found = exact.ofVisits(repulsion: 0, exponent: 1)
        for i in 0..<6 {
            for j in 0..<6 {
                let (a, b) = (walk.stationary[i], walk.stationary[j])
                let expected = a * z[i, j] + b * z[j, i] - (i == j ? a : 0) - a * b
                #expect(abs(found[i, j] - expected) < 1e-12)
            }
        }
    }

    /// The whole linear system of (θ, x): drift of θ by A and Hᵀ(J + I), of x by J, and what noise of covariance U enters.
    private func system(_ repulsion: Double, ratio: Double) throws -> (drift: Matrix, entry: Matrix, noise: Matrix) {
        let p = walk.transitionMatrix
        var drift = Matrix(rows: 8, columns: 8)
        var entry = Matrix(rows: 8, columns: 6)
        var pull = Matrix(rows: 6, columns: 6)
        for i in 0..<6 {
            for j in 0..<6 {
                pull[i, j] = -repulsion * ((i == j ? 1 : 0) + p[j, i]) + 2 * repulsion * walk.stationary[i]
                drift[2 + i, 2 + j] = pull[i, j] - (i == j ? 1 : 0)
            }
            entry[2 + i, i] = 1
            for k in 0..<2 { entry[k, i] = ratio * directions[i, k] }
        }
        let crossed = directions.multiplied(by: pull, transposingSelf: true)
        for k in 0..<2 {
            for l in 0..<2 { drift[k, l] = ratio * jacobian[k, l] }
            for j in 0..<6 { drift[k, 2 + j] = ratio * crossed[k, j] }
        }
        let exact = try WalkCovariance(walk)
        var noise = Matrix(rows: 6, columns: 6)
        for (m, lambda) in exact.eigenvalues.enumerated() {
            for i in 0..<6 {
                for j in 0..<6 {
                    noise[i, j] += (1 + lambda) / (1 - lambda) * exact.eigenvectors[m, i] * exact.eigenvectors[m, j]
                }
            }
        }
        return (drift, entry, noise)
    }

    @Test(arguments: [
        (WalkCovariance.Regime.walkFaster, 1e-5, 0.8), (.equal, 1, 0.8), (.equal, 1, 1), (.iterateFaster, 1e5, 0.8),
    ]) func `solve the Lyapunov equation of the whole system`(
        regime: WalkCovariance.Regime, ratio: Double, exponent: Double
    ) throws {
        var (drift, entry, noise) = try system(3, ratio: ratio)
        if exponent == 1 { for i in 0..<8 { drift[i, i] += 0.5 } }
        let source = (entry * noise).multiplied(by: entry, transposingOther: true)
        // F S + S Fᵀ = −Q as 64 linear equations.
        var equations = Matrix(rows: 64, columns: 64)
        for i in 0..<8 {
            for j in 0..<8 {
                for k in 0..<8 {
                    equations[i * 8 + j, k * 8 + j] += drift[i, k]
                    equations[i * 8 + j, i * 8 + k] += drift[j, k]
                }
            }
        }
        let solved = try equations.solving(source.storage.map { -$0 })
        let exact = try WalkCovariance(walk)
        let limit = try exact.ofIterates(
            repulsion: 3, directions: directions, jacobian: jacobian, regime: regime, exponent: exponent)
        let fixed = try exact.ofIterates(repulsion: 3, directions: directions, jacobian: jacobian, ratio: ratio)
        for i in 0..<2 {
            for j in 0..<2 {
                let scale = (limit[i, i] * limit[j, j]).squareRoot()
                #expect(abs(solved[i * 8 + j] / ratio - limit[i, j]) < 2e-4 * scale)
                if exponent < 1 { #expect(abs(solved[i * 8 + j] / ratio - fixed[i, j]) < 1e-8 * scale) }
            }
        }
    }

    @Test func `at a finite time follow the whole system's recursion`() throws {
        let (drift, entry, noise) = try system(2, ratio: 1)
        let (walkSteps, iterateSteps) = (try PowerSchedule(exponent: 0.6), try PowerSchedule(exponent: 0.8))
        var covariance = Matrix(rows: 8, columns: 8)
        // The first step size of 5 γ at most 1 is that of n = 14.
        for n in 14...90 {
            let steps = (0..<8).map { $0 < 2 ? iterateSteps.size(n) : walkSteps.size(n) }
            var move = Matrix.identity(8)
            var enter = entry
            for i in 0..<8 {
                for j in 0..<8 { move[i, j] += steps[i] * drift[i, j] }
                for j in 0..<6 { enter[i, j] *= steps[i] }
            }
            covariance =
                (move * covariance).multiplied(by: move, transposingOther: true)
                + (enter * noise).multiplied(by: enter, transposingOther: true)
        }
        let found = try WalkCovariance(walk).ofIterates(
            repulsion: 2, directions: directions, jacobian: jacobian, walk: walkSteps, iterate: iterateSteps, steps: 90)
        for i in 0..<2 {
            for j in 0..<2 { #expect(abs(found[i, j] - covariance[i, j]) < 1e-11 * (1 + abs(found[i, j]))) }
        }
    }

    @Test func `fall with the square of the repulsion where the walk is faster, and with its first power for averages`()
        throws
    {
        let exact = try WalkCovariance(walk)
        func trace(_ repulsion: Double, _ regime: WalkCovariance.Regime, _ exponent: Double) throws -> Double {
            try exact.ofIterates(
                repulsion: repulsion, directions: directions, jacobian: jacobian, regime: regime, exponent: exponent
            ).diagonal.reduce(0, +)
        }
        #expect(abs(log(try trace(2000, .walkFaster, 0.9) / trace(1000, .walkFaster, 0.9)) / log(2) + 2) < 0.01)
        #expect(try trace(1000, .iterateFaster, 0.9) == trace(0, .iterateFaster, 0.9))
        for repulsion in [0.5, 2, 10, 100] {
            let traces = try WalkCovariance.Regime.allCases.map { try trace(repulsion, $0, 0.9) }
            #expect(traces[0] < traces[1] && traces[1] < traces[2])
        }
        let visits = [1000.0, 2000].map { exact.ofVisits(repulsion: $0, exponent: 1).diagonal.reduce(0, +) }
        #expect(abs(log(visits[1] / visits[0]) / log(2) + 1) < 0.01)
    }

    @Test func `are met by simulated visits`() throws {
        // 400 walks; each variance's estimate has a relative standard error of √(2/400) = 0.07, of the trace less; with the
        // limit's own error at 20,000 steps a departure of 6 · 0.07 + 0.03 has a chance below 1e-8.
        let repulsion = 4.0
        let repellent = try SelfRepellentWalk(base: walk, repulsion: repulsion, schedule: PowerSchedule(exponent: 1))
        let root = Random(seed: 6)
        let squares = try Parallel.map(count: 400) { run in
            var random = root.split(UInt64(run))
            var state = try repellent.start(at: run % 6)
            for _ in 0..<20000 { repellent.step(&state, using: &random) }
            return zip(state.visits, walk.stationary).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let found = squares.reduce(0, +) / 400 * 20001
        let expected = try WalkCovariance(walk).ofVisits(repulsion: repulsion, exponent: 1).diagonal.reduce(0, +)
        #expect(abs(found / expected - 1) < 0.45)
        let base = try WalkCovariance(walk).ofVisits(repulsion: 0, exponent: 1).diagonal.reduce(0, +)
        #expect(found < 0.4 * base)
    }

    @Test func `refuse a jacobian that does not pull back fast enough`() throws {
        let exact = try WalkCovariance(walk)
        #expect(throws: InferenceError.self) {
            try exact.ofIterates(
                repulsion: 1, directions: directions, jacobian: Matrix(rows: [[-1, 0], [0, -0.4]]), regime: .equal,
                exponent: 1)
        }
        #expect(throws: InferenceError.self) {
            try exact.ofIterates(
                repulsion: 1, directions: Matrix(rows: 5, columns: 2), jacobian: jacobian, regime: .equal, exponent: 1)
        }
    }
}
