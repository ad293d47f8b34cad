internal import Foundation
internal import NumericalMethods

/// The forward messages of one sequence.
struct FilteredStates {
    let logLikelihood: Double
    let states: Int
    /// p(zₜ | x₀ … xₜ), `[times, states]`, or its logarithm.
    private let messages: [Double]
    private let areLogs: Bool

    var length: Int { messages.count / states }

    init(logLikelihood: Double, states: Int, messages: [Double], areLogs: Bool) {
        self.logLikelihood = logLikelihood
        self.states = states
        self.messages = messages
        self.areLogs = areLogs
    }

    /// p(zₜ | x₀ … xₜ), `[times, states]`.
    var probabilities: [Double] {
        guard areLogs else { return messages }
        return (0..<length).flatMap { softmax(Array(messages[$0 * states..<($0 + 1) * states])) }
    }

    /// p(zₜ = i | x₀ … xₜ, zₜ₊₁ = next) up to a factor, `[states]`.
    func backwardWeights(time: Int, next: Int, transition: Matrix) -> [Double] {
        if areLogs {
            return softmax((0..<states).map { messages[time * states + $0] + log(transition[$0, next]) })
        }
        return (0..<states).map { messages[time * states + $0] * transition[$0, next] }
    }

    /// p(z of the last time | x), `[states]`.
    var last: [Double] {
        let row = Array(messages[((length - 1) * states)...])
        return areLogs ? softmax(row) : row
    }
}

extension HiddenMarkovModel {
    /// The forward messages of a checked sequence.
    ///
    /// Scaled numbers serve where the chain reaches every state from every other, so that a state lost to underflow was
    /// of no account; otherwise a smoothing pass vouches for them first (see ``SequenceSmoother``).
    func filtered(
        _ observations: Emissions.Observations, name: String = "the sequence"
    ) throws(InferenceError) -> FilteredStates {
        if lanes.isDense || isVouched(observations, name: name), let scaled = scaledFilter(observations) {
            return scaled
        }
        let logged = try LogRecursions(model: self).forward(observations, name: name)
        return FilteredStates(
            logLikelihood: logged.logLikelihood, states: states, messages: logged.messages, areLogs: true)
    }

    private func isVouched(_ observations: Emissions.Observations, name: String) -> Bool {
        SequenceSmoother(model: self).isInRange(observations)
    }

    private func scaledFilter(_ observations: Emissions.Observations) -> FilteredStates? {
        let length = Emissions.length(of: observations)
        let vectors = lanes.vectors
        let likelihoods = ScaledLikelihoodRows(emissions, observations)
        let rows = LaneBuffer(count: length * vectors)
        var sums = [Double](repeating: 0, count: length + 1)
        sums.withUnsafeMutableBufferPointer {
            ScaledRecursions(lanes: lanes).forward(
                0..<length, likelihoods: likelihoods.rows.start, rows: rows.start, sums: $0.baseAddress! + 1)
        }
        var product = RunningProduct()
        for time in 1...length {
            guard sums[time] > TransitionLanes.tiny else { return nil }
            product.multiply(by: sums[time])
        }
        let states = states
        let messages = [Double](unsafeUninitializedCapacity: length * states) { target, count in
            for time in 0..<length {
                let scale = 1 / sums[time + 1]
                for state in 0..<states {
                    target[time * states + state] = rows.scalars[time * vectors * 8 + state] * scale
                }
            }
            count = length * states
        }
        return FilteredStates(
            logLikelihood: product.total + likelihoods.logScaleSum, states: states, messages: messages, areLogs: false)
    }
}
