internal import CLinearAlgebra
internal import Foundation

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

/// The state of one factorisation.
struct AlternatingLeastSquares {
    private let table: Matrix
    private let transposed: [Double]
    private let rank: Int
    private let lambda: Double
    /// Factors of items `[items, rank]` and of stages `[stages, rank]`, and the stages' intercepts.
    private(set) var items: [Double]
    private(set) var stages: [Double]
    private(set) var intercepts: [Double]

    init(table: Matrix, rank: Int, lambda: Double, seed: UInt64) {
        BLAS.prepare()
        self.table = table
        self.rank = rank
        self.lambda = lambda
        let (n, m) = (table.rows, table.columns)
        var transposed = [Double](repeating: 0, count: n * m)
        for row in 0..<n { for stage in 0..<m { transposed[stage * n + row] = table[row, stage] } }
        self.transposed = transposed
        items = [Double](repeating: 0, count: n * rank)
        var random = SplitMix64(seed: seed)
        stages = (0..<m * rank).map { _ in random.uniform() - 0.5 }
        intercepts = (0..<m).map { stage in
            let seen = transposed[stage * n..<(stage + 1) * n].filter { !$0.isNaN }
            return seen.reduce(0, +) / Double(seen.count)
        }
    }

    mutating func updateItems() {
        let (table, stages, intercepts, rank, lambda) = (table, stages, intercepts, rank, lambda)
        items.withUnsafeMutableBufferPointer { items in
            // Every item writes its own factors alone.
            nonisolated(unsafe) let items = items
            Parallel.forEach(count: table.rows, minimumChunk: 64) { item in
                table.storage.withUnsafeBufferPointer { cells in
                    Self.solve(
                        cells: UnsafeBufferPointer(rebasing: cells[item * table.columns..<(item + 1) * table.columns]),
                        against: stages, intercepts: intercepts, rank: rank, lambda: lambda,
                        into: UnsafeMutableBufferPointer(rebasing: items[item * rank..<(item + 1) * rank]))
                }
            }
        }
    }

    mutating func updateStages() {
        let n = table.rows
        let width = rank + 1
        // A stage's intercept is one more factor, constant 1 over the items and unpenalised.
        var extended = [Double](repeating: 1, count: n * width)
        for item in 0..<n { for factor in 0..<rank { extended[item * width + factor] = items[item * rank + factor] } }
        for stage in 0..<table.columns {
            var solution = [Double](repeating: 0, count: width)
            transposed.withUnsafeBufferPointer { cells in
                solution.withUnsafeMutableBufferPointer { solution in
                    Self.solve(
                        cells: UnsafeBufferPointer(rebasing: cells[stage * n..<(stage + 1) * n]), against: extended,
                        intercepts: nil, rank: width, lambda: lambda, unpenalised: rank, into: solution)
                }
            }
            for factor in 0..<rank { stages[stage * rank + factor] = solution[factor] }
            intercepts[stage] = solution[rank]
        }
    }

    func objective() -> Double {
        let m = table.columns
        var sum = 0.0
        for item in 0..<table.rows {
            for stage in 0..<m where !table[item, stage].isNaN {
                var error = table[item, stage] - intercepts[stage]
                for factor in 0..<rank { error -= items[item * rank + factor] * stages[stage * rank + factor] }
                sum += error * error
            }
        }
        return sum + lambda * (items.reduce(0) { $0 + $1 * $1 } + stages.reduce(0) { $0 + $1 * $1 })
    }

    /// The map from contexts to stages, through the factors, with the least squared error on the observed cells.
    ///
    /// With zᵢ the context and a constant 1, and Gᵢ = Σₛ vₛvₛᵀ over the item's observed stages, the normal equations
    /// are (Σᵢ Gᵢ ⊗ zᵢzᵢᵀ + μ) θ = Σᵢ Σₛ (rᵢₛ − bₛ) vₛ ⊗ zᵢ.
    func predictor(from design: StandardisedDesign, penalty: Double) throws(LearnerError) -> LinearPredictor {
        let (n, m, d) = (table.rows, table.columns, design.columns)
        let width = d + 1
        let size = rank * width
        var z = [Double](repeating: 1, count: n * width)
        for item in 0..<n { for j in 0..<d { z[item * width + j] = design.values[item * d + j] } }
        var normal = [Double](repeating: 0, count: size * size)
        var solution = [Double](repeating: 0, count: size)
        var scaled = z
        for f in 0..<rank {
            for g in f..<rank {
                for item in 0..<n {
                    var weight = 0.0
                    for s in 0..<m where !table[item, s].isNaN { weight += stages[s * rank + f] * stages[s * rank + g] }
                    for j in 0..<width { scaled[item * width + j] = weight * z[item * width + j] }
                }
                normal.withUnsafeMutableBufferPointer { normal in
                    cblas_dgemm(
                        CblasRowMajor, CblasTrans, CblasNoTrans, Int32(width), Int32(width), Int32(n), 1, scaled,
                        Int32(width), z, Int32(width), 0, normal.baseAddress! + f * width * size + g * width,
                        Int32(size))
                }
            }
            for item in 0..<n {
                var target = 0.0
                for s in 0..<m where !table[item, s].isNaN {
                    target += (table[item, s] - intercepts[s]) * stages[s * rank + f]
                }
                for j in 0..<width { solution[f * width + j] += target * z[item * width + j] }
            }
        }
        for index in 0..<size { normal[index * size + index] += penalty }
        let status = LAPACKE_dposv(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(size), 1, &normal, Int32(size), &solution, 1)
        guard status == 0 else { throw .singular(learner: "matrix factorisation") }
        let coefficients = (0..<rank).flatMap { solution[$0 * width..<$0 * width + d] }
        return composed(
            with: design.rawModel(
                coefficients: coefficients, intercepts: (0..<rank).map { solution[$0 * width + d] }))
    }

    private func composed(with regression: LinearPredictor) -> LinearPredictor {
        let (m, d) = (table.columns, regression.features)
        var slopes = [Double](repeating: 0, count: m * d)
        var missing = slopes
        var offsets = intercepts
        for stage in 0..<m {
            for factor in 0..<rank {
                let weight = stages[stage * rank + factor]
                offsets[stage] += weight * regression.intercepts[factor]
                for feature in 0..<d {
                    slopes[stage * d + feature] += weight * regression.coefficients[factor * d + feature]
                    missing[stage * d + feature] += weight * regression.missingTerms[factor * d + feature]
                }
            }
        }
        return LinearPredictor(features: d, coefficients: slopes, missingTerms: missing, intercepts: offsets)
    }

    /// The ridge regression of the observed `cells`, less `intercepts`, on the rows of `factors`, `[cells, rank]`.
    static func solve(
        cells: UnsafeBufferPointer<Double>, against factors: [Double], intercepts: [Double]?, rank: Int, lambda: Double,
        unpenalised: Int? = nil, into solution: UnsafeMutableBufferPointer<Double>
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: rank * rank) { gram in
            for index in gram.indices { gram[index] = 0 }
            for index in 0..<rank {
                gram[index * rank + index] = index == unpenalised ? 0 : lambda
                solution[index] = 0
            }
            for index in 0..<cells.count where !cells[index].isNaN {
                let target = cells[index] - (intercepts?[index] ?? 0)
                for a in 0..<rank {
                    let value = factors[index * rank + a]
                    solution[a] += value * target
                    for b in 0...a { gram[a * rank + b] += value * factors[index * rank + b] }
                }
            }
            // The lower triangle by rows is the upper one by columns.
            let status = LAPACKE_dposv(
                LAPACK_COL_MAJOR, CChar(UInt8(ascii: "U")), Int32(rank), 1, gram.baseAddress!, Int32(rank),
                solution.baseAddress!, Int32(rank))
            // λ > 0, and an intercept has at least one observed cell: the matrix is positive definite.
            precondition(status == 0, "a penalised gram matrix is positive definite")
        }
    }
}
