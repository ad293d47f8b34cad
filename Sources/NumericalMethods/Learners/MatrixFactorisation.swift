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
    /// The squared penalty on the map from contexts to factors, above 0, as a share of the mean diagonal of its normal
    /// equations.
    public var contextPenalty: Double
    /// Seeds the first factors.
    public var seed: UInt64

    /// A factorisation.
    public init(
        rank: Int = 3, lambda: Double = 1, iterations: Int = 200, tolerance: Double = 1e-9,
        contextPenalty: Double = 1e-3, seed: UInt64 = 0
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
        try check(table: table, contexts: contexts)
        for stage in 0..<table.columns where !(0..<table.rows).contains(where: { !table[$0, stage].isNaN }) {
            throw LearnerError.nonFiniteTarget(row: 0, column: stage)
        }
        let (search, objectives) = factorised(table)
        var predictor: LinearPredictor?
        if let contexts {
            let design = StandardisedDesign(contexts, weights: nil, indicators: false, divides: true)
            predictor = try search.predictors(from: design, penalties: [contextPenalty])[0]
        }
        return FactorModel(
            rank: rank, lambda: lambda,
            stageFactors: Matrix(rows: table.columns, columns: rank, storage: search.stages),
            intercepts: search.intercepts,
            itemFactors: Matrix(rows: table.rows, columns: rank, storage: search.items), predictor: predictor,
            objectives: objectives)
    }

    /// This factorisation with the rank and context penalty that predict the `heldOut` items' cells from their contexts
    /// with the least squared error when fitted to the others (the first of equals).
    ///
    /// - Throws: As `fit`, and `LearnerError.noRows` if no item is held out or none is left.
    public func tuned(
        table: Matrix, contexts: Matrix, heldOut: [Bool], ranks: [Int],
        contextPenalties: [Double] = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1]
    ) throws -> MatrixFactorisation {
        try check(table: table, contexts: contexts)
        try LearnerInput.check(count: heldOut.count, of: "the marks of items held out", expected: table.rows)
        let held = heldOut.indices.filter { heldOut[$0] }
        let rest = heldOut.indices.filter { !heldOut[$0] }
        guard !held.isEmpty, !rest.isEmpty else { throw LearnerError.noRows }
        let design = StandardisedDesign(contexts.rows(rest), weights: nil, indicators: false, divides: true)
        let (known, left, unseen) = (table.rows(rest), table.rows(held), contexts.rows(held))
        var best = (learner: self, error: Double.infinity)
        for rank in ranks {
            var learner = self
            learner.rank = rank
            try learner.check(table: known, contexts: nil)
            let predictors = try learner.factorised(known).search.predictors(from: design, penalties: contextPenalties)
            for (penalty, predictor) in zip(contextPenalties, predictors) {
                learner.contextPenalty = penalty
                let error = zip(left.storage, predictor.predict(unseen).storage).reduce(0.0) { sum, pair in
                    pair.0.isNaN ? sum : sum + (pair.0 - pair.1) * (pair.0 - pair.1)
                }
                if error < best.error { best = (learner, error) }
            }
        }
        return best.learner
    }

    /// Alternates until a round gains too little; the objective at the start and after each round.
    private func factorised(_ table: Matrix) -> (search: AlternatingLeastSquares, objectives: [Double]) {
        var search = AlternatingLeastSquares(table: table, rank: rank, lambda: lambda, seed: seed)
        var objectives = [search.objective()]
        for _ in 0..<iterations {
            search.updateItems()
            search.updateStages()
            objectives.append(search.objective())
            let last = objectives[objectives.count - 2]
            if last - objectives[objectives.count - 1] <= tolerance * last { break }
        }
        return (search, objectives)
    }

    private func check(table: Matrix, contexts: Matrix?) throws(LearnerError) {
        try LearnerInput.check(table)
        try LearnerInput.check(rank > 0, "the rank", Double(rank), "at least 1")
        try LearnerInput.check(lambda > 0 && lambda.isFinite, "lambda", lambda, "above 0")
        try LearnerInput.check(
            contextPenalty > 0 && contextPenalty.isFinite, "the context penalty", contextPenalty, "above 0")
        try LearnerInput.check(iterations > 0, "the number of iterations", Double(iterations), "at least 1")
        guard let contexts else { return }
        try LearnerInput.check(contexts)
        try LearnerInput.check(count: contexts.rows, of: "the rows of the contexts", expected: table.rows)
    }
}
