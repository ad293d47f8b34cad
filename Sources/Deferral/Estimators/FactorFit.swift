import NumericalMethods

/// Matrix factorisation with side information: qualities of low rank, whose row factors follow from the features.
///
///     quality_k = mean_k + v_k · u,   u = U x
///
/// The table of qualities, `[rows, stages]` with missing cells, is factored by alternating least squares; a ridge
/// regression then maps features to row factors, so that an item never seen has factors too. The rank is the one with
/// the smallest squared error on a held-out fold. What comes out is a linear model whose weights have that rank.
///
/// - Source: Koren, Bell and Volinsky 2009, "Matrix Factorization Techniques for Recommender Systems"; for routing,
///   Ong et al. 2024, "RouteLLM", section 4.
enum FactorFit {
    /// The penalty on factors, in variances of one cell.
    static let penalty = 1.0

    static func fit(_ rows: TrainingRows) throws -> LinearModel {
        let largest = min(4, rows.outputs)
        let heldFold = rows.heldFold
        let rest = rows.filter { rows.fold[$0] != heldFold }
        var best = (rank: 1, error: Double.infinity)
        if largest > 1 {
            for rank in 1...largest {
                let error = squaredError(of: try fit(rest, rank: rank), on: rows, fold: heldFold)
                if error < best.error { best = (rank, error) }
            }
        }
        return try fit(rows, rank: best.rank)
    }

    /// The squared error of `model` on one fold of `rows`.
    private static func squaredError(of model: LinearModel, on rows: TrainingRows, fold: Int32) -> Double {
        var error = 0.0
        var row = [Double](repeating: 0, count: rows.width)
        var result = [Double](repeating: 0, count: rows.outputs)
        for index in 0..<rows.count where rows.fold[index] == fold {
            for feature in 0..<rows.width { row[feature] = rows.features[index * rows.width + feature] }
            row.withUnsafeMutableBufferPointer { row in
                result.withUnsafeMutableBufferPointer { model.predict(row, into: $0) }
            }
            for output in 0..<rows.outputs {
                let miss = rows.targets[index * rows.outputs + output] - result[output]
                if !miss.isNaN { error += miss * miss }
            }
        }
        return error
    }

    static func fit(_ rows: TrainingRows, rank: Int) throws -> LinearModel {
        let means = EstimatorKind.means(rows)
        let (factors, loadings) = try factorise(rows, means: means, rank: rank)
        let inner = try RidgeFit.fit(
            TrainingRows(
                width: rows.width, outputs: rank, features: rows.features, targets: factors, fold: rows.fold,
                folds: rows.folds)
        ).model
        func lift(_ values: [Double]) -> [Double] {
            let count = values.count / rank
            var result = [Double](repeating: 0, count: count * rows.outputs)
            for row in 0..<count {
                for output in 0..<rows.outputs {
                    for factor in 0..<rank {
                        result[row * rows.outputs + output] +=
                            values[row * rank + factor] * loadings[output * rank + factor]
                    }
                }
            }
            return result
        }
        return LinearModel(
            weights: lift(inner.weights), missing: lift(inner.missing),
            intercepts: zip(lift(inner.intercepts), means).map(+), link: .identity)
    }

    /// Row factors, `[rows, rank]`, and stage factors, `[outputs, rank]`, by alternating least squares.
    private static func factorise(
        _ rows: TrainingRows, means: [Double], rank: Int
    ) throws -> (factors: [Double], loadings: [Double]) {
        let outputs = rows.outputs
        let residuals = (0..<rows.targets.count).map { rows.targets[$0] - means[$0 % outputs] }
        // The start breaks the symmetry between factors: cosines of rising frequency over the stages.
        var loadings = [Double](repeating: 0, count: outputs * rank)
        for output in 0..<outputs {
            for factor in 0..<rank {
                loadings[output * rank + factor] = factor == 0 ? 1 : (output % (factor + 1) == 0 ? 1 : -1)
            }
        }
        var factors = [Double](repeating: 0, count: rows.count * rank)
        for _ in 0..<12 {
            factors = try solve(rows.count, outputs, rank, fixed: loadings) { residuals[$0 * outputs + $1] }
            loadings = try solve(outputs, rows.count, rank, fixed: factors) { residuals[$1 * outputs + $0] }
        }
        return (factors, loadings)
    }

    /// For each of `count` rows the factors that fit its known values best, given those of the `other` side.
    private static func solve(
        _ count: Int, _ other: Int, _ rank: Int, fixed: [Double], value: @Sendable (Int, Int) -> Double
    ) throws -> [Double] {
        let parts: [[Double]] = try Parallel.map(count: count, minimumChunk: 256) { row in
            var gram = Matrix(rows: rank, columns: rank)
            var cross = [Double](repeating: 0, count: rank)
            for column in 0..<other {
                let known = value(row, column)
                if known.isNaN { continue }
                for i in 0..<rank {
                    let left = fixed[column * rank + i]
                    cross[i] += left * known
                    for j in 0...i { gram[i, j] += left * fixed[column * rank + j] }
                }
            }
            for i in 0..<rank {
                gram[i, i] += penalty
                for j in 0..<i { gram[j, i] = gram[i, j] }
            }
            return try Cholesky(gram).solve(cross)
        }
        return parts.flatMap { $0 }
    }
}
