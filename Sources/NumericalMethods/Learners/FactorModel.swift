/// A fitted factorisation.
public struct FactorModel: Codable, Sendable, Equatable {
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

    /// Reads a stored model; throws `LearnerError.badModel` when its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        rank = try box.decode(Int.self, forKey: .rank)
        lambda = try box.decode(Double.self, forKey: .lambda)
        stageFactors = try box.decode(Matrix.self, forKey: .stageFactors)
        intercepts = try box.decode([Double].self, forKey: .intercepts)
        itemFactors = try box.decode(Matrix.self, forKey: .itemFactors)
        predictor = try box.decodeIfPresent(LinearPredictor.self, forKey: .predictor)
        objectives = try box.decode([Double].self, forKey: .objectives)
        guard rank > 0, lambda > 0, stageFactors.rows == intercepts.count, stageFactors.columns == rank,
            stageFactors.storage.count == intercepts.count * rank, itemFactors.columns == rank,
            itemFactors.storage.count == itemFactors.rows * rank,
            predictor?.outputs ?? intercepts.count == intercepts.count
        else { throw LearnerError.badModel("the factors do not fit the rank and the stages") }
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

    /// Writes the stages, `[stages]`, of an item of which only its context, `[features]`, is known. Allocates nothing.
    public func predict(_ context: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        precondition(predictor != nil, "a model predicts from contexts if it was fitted with contexts")
        predictor.unsafelyUnwrapped.predict(context, into: result)
    }

    /// The stages of many items, `[items, stages]` of contexts `[items, features]`.
    public func predict(_ contexts: Matrix) -> Matrix {
        contexts.mapRows(to: intercepts.count) { predict($0, into: $1) }
    }

    /// Fills in rows of which some stages were observed, `[items, stages]` (NaN: missing): the factors that explain
    /// the observed cells, shrunk towards 0 by λ, explain all cells.
    public func complete(_ observed: Matrix) throws -> Matrix {
        try LearnerInput.check(observed)
        try LearnerInput.check(count: observed.columns, of: "the stages", expected: intercepts.count)
        let factors = observed.mapRows(to: rank) { row, factors in
            AlternatingLeastSquares.solve(
                cells: row, against: stageFactors.storage, intercepts: intercepts, rank: rank, lambda: lambda,
                into: factors)
        }
        return factors.mapRows(to: intercepts.count) { explain($0, into: $1) }
    }
}
