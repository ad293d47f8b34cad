internal import Foundation

/// How strange the end of a labelled path looks: the larger, the stranger.
///
/// Coverage is exact whatever the score; sets are small where it is good.
public protocol NonconformityScore<Symbol>: Sendable {
    /// What each state emits.
    associatedtype Symbol: Sendable

    /// The score of a path, `[count]` states and symbols of which the last is the one in question.
    func score(states: [Int], symbols: [Symbol]) -> Double

    /// The score of the path's last step alone, where nothing else matters; nil where it does.
    ///
    /// Saves the making of rearranged paths.
    func score(previous: Int, state: Int, symbol: Symbol) -> Double?
}

extension NonconformityScore {
    public func score(previous: Int, state: Int, symbol: Symbol) -> Double? { nil }
}

/// −ln P(state | previous state, symbol) under a hidden Markov model, right or wrong.
public struct PosteriorScore: NonconformityScore {
    /// The number of states.
    public let stateCount: Int
    /// The number of symbols.
    public let symbolCount: Int
    /// P(next state | state), `[stateCount, stateCount]`.
    public let transition: [Double]
    /// P(symbol | state), `[stateCount, symbolCount]`.
    public let emission: [Double]
    /// −ln of the posterior, `[previous, symbol, state]`.
    let table: [Double]

    /// The score under the model with these matrices, rows of which need not be normalised.
    /// - Parameter usesPrevious: whether the previous state is looked at; else the mean row takes its place.
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter` for entries that are negative or not finite.
    public init(transition: [Double], emission: [Double], stateCount: Int, usesPrevious: Bool = true) throws {
        guard stateCount > 0, transition.count == stateCount * stateCount else {
            throw InferenceError.wrongShape(
                what: "the transition matrix", found: "\(transition.count) numbers",
                expected: "\(stateCount) x \(stateCount)")
        }
        guard emission.count >= stateCount, emission.count % stateCount == 0 else {
            throw InferenceError.wrongShape(
                what: "the emission matrix", found: "\(emission.count) numbers",
                expected: "a multiple of \(stateCount)")
        }
        for (name, values) in [("transition", transition), ("emission", emission)] {
            if let index = values.firstIndex(where: { !($0 >= 0 && $0 < .infinity) }) {
                throw InferenceError.improperParameter(
                    name: "\(name) \(index)", value: "\(values[index])", expected: "a finite number from 0 up")
            }
        }
        self.stateCount = stateCount
        self.transition = transition
        self.emission = emission
        let symbolCount = emission.count / stateCount
        self.symbolCount = symbolCount
        var table: [Double] = []
        for previous in 0..<stateCount {
            let row = (0..<stateCount).map { state in
                usesPrevious
                    ? transition[previous * stateCount + state]
                    : (0..<stateCount).reduce(0) { $0 + transition[$1 * stateCount + state] }
            }
            for symbol in 0..<symbolCount {
                let joint = (0..<stateCount).map { row[$0] * emission[$0 * symbolCount + symbol] }
                let total = joint.reduce(0, +)
                table += joint.map { $0 > 0 ? -log($0 / total) : .infinity }
            }
        }
        self.table = table
    }

    public func score(states: [Int], symbols: [Int]) -> Double {
        let last = states.count - 1
        return score(previous: states[max(last - 1, 0)], state: states[last], symbol: symbols[last])!
    }

    public func score(previous: Int, state: Int, symbol: Int) -> Double? {
        table[(previous * symbolCount + symbol) * stateCount + state]
    }
}

/// −ln of the frequency, in the path itself, of the last state's symbol and of the step into it.
///
/// It needs no model: the counts are the same for every rearrangement, so they may be taken from the path in question.
public struct FrequencyScore: NonconformityScore {
    /// The number of states.
    public let stateCount: Int
    /// The number of symbols.
    public let symbolCount: Int

    /// The score over this many states and symbols.
    public init(stateCount: Int, symbolCount: Int) {
        self.stateCount = stateCount
        self.symbolCount = symbolCount
    }

    public func score(states: [Int], symbols: [Int]) -> Double {
        let last = states.count - 1
        // Half a count everywhere, so that what was never seen is strange and not impossible.
        var symbolTotals = [Double](repeating: 0.5, count: stateCount)
        var stepTotals = symbolTotals
        for t in 1..<states.count {
            if symbols[t] == symbols[last] { symbolTotals[states[t]] += 1 }
            if states[t - 1] == states[last - 1] { stepTotals[states[t]] += 1 }
        }
        var exits = [Double](repeating: 0.5 * Double(symbolCount), count: stateCount)
        for state in states.dropFirst() { exits[state] += 1 }
        let joint = (0..<stateCount).map { stepTotals[$0] * symbolTotals[$0] / exits[$0] }
        return -log(joint[states[last]] / joint.reduce(0, +))
    }
}
