internal import Foundation
internal import NumericalMethods
public import Probability

/// One path of hidden states and the logarithm of its joint density with the observations.
public struct HiddenMarkovPath: Sendable, Equatable {
    /// `[times]`.
    public let states: [Int]
    /// log p(z, x), in nats.
    public let logDensity: Double
}

extension HiddenMarkovModel {
    /// The path of greatest posterior probability; of equally good ones, one that ends in the lowest state and goes back
    /// through the lowest.
    ///
    /// - Throws: as ``posterior(of:)``.
    /// - Source: A. Viterbi, 1967.
    public func mostProbablePath(of observations: Emissions.Observations) throws -> HiddenMarkovPath {
        try emissions.check(observations, name: "the sequence")
        let length = Emissions.length(of: observations)
        let (states, vectors) = (states, lanes.vectors)
        // The best log-density of any path that ends in each state, over the log-densities of the observations.
        let best = LaneBuffer(count: length * vectors)
        nonisolated(unsafe) let target = best.start
        Parallel.chunks(of: length, minimumChunk: 2048) { range in
            emissions.writeLogDensities(of: observations, times: range, into: target + range.lowerBound * vectors)
        }
        let logs = LaneBuffer(count: states * vectors)
        for state in 0..<states {
            let row = StateVector.packed(transition.row(state).map { log($0) }, vectors: vectors, padding: -.infinity)
            for vector in 0..<vectors { logs.start[state * vectors + vector] = row[vector] }
        }
        let first = StateVector.packed(initial.map { log($0) }, vectors: vectors, padding: -.infinity)
        for vector in 0..<vectors { best.start[vector] += first[vector] }
        for time in 0..<length {
            let row = best.start + time * vectors
            var largest = StateVector(repeating: -.infinity)
            for vector in 0..<vectors {
                if time > 0 {
                    let before = best.scalars + (time - 1) * vectors * 8
                    var arrival = StateVector(repeating: -.infinity)
                    for state in 0..<states {
                        let candidate = StateVector(repeating: before[state]) + logs.start[state * vectors + vector]
                        arrival.replace(with: candidate, where: candidate .> arrival)
                    }
                    row[vector] += arrival
                }
                largest.replace(with: row[vector], where: row[vector] .> largest)
            }
            guard largest.max() > -.infinity else {
                throw InferenceError.impossibleObservation(place: "the sequence, time \(time)")
            }
        }
        // Going back, the state before is found again by the same sums, so no table of them is kept.
        var path = [Int](repeating: 0, count: length)
        for time in (0..<length).reversed() {
            let row = best.scalars + time * vectors * 8
            var greatest = -Double.infinity
            for state in 0..<states {
                let value =
                    time == length - 1
                    ? row[state] : row[state] + logs.scalars[state * vectors * 8 + path[time + 1]]
                if value > greatest {
                    greatest = value
                    path[time] = state
                }
            }
        }
        return HiddenMarkovPath(states: path, logDensity: best.scalars[(length - 1) * vectors * 8 + path[length - 1]])
    }

    /// Independent draws of the hidden path given the observations, `[count]` of `[times]`.
    ///
    /// Draw i comes from stream i of a fork of `random`, whatever the number of threads.
    ///
    /// - Throws: as ``posterior(of:)``.
    /// - Source: forward filtering, backward sampling; S. Frühwirth-Schnatter, 1994, and C. Carter and R. Kohn, 1994.
    public func samplePaths(
        of observations: Emissions.Observations, count: Int, using random: inout Random
    ) throws -> [[Int]] {
        precondition(count >= 0, "there are no \(count) paths")
        try emissions.check(observations, name: "the sequence")
        let filtered = try filtered(observations)
        let streams = random.fork()
        let length = filtered.length
        return try Parallel.map(count: count, minimumChunk: max(1, 20_000 / (length * states))) { index in
            var stream = streams.split(UInt64(index))
            var path = [Int](repeating: 0, count: length)
            path[length - 1] = try stream.choose(weights: filtered.last)
            for time in (0..<length - 1).reversed() {
                path[time] = try stream.choose(
                    weights: filtered.backwardWeights(time: time, next: path[time + 1], transition: transition))
            }
            return path
        }
    }
}
