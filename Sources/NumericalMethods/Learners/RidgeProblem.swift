internal import CLinearAlgebra

/// The sums of products that all fits of one ridge regression follow from, by fold.
///
/// Targets that the same rows have share their sums: one group of all targets where no cell is missing, else a group
/// for each target.
struct RidgeProblem {
    private let design: StandardisedDesign
    private let means: [Double]
    /// The targets of each group.
    private let groups: [[Int]]
    /// The sums of each fold of each group, and of all folds together.
    private let parts: [[RidgeSums]]
    private let totals: [RidgeSums]

    init(design: StandardisedDesign, targets: Matrix, means: [Double], folds: [Int32]?) {
        BLAS.prepare()
        self.design = design
        self.means = means
        let all = Array(0..<targets.columns)
        let groups = targets.storage.contains(where: \.isNaN) ? all.map { [$0] } : [all]
        var rows = [[Int]](repeating: [], count: Int(folds?.max() ?? 0) + 1)
        for row in 0..<targets.rows { rows[folds.map { Int($0[row]) } ?? 0].append(row) }
        let folds = rows
        let sums = Parallel.map(count: groups.count * folds.count) { index in
            let (group, fold) = index.quotientAndRemainder(dividingBy: folds.count)
            return RidgeSums(design, targets, means: means, columns: groups[group], rows: folds[fold])
        }
        self.groups = groups
        parts = groups.indices.map { Array(sums[$0 * folds.count..<($0 + 1) * folds.count]) }
        totals = parts.map { parts in parts.dropFirst().reduce(into: parts[0]) { $0.add($1, sign: 1) } }
    }

    /// The minimisers for one λ a target.
    func fit(lambda: (Int) -> Double) throws(LearnerError) -> RidgeModel {
        let d = design.columns
        var coefficients = [Double](repeating: 0, count: means.count * d)
        var intercepts = means
        var lambdas = [Double](repeating: 0, count: means.count)
        for (group, columns) in groups.enumerated() {
            var solutions: [Double: [Double]] = [:]
            for (place, target) in columns.enumerated() {
                lambdas[target] = lambda(target)
                let solution: [Double]
                if let known = solutions[lambdas[target]] {
                    solution = known
                } else {
                    solution = try totals[group].solve(lambda: lambdas[target])
                    solutions[lambdas[target]] = solution
                }
                intercepts[target] += solution[place]
                for column in 0..<d {
                    coefficients[target * d + column] = solution[(column + 1) * columns.count + place]
                }
            }
        }
        return RidgeModel(
            predictor: design.rawModel(coefficients: coefficients, intercepts: intercepts), lambdas: lambdas,
            heldOutErrors: nil, heldOutErrorsOfMean: nil)
    }

    /// The minimisers for the candidate, times the weight of what is fitted, that errs least on the folds held out.
    func crossValidated(_ candidates: [Double]) throws(LearnerError) -> RidgeModel {
        var best = means.map { _ in (lambda: candidates[0], error: Double.infinity) }
        var ofMean = [Double](repeating: 0, count: means.count)
        for (group, columns) in groups.enumerated() {
            let (total, parts) = (totals[group], parts[group])
            let errors = try Parallel.map(count: parts.count) { fold throws(LearnerError) in
                var rest = total
                rest.add(parts[fold], sign: -1)
                // No row of the fold, or none beside it: it tells nothing.
                guard parts[fold].weight > 0, rest.weight > 1e-9 * total.weight else {
                    return [Double](repeating: 0, count: (candidates.count + 1) * columns.count)
                }
                var errors = parts[fold].squaredErrors(of: rest.cross[..<columns.count].map { $0 / rest.weight })
                for candidate in candidates {
                    errors += parts[fold].squaredErrors(of: try rest.solve(lambda: candidate * rest.weight))
                }
                return errors
            }
            let sums = errors.dropFirst().reduce(into: errors[0]) { for index in $1.indices { $0[index] += $1[index] } }
            for (place, target) in columns.enumerated() {
                ofMean[target] = sums[place] / total.weight
                for (index, candidate) in candidates.enumerated() {
                    let error = sums[(index + 1) * columns.count + place] / total.weight
                    if error < best[target].error { best[target] = (candidate * total.weight, error) }
                }
            }
        }
        let model = try fit { best[$0].lambda }
        return RidgeModel(
            predictor: model.predictor, lambdas: model.lambdas, heldOutErrors: best.map(\.error),
            heldOutErrorsOfMean: ofMean)
    }
}

/// Weighted sums over some rows of the products of (1, design) and targets less their means.
struct RidgeSums: Sendable {
    /// Columns of the design and the constant 1.
    private let size: Int
    /// Upper triangle, `[size, size]`.
    private var gram: [Double]
    /// Products of the columns and the targets, `[size, targets]`.
    private(set) var cross: [Double]
    /// Sums of squared targets, `[targets]`.
    private var squares: [Double]

    /// The total weight of the rows.
    var weight: Double { gram[0] }

    /// Sums over those of `rows` that have all of the targets `columns`.
    init(_ design: StandardisedDesign, _ targets: Matrix, means: [Double], columns: [Int], rows: [Int]) {
        let (size, count) = (design.columns + 1, columns.count)
        self.size = size
        gram = [Double](repeating: 0, count: size * size)
        cross = [Double](repeating: 0, count: size * count)
        squares = [Double](repeating: 0, count: count)
        let block = 256
        var x = [Double](repeating: 0, count: block * size)
        var y = [Double](repeating: 0, count: block * count)
        var filled = 0
        func flush() {
            cblas_dsyrk(
                CblasRowMajor, CblasUpper, CblasTrans, blasint(size), blasint(filled), 1, x, blasint(size), 1, &gram,
                blasint(size))
            cblas_dgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, blasint(size), blasint(count), blasint(filled), 1, x,
                blasint(size), y, blasint(count), 1, &cross, blasint(count))
            for row in 0..<filled {
                for target in 0..<count { squares[target] += y[row * count + target] * y[row * count + target] }
            }
            filled = 0
        }
        for row in rows where columns.allSatisfy({ !targets[row, $0].isNaN }) {
            let root = design.weights[row].squareRoot()
            x[filled * size] = root
            for column in 1..<size {
                x[filled * size + column] = root * design.values[row * (size - 1) + column - 1]
            }
            for (place, target) in columns.enumerated() {
                y[filled * count + place] = root * (targets[row, target] - means[target])
            }
            filled += 1
            if filled == block { flush() }
        }
        if filled > 0 { flush() }
    }

    mutating func add(_ other: RidgeSums, sign: Double) {
        for index in gram.indices { gram[index] += sign * other.gram[index] }
        for index in cross.indices { cross[index] += sign * other.cross[index] }
        for index in squares.indices { squares[index] += sign * other.squares[index] }
    }

    /// Intercepts and coefficients, `[size, targets]`, less the targets' means.
    func solve(lambda: Double) throws(LearnerError) -> [Double] {
        var factor = gram
        let largest = (0..<size).reduce(0.0) { max($0, gram[$1 * size + $1]) }
        for column in 1..<size { factor[column * size + column] += lambda }
        let upper = CChar(UInt8(ascii: "U"))
        guard LAPACKE_dpotrf(LAPACK_ROW_MAJOR, upper, Int32(size), &factor, Int32(size)) == 0,
            // With λ = 0 rounding can hide a dependent column behind a tiny pivot.
            lambda > 0 || (0..<size).allSatisfy({ factor[$0 * size + $0] * factor[$0 * size + $0] > 1e-13 * largest })
        else { throw .singular(learner: "ridge regression") }
        var solution = cross
        let count = Int32(squares.count)
        _ = LAPACKE_dpotrs(
            LAPACK_ROW_MAJOR, upper, Int32(size), count, factor, Int32(size), &solution, count)
        return solution
    }

    /// The sum of squared errors of `solution`, `[targets]`; rows of it that are left out are zeros.
    func squaredErrors(of solution: [Double]) -> [Double] {
        let count = squares.count
        let rows = solution.count / count
        return (0..<count).map { target in
            var error = squares[target]
            for row in 0..<rows {
                let value = solution[row * count + target]
                error += value * (value * gram[row * size + row] - 2 * cross[row * count + target])
                for column in (row + 1)..<max(row + 1, rows) {
                    error += 2 * value * solution[column * count + target] * gram[row * size + column]
                }
            }
            return max(0, error)
        }
    }
}
