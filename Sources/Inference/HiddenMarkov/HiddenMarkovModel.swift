internal import Foundation
public import NumericalMethods
public import Probability

/// A Markov chain of hidden states, each of which shows an observation drawn from a law of its own.
///
///     p(z, x) = π(z₀) e(x₀ | z₀) ∏ₜ A(zₜ₋₁, zₜ) e(xₜ | zₜ)
///
/// ```swift
/// let model = try HiddenMarkovModel(
///     initial: [0.5, 0.5], transition: Matrix(rows: [[0.9, 0.1], [0.2, 0.8]]),
///     emissions: CategoricalEmissions(probabilities: Matrix(rows: [[0.8, 0.2], [0.3, 0.7]])))
/// let posterior = try model.posterior(of: [0, 0, 1, 1, 0])
/// ```
///
/// Times and states count from 0. Everything is exact: recursions run on scaled probabilities, and where their range
/// could be left (which they notice) on logarithms.
///
/// - Source: L. Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989.
public struct HiddenMarkovModel<Emissions: EmissionModel>: Sendable, Equatable {
    /// π, `[states]`.
    public let initial: [Double]
    /// A, `[states, states]`: row i is the law of the state after i.
    public let transition: Matrix
    public let emissions: Emissions
    let lanes: TransitionLanes

    /// The number of hidden states.
    public var states: Int { initial.count }

    /// - Throws: ``InferenceError`` unless the shapes agree and π and the rows of A are distributions (to 1e-8; they are
    ///   then made to sum to 1).
    public init(initial: [Double], transition: Matrix, emissions: Emissions) throws(InferenceError) {
        let states = emissions.states
        guard initial.count == states else {
            throw .wrongShape(
                what: "the initial distribution", found: "of length \(initial.count)",
                expected: "\(states), one for each state of the emissions")
        }
        guard transition.rows == states, transition.columns == states else {
            throw .wrongShape(
                what: "the transition matrix", found: "\(transition.rows) x \(transition.columns)",
                expected: "\(states) x \(states)")
        }
        var matrix = transition
        for state in 0..<states {
            let row = try ProbabilityRow.normalised(
                Array(transition.row(state)), name: "the transition probabilities from state \(state)")
            for next in 0..<states { matrix[state, next] = row[next] }
        }
        self.initial = try ProbabilityRow.normalised(initial, name: "the initial distribution")
        self.transition = matrix
        self.emissions = emissions
        lanes = TransitionLanes(initial: self.initial, transition: matrix)
    }

    /// The logarithm of the joint density of a path of states and the observations; −infinity for an impossible path.
    ///
    /// - Throws: ``InferenceError`` for observations that are not the model's, or a path of another length or other states.
    public func logDensity(of path: [Int], and observations: Emissions.Observations) throws -> Double {
        try emissions.check(observations, name: "the sequence")
        let length = Emissions.length(of: observations)
        guard path.count == length else {
            throw InferenceError.wrongShape(
                what: "the path", found: "of length \(path.count)", expected: "\(length), as the observations")
        }
        if let time = path.firstIndex(where: { $0 < 0 || $0 >= states }) {
            throw InferenceError.improperParameter(
                name: "the state at time \(time)", value: "\(path[time])", expected: "in 0 ..< \(states)")
        }
        let vectors = emissions.vectors
        let logs = LaneBuffer(count: length * vectors)
        emissions.writeLogDensities(of: observations, times: 0..<length, into: logs.start)
        var sum = log(initial[path[0]])
        for time in 0..<length {
            if time > 0 { sum += log(transition[path[time - 1], path[time]]) }
            sum += logs.scalars[time * vectors * 8 + path[time]]
        }
        return sum
    }

    /// A path of states and what they show.
    ///
    /// - Parameter length: at least 1.
    public func simulate(length: Int, using random: inout Random) -> HiddenMarkovSample<Emissions.Observations> {
        precondition(length > 0, "a sequence has at least one observation, not \(length)")
        var path: [Int] = []
        path.reserveCapacity(length)
        path.append(ProbabilityRow.draw(initial, 0, states, using: &random))
        while path.count < length {
            path.append(ProbabilityRow.draw(transition.storage, path.last! * states, states, using: &random))
        }
        return HiddenMarkovSample(states: path, observations: emissions.simulate(path, using: &random))
    }
}

/// A simulated sequence.
public struct HiddenMarkovSample<Observations: Sendable>: Sendable {
    /// The hidden states, `[length]`.
    public let states: [Int]
    /// What they showed.
    public let observations: Observations
}
