import Foundation
import Inference
import NumericalMethods
import Probability

/// A logistic regression spread over the nodes of a graph, one labelled point a node, learned by a token that walks there.
///
/// Node i has Fᵢ(θ) = log(1 + exp(−yᵢ aᵢᵀθ)) + ½ |θ|², and the token moves θ by −∇Fᵢ. Cliques see different parts of the
/// data, so that a token that stays in one for long is misled.
struct TokenLearning: TokenTask {
    let dimension: Int
    let nodeCount: Int
    /// yᵢ aᵢ, `[nodes, dimension]`.
    private let signed: [Double]
    /// θ*: the minimum of the mean over the nodes.
    let solution: [Double]

    /// Data for the `cliques` cliques of `size` nodes.
    init(cliques: Int, of size: Int, dimension: Int, seed: UInt64) throws {
        var random = Random(seed: seed)
        self.dimension = dimension
        nodeCount = cliques * size
        var signed: [Double] = []
        let truth = (0..<dimension).map { _ in random.normal() }
        for _ in 0..<cliques {
            let center = (0..<dimension).map { _ in 1.5 * random.normal() }
            for _ in 0..<size {
                let a = center.map { $0 + 0.7 * random.normal() }
                let margin = zip(a, truth).reduce(0) { $0 + $1.0 * $1.1 }
                let label = random.uniform() < sigmoid(margin) ? 1.0 : -1.0
                signed += a.map { label * $0 }
            }
        }
        self.signed = signed
        solution = try Self.minimum(signed, dimension: dimension)
    }

    func direction(
        _ iterate: UnsafeBufferPointer<Double>, node: Int, into direction: UnsafeMutableBufferPointer<Double>
    ) {
        signed.withUnsafeBufferPointer { signed in
            let row = signed.baseAddress! + node * dimension
            var margin = 0.0
            for i in 0..<dimension { margin += row[i] * iterate[i] }
            let pull = sigmoid(-margin)
            for i in 0..<dimension { direction[i] = pull * row[i] - iterate[i] }
        }
    }

    /// H(θ*, i) as rows.
    var directions: Matrix {
        var result = Matrix(rows: nodeCount, columns: dimension)
        for node in 0..<nodeCount {
            for (i, value) in self.direction(at: solution, node: node).enumerated() { result[node, i] = value }
        }
        return result
    }

    /// The derivative of the mean direction at θ*: minus the Hessian.
    var jacobian: Matrix { Self.hessian(signed, at: solution) * -1 }

    private func direction(at iterate: [Double], node: Int) -> [Double] {
        var result = [Double](repeating: 0, count: dimension)
        result.withUnsafeMutableBufferPointer { target in
            iterate.withUnsafeBufferPointer { direction($0, node: node, into: target) }
        }
        return result
    }

    private static func hessian(_ signed: [Double], at theta: [Double]) -> Matrix {
        let d = theta.count
        let count = signed.count / d
        var hessian = Matrix.identity(d)
        for node in 0..<count {
            let row = signed[node * d..<(node + 1) * d]
            let p = sigmoid(zip(row, theta).reduce(0) { $0 + $1.0 * $1.1 })
            for i in 0..<d {
                for j in 0..<d {
                    hessian[i, j] += p * (1 - p) * signed[node * d + i] * signed[node * d + j] / Double(count)
                }
            }
        }
        return hessian
    }

    /// By Newton's method; the function is strictly convex and has no flat parts.
    private static func minimum(_ signed: [Double], dimension d: Int) throws -> [Double] {
        var theta = [Double](repeating: 0, count: d)
        let count = signed.count / d
        for _ in 0..<50 {
            var gradient = theta
            for node in 0..<count {
                let row = signed[node * d..<(node + 1) * d]
                let pull = sigmoid(-zip(row, theta).reduce(0) { $0 + $1.0 * $1.1 })
                for i in 0..<d { gradient[i] -= pull * signed[node * d + i] / Double(count) }
            }
            let move = try Cholesky(hessian(signed, at: theta)).solve(gradient)
            for i in 0..<d { theta[i] -= move[i] }
        }
        return theta
    }
}

/// The mean of a number over the nodes, as a token's plain average finds it: H(θ, i) = zᵢ − θ.
struct TokenMean: TokenTask {
    let values: [Double]
    var dimension: Int { 1 }
    var nodeCount: Int { values.count }

    func direction(
        _ iterate: UnsafeBufferPointer<Double>, node: Int, into direction: UnsafeMutableBufferPointer<Double>
    ) {
        direction[0] = values[node] - iterate[0]
    }
}
