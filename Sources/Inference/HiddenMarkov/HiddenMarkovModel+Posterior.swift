internal import Foundation
public import NumericalMethods

/// What a sequence of observations says of the hidden states.
public struct HiddenMarkovPosterior: Sendable, Equatable {
    /// log p(x), in nats.
    public let logLikelihood: Double
    /// p(zₜ = k | x), `[times, states]`.
    public let marginals: Matrix
    /// Σₜ p(zₜ = i, zₜ₊₁ = j | x), `[states, states]`.
    public let expectedTransitions: Matrix

    /// The most probable state of each time by itself, `[times]`: what errs least often, though as a path it may be
    /// impossible. The first of equally probable ones.
    public var mostProbableStates: [Int] {
        (0..<marginals.rows).map { time in
            let row = Array(marginals.row(time))
            return row.firstIndex(of: row.max() ?? 0) ?? 0
        }
    }
}

extension HiddenMarkovModel {
    /// The posterior of each hidden state given the whole sequence.
    ///
    /// - Throws: ``InferenceError`` for an empty sequence, observations that are no numbers or no symbols, and those that
    ///   the model holds to be impossible, with their time.
    /// - Complexity: O(times · states²), on two threads for long sequences.
    public func posterior(of observations: Emissions.Observations) throws -> HiddenMarkovPosterior {
        try emissions.check(observations, name: "the sequence")
        let length = Emissions.length(of: observations)
        let (states, vectors) = (states, lanes.vectors)
        var marginals = [Double](repeating: 0, count: length * states)
        let totals = try marginals.withUnsafeMutableBufferPointer { target in
            // Each time is written by one side only.
            nonisolated(unsafe) let target = target
            return try SequenceSmoother(model: self).smooth(
                observations, name: "the sequence",
                receive: { _, times, rows in
                    let values = UnsafeRawPointer(rows).assumingMemoryBound(to: Double.self)
                    for (row, time) in times.enumerated() {
                        for state in 0..<states { target[time * states + state] = values[row * vectors * 8 + state] }
                    }
                }, restart: {})
        }
        return HiddenMarkovPosterior(
            logLikelihood: totals.logLikelihood,
            marginals: Matrix(rows: length, columns: states, storage: marginals),
            expectedTransitions: totals.transitionMatrix(states))
    }

    /// p(zₜ = i, zₜ₊₁ = j | x) of each neighbouring pair of times, `[times − 1]` of `[states, states]`.
    ///
    /// - Throws: as ``posterior(of:)``.
    public func pairwisePosterior(of observations: Emissions.Observations) throws -> [Matrix] {
        let smoothed = try posterior(of: observations).marginals
        let filtered = try filtered(observations)
        let length = smoothed.rows
        // p(i, j | x) = p(i | x₀ … xₜ) A(i, j) p(j | x) / p(j | x₀ … xₜ).
        return (0..<max(0, length - 1)).map { time in
            var pair = Matrix(rows: states, columns: states)
            for next in 0..<states where smoothed[time + 1, next] > 0 {
                let weights = filtered.backwardWeights(time: time, next: next, transition: transition)
                let total = weights.reduce(0, +)
                for state in 0..<states where weights[state] > 0 {
                    pair[state, next] = smoothed[time + 1, next] * (weights[state] / total)
                }
            }
            return pair
        }
    }

    /// log p(x), in nats.
    ///
    /// - Throws: as ``posterior(of:)``.
    public func logLikelihood(of observations: Emissions.Observations) throws -> Double {
        try emissions.check(observations, name: "the sequence")
        return try filtered(observations).logLikelihood
    }

    /// The sum of the log-likelihoods of several sequences; errors name the sequence.
    public func logLikelihood(of sequences: [Emissions.Observations]) throws -> Double {
        try Parallel.reduce(
            count: sequences.count,
            body: { range in
                try range.reduce(0.0) { sum, index in
                    try emissions.check(sequences[index], name: "sequence \(index)")
                    return sum + (try filtered(sequences[index], name: "sequence \(index)").logLikelihood)
                }
            }, combine: +) ?? 0
    }

    /// p(zₜ = k | x₀ … xₜ), `[times, states]`: what is known of each state as soon as its observation is in.
    ///
    /// - Throws: as ``posterior(of:)``.
    public func filter(_ observations: Emissions.Observations) throws -> Matrix {
        try emissions.check(observations, name: "the sequence")
        let messages = try filtered(observations)
        return Matrix(rows: messages.length, columns: states, storage: messages.probabilities)
    }
}

extension SequenceSmoother.Totals {
    /// The expected transitions, `[states, states]`.
    func transitionMatrix(_ states: Int) -> Matrix {
        let vectors = (states + 7) / 8
        return Matrix(
            rows: states, columns: states,
            storage: (0..<states * states).map { transitions.lane($0 % states, row: $0 / states, vectors: vectors) })
    }
}
