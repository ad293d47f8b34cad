internal import NumericalMethods

/// Chooses exponents of a tempered likelihood.
public enum TemperingExponent {
    /// The exponent in (`exponent`, 1] at which weights L^(new - old) have an effective sample size of `threshold` times the
    /// number of particles that are possible at all; 1 where even that keeps it above.
    ///
    /// - Parameter logLikelihoods: `[particles]` in nats.
    /// - Throws: `InferenceError.zeroTotalWeight` where all are −∞, `.empty`.
    public static func next(
        after exponent: Double, logLikelihoods: [Double], threshold: Double
    ) throws(InferenceError) -> Double {
        guard !logLikelihoods.isEmpty else { throw .empty(what: "the cloud to temper") }
        let possible = logLikelihoods.filter { $0 > -.infinity }
        guard !possible.isEmpty else { throw .zeroTotalWeight(place: "exponent \(exponent)") }
        let goal = threshold * Double(possible.count)
        func size(_ rise: Double) -> Double {
            let logs = possible.map { rise * $0 }
            return logs.withUnsafeBufferPointer { WeightSummary(of: $0).effectiveSampleSize }
        }
        if size(1 - exponent) >= goal { return 1 }
        var low = 0.0
        var high = 1 - exponent
        // To three digits of the rise, whatever its magnitude; each halving is one pass.
        while high - low > 1e-3 * high, exponent + high > exponent {
            let middle = low == 0 ? 0.25 * high : 0.5 * (low + high)
            if size(middle) >= goal { low = middle } else { high = middle }
        }
        return exponent + (low > 0 && exponent + low > exponent ? low : high)
    }
}
