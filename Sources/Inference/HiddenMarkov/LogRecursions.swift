internal import Foundation
internal import NumericalMethods

/// The recursions on logarithms: slower, with no limit to their range.
struct LogRecursions<Emissions: EmissionModel> {
    let model: HiddenMarkovModel<Emissions>
    /// The logarithm of A, `[states, states]`.
    private let transition: [Double]

    init(model: HiddenMarkovModel<Emissions>) {
        self.model = model
        transition = model.transition.storage.map { log($0) }
    }

    private var states: Int { model.states }

    /// Log-densities of all observations, `[times, states]`.
    private func emissions(_ observations: Emissions.Observations) -> [Double] {
        let length = Emissions.length(of: observations)
        let vectors = model.lanes.vectors
        let buffer = LaneBuffer(count: length * vectors)
        model.emissions.writeLogDensities(of: observations, times: 0..<length, into: buffer.start)
        return (0..<length * states).map { buffer.scalars[$0 / states * vectors * 8 + $0 % states] }
    }

    /// log p(zₜ | x₀ … xₜ), `[times, states]`, and log p(x).
    ///
    /// Rows are normalised as they come, so that their digits do not go into a sum that grows with time.
    ///
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` at the first time that no state can explain.
    func forward(
        _ observations: Emissions.Observations, name: String
    ) throws(InferenceError) -> (messages: [Double], logLikelihood: Double) {
        var messages = emissions(observations)
        let states = states
        var terms = [Double](repeating: 0, count: states)
        var row = terms
        var logLikelihood = 0.0
        for time in 0..<messages.count / states {
            for state in 0..<states {
                let before: Double
                if time == 0 {
                    before = log(model.initial[state])
                } else {
                    for other in 0..<states {
                        terms[other] = messages[(time - 1) * states + other] + transition[other * states + state]
                    }
                    before = logSumExp(terms)
                }
                row[state] = before + messages[time * states + state]
            }
            let total = logSumExp(row)
            guard total > -.infinity else { throw .impossibleObservation(place: "\(name), time \(time)") }
            for state in 0..<states { messages[time * states + state] = row[state] - total }
            logLikelihood += total
        }
        return (messages, logLikelihood)
    }

    /// The posterior of each state, handed to `receive` in blocks, and the totals.
    func smooth(
        _ observations: Emissions.Observations, name: String,
        receive: (Range<Int>, UnsafePointer<StateVector>) -> Void
    ) throws(InferenceError) -> SequenceSmoother<Emissions>.Totals {
        let (forward, logLikelihood) = try forward(observations, name: name)
        let logs = emissions(observations)
        let (states, vectors) = (states, model.lanes.vectors)
        let length = logs.count / states
        let pairs = LaneBuffer(count: model.lanes.evenStates * vectors, isZeroed: true)
        let posterior = LaneBuffer(count: length * vectors, isZeroed: true)
        var backward = [Double](repeating: 0, count: states)
        var terms = [Double](repeating: 0, count: states * states)
        for time in (0..<length).reversed() {
            if time < length - 1 {
                let next = (0..<states).map { backward[$0] + logs[(time + 1) * states + $0] }
                for state in 0..<states {
                    let row = state * states..<(state + 1) * states
                    for other in 0..<states {
                        terms[row.lowerBound + other] = transition[row.lowerBound + other] + next[other]
                    }
                    backward[state] = logSumExp(Array(terms[row]))
                }
            }
            let joint = (0..<states).map { forward[time * states + $0] + backward[$0] }
            let total = logSumExp(joint)
            for state in 0..<states {
                posterior.scalars[time * vectors * 8 + state] = exp(joint[state] - total)
                guard time < length - 1 else { continue }
                for other in 0..<states {
                    pairs.scalars[state * vectors * 8 + other] += exp(
                        forward[time * states + state] + terms[state * states + other] - total)
                }
            }
            let largest = backward.max() ?? 0
            for state in 0..<states { backward[state] -= largest }
        }
        receive(0..<length, posterior.start)
        return SequenceSmoother.Totals(
            logLikelihood: logLikelihood, transitions: pairs.vectors,
            first: Array(UnsafeBufferPointer(start: posterior.start, count: vectors)))
    }
}
