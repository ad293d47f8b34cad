/// The mean and the covariance of the rows of a matrix.
public struct Covariance: Sendable, Equatable {
    /// The weighted mean, `[columns]`.
    public let mean: [Double]
    /// The covariance, `[columns, columns]`.
    public let matrix: Matrix

    /// Weighted mean μ = Σ wᵢ xᵢ / Σ wᵢ and covariance Σ wᵢ (xᵢ − μ)(xᵢ − μ)ᵀ / (Σ wᵢ − d).
    ///
    /// - Parameters:
    ///   - data: one observation a row, `[items, columns]`.
    ///   - weights: counts of how often each row was seen, so that a weight of 2 equals the row twice; nil for all 1.
    ///   - degreesOfFreedomLost: d: 1 for the unbiased estimate, 0 for the likelihood's maximum.
    /// - Throws: `NumericalError.nonFinite`; `.invalidArgument` if the weights do not sum to more than d.
    public init(of data: Matrix, weights: [Double]? = nil, degreesOfFreedomLost: Double = 1) throws(NumericalError) {
        precondition(weights == nil || weights!.count == data.rows, "one weight for each row")
        try requireFinite(data.storage, "the data of a covariance")
        if let weights {
            try requireFinite(weights, "the weights of a covariance")
            if let negative = weights.first(where: { $0 < 0 }) {
                throw .invalidArgument(name: "a weight of the covariance", value: negative, requirement: "0 or more")
            }
        }
        let total = weights?.reduce(0, +) ?? Double(data.rows)
        guard total > degreesOfFreedomLost, total > 0 else {
            throw .invalidArgument(
                name: "the total weight of the covariance", value: total,
                requirement: "more than \(degreesOfFreedomLost)")
        }
        // Two passes: the squares are taken of centred numbers, so that a large mean does not swallow the variance.
        let ones = weights ?? [Double](repeating: 1, count: data.rows)
        let mean = data.multiplied(by: ones, transposingSelf: true).map { $0 / total }
        var centred = data
        for row in 0..<data.rows { for column in 0..<data.columns { centred[row, column] -= mean[column] } }
        self.mean = mean
        matrix = centred.gram(weights: weights) * (1 / (total - degreesOfFreedomLost))
    }
}

/// The unbiased covariance of the rows of `data`, `[columns, columns]`; see `Covariance` for the weights.
public func covariance(of data: Matrix, weights: [Double]? = nil) throws(NumericalError) -> Matrix {
    try Covariance(of: data, weights: weights).matrix
}
