internal import Foundation
internal import NumericalMethods

/// Where a path starts and ends and how often it takes each transition: all that the probability of a Markov path
/// depends on, whatever the chain.
///
/// The paths with the same counts are the chain's exchangeability class: given the counts, all are equally likely.
public struct TransitionCounts: Sendable, Hashable {
    /// The number of states.
    public let stateCount: Int
    /// The first state.
    public let first: Int
    /// The last state.
    public let last: Int
    /// How often state i is followed by state j, `[stateCount, stateCount]`.
    public let counts: [Int]

    /// The counts of `states`.
    /// - Throws: `InferenceError.empty`; `.improperParameter` for a state outside `0 ..< stateCount`.
    public init(_ states: [Int], stateCount: Int) throws {
        guard let first = states.first, let last = states.last else { throw InferenceError.empty(what: "the path") }
        try Self.check(states, stateCount: stateCount)
        self.stateCount = stateCount
        self.first = first
        self.last = last
        var counts = [Int](repeating: 0, count: stateCount * stateCount)
        for (from, to) in zip(states, states.dropFirst()) { counts[from * stateCount + to] += 1 }
        self.counts = counts
    }

    static func check(_ states: [Int], stateCount: Int) throws {
        for (position, state) in states.enumerated() where state < 0 || state >= stateCount {
            throw InferenceError.improperParameter(
                name: "the state at position \(position)", value: "\(state)", expected: "0 to \(stateCount - 1)")
        }
    }

    /// ln of the number of paths with these counts, by Whittle's formula in the form of the BEST theorem: the number of
    /// trees of last exits that lead to the last state, times the orders of the other exits, over those that can't be
    /// told apart.
    ///
    /// - Source: de Bruijn and van Aardenne-Ehrenfest (1951); Tutte's matrix tree theorem for the trees.
    public func logPathCount() throws -> Double {
        let exits = (0..<stateCount).map { i in (0..<stateCount).reduce(0) { $0 + counts[i * stateCount + $1] } }
        let inner = (0..<stateCount).filter { $0 != last && exits[$0] > 0 }
        var laplacian = Matrix(rows: inner.count, columns: inner.count)
        for (row, i) in inner.enumerated() {
            for (column, j) in inner.enumerated() where i != j {
                laplacian[row, column] = -Double(counts[i * stateCount + j])
            }
            laplacian[row, row] = Double(exits[i] - counts[i * stateCount + i])
        }
        var result = try logDeterminant(laplacian) + logGamma(Double(exits[last]) + 1)
        for i in inner { result += logGamma(Double(exits[i])) }
        for count in counts { result -= logGamma(Double(count) + 1) }
        return result
    }

    /// ln det by elimination with pivots; the determinant of a Laplacian's minor is positive.
    private func logDeterminant(_ matrix: Matrix) throws -> Double {
        var (a, result) = (matrix, 0.0)
        for k in 0..<a.rows {
            let pivot = (k..<a.rows).max { abs(a[$0, k]) < abs(a[$1, k]) }!
            guard a[pivot, k] != 0 else {
                throw InferenceError.disconnected(what: "the graph of transitions", parts: ["0 ..< \(k)", "\(k)"])
            }
            for j in 0..<a.columns where pivot != k { (a[k, j], a[pivot, j]) = (a[pivot, j], a[k, j]) }
            result += log(abs(a[k, k]))
            for i in (k + 1)..<max(a.rows, k + 1) {
                let factor = a[i, k] / a[k, k]
                for j in k..<a.columns { a[i, j] -= factor * a[k, j] }
            }
        }
        return result
    }
}
