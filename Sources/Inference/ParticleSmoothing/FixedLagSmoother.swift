internal import NumericalMethods

extension ParticleHistory {
    /// Means of x_t given y₀, ..., y_{t + lag}, `[steps]`, by following each particle's line back: no transition density is
    /// needed. The bias of stopping early shrinks with the lag while the variance grows as lines merge; a lag of a few
    /// times the chain's memory is usual. A lag of 0 gives filtering means.
    ///
    /// - Throws: `InferenceError.improperParameter` for a negative lag, `.empty`.
    /// - Source: G. Kitagawa, S. Sato, 2001; J. Olsson, O. Cappé, R. Douc, E. Moulines, 2008.
    /// - Complexity: O(steps × lag × particles).
    public func fixedLagMeans(lag: Int, dimension: Int = 0) throws(InferenceError) -> [Double] {
        guard lag >= 0 else { throw .improperParameter(name: "lag", value: "\(lag)", expected: "at least 0") }
        guard !steps.isEmpty else { throw .empty(what: "the history") }
        precondition(dimension >= 0 && dimension < self.dimension, "a particle has no dimension \(dimension)")
        return Parallel.map(count: steps.count) { step in
            let end = min(steps.count - 1, step + lag)
            var places = (0..<particleCount).map { Int32($0) }
            for later in stride(from: end, to: step, by: -1) {
                guard let ancestors = steps[later].ancestors else { continue }
                for index in places.indices { places[index] = ancestors[Int(places[index])] }
            }
            var mean = 0.0
            for index in places.indices {
                mean +=
                    steps[end].weights[index] * value(step: step, particle: Int(places[index]), dimension: dimension)
            }
            return mean
        }
    }
}
