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

    /// log p(zₜ, x₀ … xₜ), `[times, states]`.
    ///
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` at the first time that no state can explain.
    func forward(_ observations: Emissions.Observations, name: String) throws(InferenceError) -> [Double] {
        let logs = emissions(observations)
        let states = states
        var messages = logs
        var terms = [Double](repeating: 0, count: states)
        for time in 0..<logs.count / states {
            var isPossible = false
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
                messages[time * states + state] += before
                if messages[time * states + state] > -.infinity { isPossible = true }
            }
            guard isPossible else { throw .impossibleObservation(place: "\(name), time \(time)") }
        }
        return messages
    }

    /// The posterior of each state, handed to `receive` in blocks, and the totals.
    func smooth(
        _ observations: Emissions.Observations, name: String,
        receive: (Range<Int>, UnsafePointer<StateVector>) -> Void
    ) throws(InferenceError) -> SequenceSmoother<Emissions>.Totals {
        let forward = try forward(observations, name: name)
        let logs = emissions(observations)
        let (states, vectors) = (states, model.lanes.vectors)
        let length = logs.count / states
        let total = logSumExp(Array(forward[((length - 1) * states)...]))
        let pairs = LaneBuffer(count: model.lanes.evenStates * vectors, isZeroed: true)
        let posterior = LaneBuffer(count: length * vectors, isZeroed: true)
        var backward = [Double](repeating: 0, count: states)
        var terms = [Double](repeating: 0, count: states)
        for time in (0..<length).reversed() {
            if time < length - 1 {
                let next = (0..<states).map { backward[$0] + logs[(time + 1) * states + $0] }
                for state in 0..<states {
                    for other in 0..<states {
                        terms[other] = transition[state * states + other] + next[other]
                        let logPair = forward[time * states + state] + terms[other] - total
                        pairs.scalars[state * vectors * 8 + other] += exp(logPair)
                    }
                    backward[state] = logSumExp(terms)
                }
            }
            for state in 0..<states {
                posterior.scalars[time * vectors * 8 + state] =
                    exp(forward[time * states + state] + backward[state] - total)
            }
        }
        receive(0..<length, posterior.start)
        return SequenceSmoother.Totals(
            logLikelihood: total, transitions: pairs.vectors,
            first: Array(UnsafeBufferPointer(start: posterior.start, count: vectors)))
    }
}
