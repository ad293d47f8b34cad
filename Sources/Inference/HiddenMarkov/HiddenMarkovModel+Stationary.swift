internal import Foundation
public import NumericalMethods

extension HiddenMarkovModel {
    /// The distribution that the hidden chain keeps, `[states]`; see ``MarkovChain/stationaryDistribution(of:)``.
    public func stationaryDistribution() throws -> [Double] {
        try MarkovChain.stationaryDistribution(of: transition)
    }
}

/// Facts about chains on finitely many states.
public enum MarkovChain {
    /// The one distribution π with π A = π.
    ///
    /// By elimination of states one after another, with no subtraction, so that even the smallest probability keeps its
    /// digits.
    ///
    /// - Parameter transition: A, `[states, states]`, each row a distribution (to 1e-8).
    /// - Throws: ``InferenceError/disconnected(what:parts:)`` where the chain has several closed classes of states, with
    ///   a distribution of its own in each; other cases for a matrix that is none of a chain.
    /// - Source: W. Grassmann, M. Taksar and D. Heyman, 1985.
    public static func stationaryDistribution(of transition: Matrix) throws -> [Double] {
        let states = transition.rows
        guard states > 0 else { throw InferenceError.empty(what: "the transition matrix") }
        guard transition.columns == states else {
            throw InferenceError.wrongShape(
                what: "the transition matrix", found: "\(states) x \(transition.columns)", expected: "a square matrix")
        }
        for state in 0..<states {
            _ = try ProbabilityRow.normalised(
                Array(transition.row(state)), name: "the transition probabilities from state \(state)")
        }
        let classes = closedClasses(of: transition)
        guard classes.count == 1 else {
            throw InferenceError.disconnected(
                what: "the chain",
                parts: classes.map { "states " + $0.map(String.init).joined(separator: ", ") })
        }
        let members = classes[0]
        var a = members.map { i in members.map { j in transition[i, j] } }
        for last in (1..<max(1, members.count)).reversed() {
            let leaving = a[last][..<last].reduce(0, +)
            for i in 0..<last {
                a[i][last] /= leaving
                for j in 0..<last { a[i][j] += a[i][last] * a[last][j] }
            }
        }
        var weights = [1.0]
        for last in 1..<max(1, members.count) {
            weights.append((0..<last).reduce(0) { $0 + weights[$1] * a[$1][last] })
        }
        let total = weights.reduce(0, +)
        var result = [Double](repeating: 0, count: states)
        for (member, weight) in zip(members, weights) { result[member] = weight / total }
        return result
    }

    /// The sets of states that reach each other and nothing else, each ascending, in the order of their first state.
    public static func closedClasses(of transition: Matrix) -> [[Int]] {
        let states = transition.rows
        let reached = (0..<states).map { start in
            var isReached = [Bool](repeating: false, count: states)
            var open = [start]
            isReached[start] = true
            while let state = open.popLast() {
                for next in 0..<states where transition[state, next] > 0 && !isReached[next] {
                    isReached[next] = true
                    open.append(next)
                }
            }
            return isReached
        }
        var classes: [[Int]] = []
        for start in 0..<states {
            let members = (0..<states).filter { reached[start][$0] }
            // Closed: whatever is reached leads back. Each class is taken once, at its first state.
            if members.first == start || !members.contains(where: { $0 < start }),
                members.allSatisfy({ reached[$0][start] })
            {
                classes.append(members)
            }
        }
        return classes
    }
}
