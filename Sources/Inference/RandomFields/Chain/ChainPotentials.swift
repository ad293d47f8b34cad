internal import Foundation
public import Probability

/// The scores of all labellings of one sequence: a term for each label and one for each pair of neighbours.
///
/// A labelling `y` has probability `exp(score(y)) / Z`, with
/// `score(y) = sum_t states[t, y_t] + sum_{t > 0} transitions[t - 1, y_{t-1}, y_t]`. A score of -infinity forbids.
/// Everything here works with logarithms and is exact for any scores; training uses ``ChainWorkspace``, which is faster.
///
/// - Source: Sutton and McCallum 2012, "An Introduction to Conditional Random Fields", section 4.1 (forward-backward and
///   Viterbi recursions).
public struct ChainPotentials: Sendable, Equatable {
    /// How many positions.
    public let length: Int
    /// How many labels.
    public let labelCount: Int
    /// The labels' scores, `[length, labels]`.
    public internal(set) var states: [Double]
    /// The scores of a label and the next, `[labels, labels]` when they are the same everywhere, else
    /// `[length - 1, labels, labels]`.
    public let transitions: [Double]

    /// Scores of a chain.
    /// - Throws: ``InferenceError`` for arrays that don't fit, or a score that is NaN or +infinity.
    public init(labelCount: Int, states: [Double], transitions: [Double]) throws(InferenceError) {
        guard labelCount >= 1, !states.isEmpty else { throw .empty(what: "a chain") }
        guard states.count % labelCount == 0 else {
            throw .wrongShape(
                what: "states", found: "\(states.count) scores", expected: "a multiple of \(labelCount) labels")
        }
        let length = states.count / labelCount
        let square = labelCount * labelCount
        guard transitions.count == square || transitions.count == (length - 1) * square else {
            throw .wrongShape(
                what: "transitions", found: "\(transitions.count) scores",
                expected: "\(square), or \((length - 1) * square) for one matrix a step")
        }
        for (scores, name, row) in [
            (states, "a label's score", labelCount), (transitions, "a transition's score", square),
        ] {
            if let index = scores.firstIndex(where: { $0.isNaN || $0 == .infinity }) {
                throw .nonFinite(what: name, place: "row \(index / row), element \(index % row)", value: scores[index])
            }
        }
        self.init(unchecked: labelCount, states, transitions)
    }

    init(unchecked labelCount: Int, _ states: [Double], _ transitions: [Double]) {
        length = states.count / labelCount
        self.labelCount = labelCount
        self.states = states
        self.transitions = transitions
    }

    /// The score of going from `label` at `position` to `next` at the following one.
    @inline(__always)
    func transition(_ position: Int, _ label: Int, _ next: Int) -> Double {
        let square = labelCount * labelCount
        let base = transitions.count == square ? 0 : position * square
        return transitions[base + label * labelCount + next]
    }

    /// The score of a labelling, `[length]`.
    public func score(of path: [Int]) -> Double {
        precondition(path.count == length, "a labelling has one label a position")
        var score = 0.0
        for t in 0..<length {
            score += states[t * labelCount + path[t]]
            if t > 0 { score += transition(t - 1, path[t - 1], path[t]) }
        }
        return score
    }

    /// These scores with only the labels that `isAllowed` admits at each position.
    public func restricted(to isAllowed: (_ position: Int, _ label: Int) -> Bool) -> ChainPotentials {
        var result = self
        for t in 0..<length {
            for y in 0..<labelCount where !isAllowed(t, y) { result.states[t * labelCount + y] = -.infinity }
        }
        return result
    }

    /// Log-sums of the scores of all beginnings that end in each label at each position, `[length, labels]`.
    func forward() -> [Double] {
        var table = states
        var terms = [Double](repeating: 0, count: labelCount)
        for t in 1..<max(1, length) {
            for y in 0..<labelCount {
                for z in 0..<labelCount { terms[z] = table[(t - 1) * labelCount + z] + transition(t - 1, z, y) }
                table[t * labelCount + y] += Self.logSum(terms)
            }
        }
        return table
    }

    /// log Z: the log-sum of the scores of all labellings.
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` when every labelling is forbidden.
    public func logPartition() throws(InferenceError) -> Double { try Self.total(forward(), labelCount) }

    /// The probabilities of labels and of neighbouring pairs.
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` when every labelling is forbidden.
    public func marginals() throws(InferenceError) -> ChainMarginals {
        let alpha = forward()
        let logPartition = try Self.total(alpha, labelCount)
        var beta = [Double](repeating: 0, count: states.count)
        var terms = [Double](repeating: 0, count: labelCount)
        for t in stride(from: length - 2, through: 0, by: -1) {
            for y in 0..<labelCount {
                for z in 0..<labelCount {
                    let next = (t + 1) * labelCount + z
                    terms[z] = transition(t, y, z) + states[next] + beta[next]
                }
                beta[t * labelCount + y] = Self.logSum(terms)
            }
        }
        let nodes = states.indices.map { exp(alpha[$0] + beta[$0] - logPartition) }
        var pairs = [Double](repeating: 0, count: (length - 1) * labelCount * labelCount)
        for t in 0..<(length - 1) {
            for y in 0..<labelCount {
                for z in 0..<labelCount {
                    let next = (t + 1) * labelCount + z
                    pairs[(t * labelCount + y) * labelCount + z] = exp(
                        alpha[t * labelCount + y] + transition(t, y, z) + states[next] + beta[next] - logPartition)
                }
            }
        }
        return ChainMarginals(labelCount: labelCount, logPartition: logPartition, nodes: nodes, pairs: pairs)
    }

    /// A labelling drawn from the distribution: forward filtering, backward sampling.
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` when every labelling is forbidden.
    public func sample(using random: inout Random) throws(InferenceError) -> [Int] {
        let alpha = forward()
        _ = try Self.total(alpha, labelCount)
        var path = [Int](repeating: 0, count: length)
        var terms = [Double](repeating: 0, count: labelCount)
        for t in stride(from: length - 1, through: 0, by: -1) {
            for y in 0..<labelCount {
                terms[y] = alpha[t * labelCount + y] + (t + 1 < length ? transition(t, y, path[t + 1]) : 0)
            }
            let total = Self.logSum(terms)
            var left = random.uniform()
            // Rounding can leave a rest: then the last label that is possible at all is taken.
            for y in 0..<labelCount where terms[y] > -.infinity {
                path[t] = y
                left -= exp(terms[y] - total)
                if left < 0 { break }
            }
        }
        return path
    }

    static func logSum(_ terms: [Double]) -> Double {
        var largest = -Double.infinity
        for term in terms where term > largest { largest = term }
        if largest == -.infinity { return largest }
        var sum = 0.0
        for term in terms { sum += exp(term - largest) }
        return largest + log(sum)
    }

    private static func total(_ alpha: [Double], _ labels: Int) throws(InferenceError) -> Double {
        let total = logSum(Array(alpha.suffix(labels)))
        guard total > -.infinity else {
            throw .impossibleObservation(place: "a chain whose every labelling is forbidden")
        }
        return total
    }
}

/// Probabilities of labels in one sequence.
public struct ChainMarginals: Sendable, Equatable {
    /// The number of labels.
    public let labelCount: Int
    /// log Z.
    public let logPartition: Double
    /// The probability of each label at each position, `[length, labels]`.
    public let nodes: [Double]
    /// The probability of each label with the next, `[length - 1, labels, labels]`.
    public let pairs: [Double]

    /// The probability of `label` at `position`.
    public func probability(position: Int, label: Int) -> Double { nodes[position * labelCount + label] }
}
