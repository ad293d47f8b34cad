/// A fitted factorisation.
public struct FactorModel: Sendable, Equatable {
    /// The number of factors.
    public let rank: Int
    /// The penalty that was used.
    public let lambda: Double
    /// The stages' factors, `[stages, rank]`.
    public let stageFactors: Matrix
    /// The stages' intercepts, `[stages]`.
    public let intercepts: [Double]
    /// The training items' factors, `[items, rank]`.
    public let itemFactors: Matrix
    /// The row of stages as a linear map of an item's context, if contexts were given.
    public let predictor: LinearPredictor?
    /// The objective at the start and after each round.
    public let objectives: [Double]

    init(
        rank: Int, lambda: Double, stageFactors: Matrix, intercepts: [Double], itemFactors: Matrix,
        predictor: LinearPredictor?, objectives: [Double]
    ) {
        self.rank = rank
        self.lambda = lambda
        self.stageFactors = stageFactors
        self.intercepts = intercepts
        self.itemFactors = itemFactors
        self.predictor = predictor
        self.objectives = objectives
    }

    /// The training table with its missing cells filled in, as the factors explain it, `[items, stages]`.
    public func reconstruction() -> Matrix {
        itemFactors.mapRows(to: intercepts.count) { explain($0, into: $1) }
    }

    private func explain(_ factors: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        for stage in 0..<intercepts.count {
            var sum = intercepts[stage]
            for factor in 0..<rank { sum += factors[factor] * stageFactors.storage[stage * rank + factor] }
            result[stage] = sum
        }
    }
}
