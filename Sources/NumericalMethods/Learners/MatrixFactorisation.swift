/// Explains a table with missing cells, items by stages, by a few latent factors of each.
///
/// Minimises Σ over observed (rᵢₛ − bₛ − uᵢ·vₛ)² + λ (Σᵢ ‖uᵢ‖² + Σₛ ‖vₛ‖²) by alternating least squares, stage
/// intercepts bₛ unpenalised. With the stages' factors held, a linear map from contexts to items' factors is then
/// fitted to the observed cells themselves (ridge on standardised contexts); it predicts the row of an item of which
/// nothing was observed. Fitting cells, not factors, keeps it free of the shrinkage of sparsely observed items.
/// Source: Zhou et al., 2008, "Large-scale parallel collaborative filtering for the Netflix prize", section 3.
public struct MatrixFactorisation: Codable, Sendable, Equatable {
    /// The number of factors.
    public var rank: Int
    /// The penalty λ, above 0.
    public var lambda: Double
    /// The most rounds, each of items and stages once.
    public var iterations: Int
    /// A round that lowers the objective by less than this share ends the search.
    public var tolerance: Double
    /// The squared penalty on the map from contexts to factors, above 0.
    public var contextPenalty: Double
    /// Seeds the first factors.
    public var seed: UInt64

    /// A factorisation.
    public init(
        rank: Int = 3, lambda: Double = 1, iterations: Int = 200, tolerance: Double = 1e-9,
        contextPenalty: Double = 1, seed: UInt64 = 0
    ) {
        self.rank = rank
        self.lambda = lambda
        self.iterations = iterations
        self.tolerance = tolerance
        self.contextPenalty = contextPenalty
        self.seed = seed
    }

    /// Factorises `table`, `[items, stages]` (NaN: missing), with `contexts`, `[items, features]` (NaN: missing).
    ///
    /// - Throws: `LearnerError` for empty, mismatched or infinite input, a stage of which nothing was observed, and
    ///   settings out of range.
    public func fit(table: Matrix, contexts: Matrix? = nil) throws -> FactorModel {
        try LearnerInput.check(table)
        try LearnerInput.check(rank > 0, "the rank", Double(rank), "at least 1")
        try LearnerInput.check(lambda > 0 && lambda.isFinite, "lambda", lambda, "above 0")
        try LearnerInput.check(
            contextPenalty > 0 && contextPenalty.isFinite, "the context penalty", contextPenalty, "above 0")
        try LearnerInput.check(iterations > 0, "the number of iterations", Double(iterations), "at least 1")
        if let contexts {
            try LearnerInput.check(contexts)
            try LearnerInput.check(count: contexts.rows, of: "the rows of the contexts", expected: table.rows)
        }
        for stage in 0..<table.columns where !(0..<table.rows).contains(where: { !table[$0, stage].isNaN }) {
            throw LearnerError.nonFiniteTarget(row: 0, column: stage)
        }
        var search = AlternatingLeastSquares(table: table, rank: rank, lambda: lambda, seed: seed)
        var objectives = [search.objective()]
        for _ in 0..<iterations {
            search.updateItems()
            search.updateStages()
            objectives.append(search.objective())
            let last = objectives[objectives.count - 2]
            if last - objectives[objectives.count - 1] <= tolerance * last { break }
        }
        var predictor: LinearPredictor?
        if let contexts {
            let design = StandardisedDesign(contexts, weights: nil, indicators: false, divides: true)
            predictor = try search.predictor(from: design, penalty: contextPenalty)
        }
        return FactorModel(
            rank: rank, lambda: lambda,
            stageFactors: Matrix(rows: table.columns, columns: rank, storage: search.stages),
            intercepts: search.intercepts,
            itemFactors: Matrix(rows: table.rows, columns: rank, storage: search.items), predictor: predictor,
            objectives: objectives)
    }
}
