internal import Foundation
internal import NumericalMethods

/// The posterior of one sequence's states, on two threads: one recursion runs forward from the start, one backward from
/// the end; each keeps its messages up to the middle, and past it meets those of the other and forms posteriors at once.
///
/// Scaled numbers are vouched for by Σₖ uₜ(k) vₜ(k): a path that lost its mass to underflow at time t had less than 1e-300
/// there, so it counts nothing as long as this sum stays above 1e-100. Where it does not, the sequence is done again on
/// logarithms.
struct SequenceSmoother<Emissions: EmissionModel> {
    let model: HiddenMarkovModel<Emissions>

    /// How many times are worked on at once: few enough that their rows stay in the nearest cache.
    private static var block: Int { 128 }
    /// Sequences shorter than this stay on one thread.
    private static var parallelLength: Int { 4096 }

    /// What a pass over a sequence leaves.
    struct Totals {
        var logLikelihood: Double
        /// Expected numbers of transitions, `[evenStates, vectors]`.
        var transitions: [StateVector]
        /// The posterior of the first state, `[vectors]`.
        var first: [StateVector]
    }

    /// Smooths a checked sequence.
    ///
    /// - Parameters:
    ///   - name: what errors call the sequence.
    ///   - receive: called with consecutive times and their posterior `[times, vectors]`, on two threads, numbered 0 and
    ///     1; which times come from which does not depend on how many threads there are.
    /// - Throws: ``InferenceError/impossibleObservation(place:)``.
    func smooth(
        _ observations: Emissions.Observations, name: String,
        receive: @Sendable (_ side: Int, _ times: Range<Int>, _ posterior: UnsafePointer<StateVector>) -> Void,
        restart: () -> Void
    ) throws(InferenceError) -> Totals {
        if let totals = scaled(observations, receive: receive) { return totals }
        restart()
        return try LogRecursions(model: model).smooth(observations, name: name) { times, rows in
            receive(0, times, rows)
        }
    }

    /// Whether scaled numbers serve this checked sequence.
    func isInRange(_ observations: Emissions.Observations) -> Bool {
        scaled(observations) { _, _, _ in } != nil
    }

    private func scaled(
        _ observations: Emissions.Observations,
        receive: @Sendable (Int, Range<Int>, UnsafePointer<StateVector>) -> Void
    ) -> Totals? {
        let length = Emissions.length(of: observations)
        let vectors = model.lanes.vectors
        let half = length / 2
        let likelihoods = ScaledLikelihoodRows(model.emissions, observations)
        // The half of the messages that waits for the other side: u before the middle, v from it on.
        let forward = LaneBuffer(count: half * vectors)
        let backward = LaneBuffer(count: (length - half) * vectors)
        let sides = [
            SmootherSide(model.lanes, block: Self.block), SmootherSide(model.lanes, block: Self.block),
        ]
        nonisolated(unsafe) let (b, u, v) = (likelihoods.rows.start, forward.start, backward.start)
        // Each side is used by one thread at a time.
        nonisolated(unsafe) let parts = sides
        let both: (@Sendable (Int) -> Void) -> Void = { body in
            if length < Self.parallelLength {
                body(0)
                body(1)
            } else {
                Parallel.forEach(count: 2, body: body)
            }
        }
        both { side in
            if side == 0 {
                parts[0].forwardToMiddle(half, likelihoods: b, rows: u)
            } else {
                parts[1].backwardToMiddle(half..<length, likelihoods: b, rows: v)
            }
        }
        both { side in
            if side == 0 {
                parts[0].forwardFromMiddle(half..<length, likelihoods: b, forward: u, backward: v) {
                    receive(0, $0, $1)
                }
            } else {
                parts[1].backwardFromMiddle(half, likelihoods: b, forward: u, backward: v) { receive(1, $0, $1) }
            }
        }
        guard sides.allSatisfy({ $0.least > TransitionLanes.tiny }) else { return nil }
        var totals = Totals(
            logLikelihood: sides[0].product.total + likelihoods.logScaleSum, transitions: sides[0].transitions.vectors,
            first: half > 0 ? sides[1].first : sides[0].first)
        for index in totals.transitions.indices {
            totals.transitions[index] += sides[1].transitions.start[index]
            totals.transitions[index] *= model.lanes.rows[index]
        }
        return totals
    }
}

/// The likelihoods of a sequence relative to the largest of each time, `[times, vectors]`.
struct ScaledLikelihoodRows {
    let rows: LaneBuffer
    /// The sum of the logarithms of the scales.
    let logScaleSum: Double

    /// Computed in blocks on all cores; a sum over blocks of fixed size is the same on any number of them.
    init<Emissions: EmissionModel>(_ emissions: Emissions, _ observations: Emissions.Observations) {
        let length = Emissions.length(of: observations)
        let vectors = emissions.vectors
        let buffer = LaneBuffer(count: length * vectors)
        nonisolated(unsafe) let target = buffer.start
        logScaleSum =
            Parallel.reduce(
                count: length, minimumChunk: 2048,
                body: { range in
                    withUnsafeTemporaryAllocation(of: Double.self, capacity: 128) { scales in
                        var sum = 0.0
                        for start in stride(from: range.lowerBound, to: range.upperBound, by: 128) {
                            let times = start..<min(start + 128, range.upperBound)
                            emissions.writeLikelihoods(
                                of: observations, times: times, into: target + start * vectors,
                                logScales: scales.baseAddress!)
                            for index in 0..<times.count { sum += scales[index] }
                        }
                        return sum
                    }
                }, combine: +) ?? 0
        rows = buffer
    }
}
