import Foundation
import NumericalMethods

/// Least squares with a squared penalty on standardised weights, for several targets at once, of which cells may be
/// missing; the penalty is chosen for each target by cross-validation.
///
///     minimise  sum_i (y_i - a - w·z_i)² + n p |w|²     with z standardised, missing numbers at their mean
///
/// One pass over the rows gathers the cross products of each fold; fits and held-out errors of all penalties then
/// follow from them alone.
enum RidgeFit {
    /// Penalties that are tried, for each row of the training set.
    static let penalties: [Double] = [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1]

    /// The model and, for each output, its held-out mean squared error and that of the mean alone.
    struct Result {
        var model: LinearModel
        var heldOut: [Double]
        var heldOutOfMean: [Double]
    }

    static func fit(_ rows: TrainingRows) throws -> Result {
        let scale = Standardisation(rows)
        let width = rows.width
        let size = width + 1
        let shares = rows.isComplete
        let grams = shares ? 1 : rows.outputs
        let moments: [Moments] = Parallel.map(count: rows.folds) { fold in
            Moments(rows, fold: Int32(fold), scale: scale, grams: grams)
        }
        let total = moments.dropFirst().reduce(into: moments[0]) { $0.add($1) }

        var weights = [Double](repeating: 0, count: width * rows.outputs)
        var intercepts = [Double](repeating: 0, count: rows.outputs)
        var heldOut = [Double](repeating: 0, count: rows.outputs)
        var heldOutOfMean = heldOut
        let fits: [TargetFit] = try Parallel.map(count: rows.outputs) { output in
            var best = (penalty: penalties[0], error: Double.infinity)
            var errorOfMean = 0.0
            for penalty in penalties {
                var error = 0.0
                for part in moments where part.count(output) > 0 {
                    var rest = total.slice(output)
                    rest.subtract(part.slice(output))
                    if rest.count == 0 { continue }
                    error += part.slice(output).squaredError(of: try rest.solve(penalty: penalty))
                    if penalty == penalties[0] {
                        errorOfMean += part.slice(output).squaredError(of: [rest.cross[0] / rest.count])
                    }
                }
                if error < best.error { best = (penalty, error) }
            }
            let whole = total.slice(output)
            let count = max(1, whole.count)
            return TargetFit(
                solution: whole.count > 0
                    ? try whole.solve(penalty: best.penalty) : [Double](repeating: 0, count: size),
                error: best.error / count, errorOfMean: errorOfMean / count)
        }
        var missing = weights
        for (output, fit) in fits.enumerated() {
            intercepts[output] = fit.solution[0]
            for feature in 0..<width where scale.deviations[feature] > 0 {
                let weight = fit.solution[feature + 1] / scale.deviations[feature]
                weights[feature * rows.outputs + output] = weight
                // A missing number counts as the mean.
                missing[feature * rows.outputs + output] = weight * scale.means[feature]
                intercepts[output] -= weight * scale.means[feature]
            }
            heldOut[output] = fit.error
            heldOutOfMean[output] = fit.errorOfMean
        }
        return Result(
            model: LinearModel(weights: weights, missing: missing, intercepts: intercepts, link: .identity),
            heldOut: heldOut, heldOutOfMean: heldOutOfMean)
    }
}

/// One target's intercept and weights, its held-out error and that of the mean.
private struct TargetFit: Sendable {
    var solution: [Double]
    var error: Double
    var errorOfMean: Double
}

/// Means and standard deviations of the features over the rows that have them.
struct Standardisation: Codable, Sendable, Hashable {
    var means: [Double]
    /// 0 for a feature that doesn't vary.
    var deviations: [Double]

    init(_ rows: TrainingRows) {
        let width = rows.width
        var sums = [Double](repeating: 0, count: width)
        var counts = sums
        for index in 0..<rows.count {
            for feature in 0..<width {
                let value = rows.features[index * width + feature]
                if value.isNaN { continue }
                sums[feature] += value
                counts[feature] += 1
            }
        }
        means = zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
        var squares = [Double](repeating: 0, count: width)
        for index in 0..<rows.count {
            for feature in 0..<width {
                let away = rows.features[index * width + feature] - means[feature]
                if !away.isNaN { squares[feature] += away * away }
            }
        }
        let centers = means
        deviations = (0..<width).map { feature in
            let deviation = counts[feature] > 0 ? (squares[feature] / counts[feature]).squareRoot() : 0
            // Rounding of a constant is no variation.
            return deviation > 1e-12 * abs(centers[feature]) ? deviation : 0
        }
    }
}

/// Sums of products of (1, standardised features) and targets over some rows.
private struct Moments: Sendable {
    let size: Int
    let outputs: Int
    let grams: Int
    /// Lower triangles, `[grams, size, size]`.
    var gram: [Double]
    /// Products of features and targets, `[outputs, size]`.
    var cross: [Double]
    /// Sums of squared targets, `[outputs]`.
    var square: [Double]

    init(size: Int, outputs: Int, grams: Int) {
        self.size = size
        self.outputs = outputs
        self.grams = grams
        gram = [Double](repeating: 0, count: grams * size * size)
        cross = [Double](repeating: 0, count: outputs * size)
        square = [Double](repeating: 0, count: outputs)
    }

    init(_ rows: TrainingRows, fold: Int32, scale: Standardisation, grams: Int) {
        self.init(size: rows.width + 1, outputs: rows.outputs, grams: grams)
        let size = size
        var z = [Double](repeating: 1, count: size)
        let inverse = scale.deviations.map { $0 > 0 ? 1 / $0 : 0 }
        gram.withUnsafeMutableBufferPointer { gram in
            z.withUnsafeMutableBufferPointer { z in
                for index in 0..<rows.count where rows.fold[index] == fold {
                    for feature in 0..<rows.width {
                        let away =
                            (rows.features[index * rows.width + feature] - scale.means[feature]) * inverse[feature]
                        z[feature + 1] = away.isNaN ? 0 : away
                    }
                    for output in 0..<outputs {
                        let target = rows.targets[index * outputs + output]
                        if target.isNaN { continue }
                        square[output] += target * target
                        for row in 0..<size { cross[output * size + row] += target * z[row] }
                        if grams == 1 && output > 0 { continue }
                        let base = output * size * size
                        for row in 0..<size {
                            let value = z[row]
                            if value == 0 { continue }
                            for column in 0...row { gram[base + row * size + column] += value * z[column] }
                        }
                    }
                }
            }
        }
    }

    mutating func add(_ other: Moments) {
        for index in gram.indices { gram[index] += other.gram[index] }
        for index in cross.indices { cross[index] += other.cross[index] }
        for index in square.indices { square[index] += other.square[index] }
    }

    func count(_ output: Int) -> Double { gram[grams == 1 ? 0 : output * size * size] }

    func slice(_ output: Int) -> TargetMoments {
        let base = grams == 1 ? 0 : output * size * size
        return TargetMoments(
            size: size, gram: Array(gram[base..<base + size * size]),
            cross: Array(cross[output * size..<(output + 1) * size]), square: square[output])
    }
}

/// The sums that one target's fit needs.
private struct TargetMoments {
    let size: Int
    var gram: [Double]
    var cross: [Double]
    var square: Double

    var count: Double { gram[0] }

    mutating func subtract(_ other: TargetMoments) {
        for index in gram.indices { gram[index] -= other.gram[index] }
        for index in cross.indices { cross[index] -= other.cross[index] }
        square -= other.square
    }

    /// Intercept and weights, `[size]`.
    func solve(penalty: Double) throws(NumericalError) -> [Double] {
        var matrix = Matrix(rows: size, columns: size, storage: gram)
        for row in 0..<size {
            // The intercept has no penalty; a column without variation gets weight 0 from its own.
            if row > 0 { matrix[row, row] += penalty * count }
            if matrix[row, row] == 0 { matrix[row, row] = 1 }
            for column in 0..<row { matrix[column, row] = matrix[row, column] }
        }
        return try Cholesky(matrix).solve(cross)
    }

    /// The sum of squared errors of `solution`; one that is shorter has zeros at its end.
    func squaredError(of solution: [Double]) -> Double {
        var error = square
        for row in solution.indices {
            error -= 2 * solution[row] * cross[row]
            for column in 0..<row { error += 2 * solution[row] * solution[column] * gram[row * size + column] }
            error += solution[row] * solution[row] * gram[row * size + row]
        }
        return max(0, error)
    }
}
