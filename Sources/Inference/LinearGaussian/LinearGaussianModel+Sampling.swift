internal import Foundation
public import NumericalMethods
public import Probability

extension LinearGaussianModel {
    /// Independent draws of the hidden path given a series, `[count]` of `[times, dimension]`.
    ///
    /// Filters forward once, then draws states from the last to the first. Draw i comes from stream i of a fork of
    /// `random`, whatever the number of threads.
    ///
    /// - Throws: as ``filter(_:)``.
    /// - Source: C. Carter and R. Kohn, 1994; S. Frühwirth-Schnatter, 1994.
    public func samplePaths(_ series: Matrix, count: Int, using random: inout Random) throws -> [Matrix] {
        precondition(count >= 0, "there are no \(count) paths")
        let filtered = try filter(series)
        let steps = try backwardSteps(filtered)
        let roots = try steps.map { try CovarianceFactor.root($0.covariance) }
        let last = series.rows - 1
        let lastRoot = try CovarianceFactor.root(filtered.covariances[last])
        let streams = random.fork()
        return Parallel.map(count: count, minimumChunk: max(1, 100 / series.rows)) { index in
            var stream = streams.split(UInt64(index))
            var path = filtered.means
            var state = add(Array(path.row(last)), lastRoot * Self.normals(dimension, &stream))
            for i in 0..<dimension { path[last, i] = state[i] }
            for time in (0..<last).reversed() {
                let pull = steps[time].gain * subtract(state, Array(filtered.predictedMeans.row(time + 1)))
                state = add(
                    add(Array(path.row(time)), pull), roots[time] * Self.normals(dimension, &stream))
                for i in 0..<dimension { path[time, i] = state[i] }
            }
            return path
        }
    }
}
