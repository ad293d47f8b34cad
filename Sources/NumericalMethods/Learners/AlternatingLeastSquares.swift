internal import CLinearAlgebra

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
            // A stage of which nothing is seen stays at 0.
            return seen.isEmpty ? 0 : seen.reduce(0, +) / Double(seen.count)
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
        for stage in 0..<table.columns where transposed[stage * n..<(stage + 1) * n].contains(where: { !$0.isNaN }) {
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

    /// The maps from contexts to stages, through the factors, with the least squared error on the observed cells: one
    /// for each of `penalties`, which are multiples of the mean diagonal of the normal equations.
    ///
    /// With zᵢ the context and a constant 1, and Gᵢ = Σₛ vₛvₛᵀ over the item's observed stages, the normal equations
    /// are (Σᵢ Gᵢ ⊗ zᵢzᵢᵀ + μ) θ = Σᵢ Σₛ (rᵢₛ − bₛ) vₛ ⊗ zᵢ.
    func predictors(from design: StandardisedDesign, penalties: [Double]) throws(LearnerError) -> [LinearPredictor] {
        let (n, m, d) = (table.rows, table.columns, design.columns)
        let width = d + 1
        let size = rank * width
        var z = [Double](repeating: 1, count: n * width)
        for item in 0..<n { for j in 0..<d { z[item * width + j] = design.values[item * d + j] } }
        var normal = [Double](repeating: 0, count: size * size)
        var cross = [Double](repeating: 0, count: size)
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
                for j in 0..<width { cross[f * width + j] += target * z[item * width + j] }
            }
        }
        let mean = (0..<size).reduce(0) { $0 + normal[$1 * size + $1] } / Double(size)
        var predictors: [LinearPredictor] = []
        for penalty in penalties {
            var factor = normal
            var solution = cross
            // Factors that are all 0 explain nothing, whatever the penalty.
            for index in 0..<size { factor[index * size + index] += mean > 0 ? penalty * mean : 1 }
            let status = LAPACKE_dposv(
                LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(size), 1, &factor, Int32(size), &solution, 1)
            guard status == 0 else { throw .singular(learner: "matrix factorisation") }
            let coefficients = (0..<rank).flatMap { solution[$0 * width..<$0 * width + d] }
            predictors.append(
                composed(
                    with: design.rawModel(
                        coefficients: coefficients, intercepts: (0..<rank).map { solution[$0 * width + d] })))
        }
        return predictors
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
    private static func solve(
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
