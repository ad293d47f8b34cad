import NumericalMethods
public import Probability

/// A source of choices that walks every path exactly once, depth first, in the order of the indices.
///
///     var enumerator = Enumerator()
///     repeat {
///         let output = try kernel.choose(input, using: &enumerator)
///         total += exp(enumerator.logProbability)   // 1 at the end
///     } while enumerator.advance()
///
/// Whoever draws from it must make the same choices when the earlier ones are the same: a pure function of them.
public struct Enumerator: ChoiceSource, Sendable {
    private struct Fork {
        var index: Int
        var logProbabilities: [Double]
    }

    private var path: [Fork] = []
    private var depth = 0

    /// The log-probability of the choices made since the last ``advance()``, in nats.
    public private(set) var logProbability = 0.0

    /// An enumerator before its first path.
    public init() {}

    /// The next choice of the current path; possible choices only.
    public mutating func choose(logWeights: Span<Double>) throws(WeightError) -> Int {
        if depth == path.count {
            // Let a real source judge the weights, so that an enumerated kernel fails just as a sampled one does.
            var judge = Random(seed: 0)
            _ = try judge.choose(logWeights: logWeights)
            var logs: [Double] = []
            for index in logWeights.indices { logs.append(logWeights[index]) }
            let total = logSumExp(logs)
            path.append(
                Fork(index: logs.firstIndex { $0 > -.infinity } ?? 0, logProbabilities: logs.map { $0 - total }))
        }
        let fork = path[depth]
        precondition(
            fork.logProbabilities.count == logWeights.count,
            "a kernel under enumeration changed its choices between paths")
        depth += 1
        logProbability += fork.logProbabilities[fork.index]
        return fork.index
    }

    /// Goes to the next path.
    /// - Returns: false when every path has been walked.
    public mutating func advance() -> Bool {
        precondition(depth == path.count, "a kernel under enumeration made fewer choices than on the path before")
        depth = 0
        logProbability = 0
        while var fork = path.popLast() {
            let logs = fork.logProbabilities
            if let next = logs.indices.first(where: { $0 > fork.index && logs[$0] > -.infinity }) {
                fork.index = next
                path.append(fork)
                return true
            }
        }
        return false
    }
}
