internal import Foundation
public import NumericalMethods
public import Probability

/// The 2-Wasserstein distance between laws: the least root mean square distance of any coupling.
public enum Wasserstein {
    /// Between two samples of equal size on the line, exactly: sorted values are coupled in order.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite`.
    public static func onLine(_ first: [Double], _ second: [Double]) throws -> Double {
        try check(first, second, dimension: 1)
        return
            (zip(first.sorted(), second.sorted()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            / Double(first.count)).squareRoot()
    }

    /// Between a sample on the line and a continuous law, by its quantiles at the middles of n equal parts.
    /// - Throws: `InferenceError.empty`, `.nonFinite`.
    public static func onLine(_ sample: [Double], _ law: some ContinuousDistribution) throws -> Double {
        try onLine(sample, sample.indices.map { law.quantile((Double($0) + 0.5) / Double(sample.count)) })
    }

    /// Between two samples of equal size in space, exactly, by the best assignment. O(n³): for some hundreds of points.
    /// - Parameters:
    ///   - first: `[count, dimension]`.
    ///   - second: `[count, dimension]`.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite`.
    public static func byAssignment(_ first: [Double], _ second: [Double], dimension: Int) throws -> Double {
        try check(first, second, dimension: dimension)
        let count = first.count / dimension
        var costs = Matrix(rows: count, columns: count)
        for i in 0..<count {
            for j in 0..<count {
                var sum = 0.0
                for k in 0..<dimension {
                    let gap = first[i * dimension + k] - second[j * dimension + k]
                    sum += gap * gap
                }
                costs[i, j] = sum
            }
        }
        let columns = LinearAssignment.columns(costs)
        return (columns.enumerated().reduce(0) { $0 + costs[$1.offset, $1.element] } / Double(count)).squareRoot()
    }

    /// The sliced distance: the root mean square of the distances of projections on `directions` random directions.
    ///
    /// At most the distance in space, and of the same order in fixed dimension.
    /// - Throws: as ``byAssignment(_:_:dimension:)``.
    public static func sliced(
        _ first: [Double], _ second: [Double], dimension: Int, directions: Int = 32, using random: inout Random
    ) throws -> Double {
        try check(first, second, dimension: dimension)
        guard directions > 0 else { throw InferenceError.empty(what: "the directions") }
        let units = (0..<directions).map { _ in unit(dimension, using: &random) }
        let squares = try Parallel.map(count: directions) { index in
            let distance = try onLine(projected(first, on: units[index]), projected(second, on: units[index]))
            return distance * distance
        }
        return (squares.reduce(0, +) / Double(directions)).squareRoot()
    }

    /// The sliced distance of a sample from a Gaussian law, whose projections are normal.
    /// - Throws: as ``byAssignment(_:_:dimension:)``; `.improperParameter` for a direction without variance.
    public static func sliced(
        _ sample: [Double], mean: [Double], covariance: Matrix, directions: Int = 32, using random: inout Random
    ) throws -> Double {
        let dimension = mean.count
        guard dimension > 0, sample.count % dimension == 0, covariance.rows == dimension else {
            throw InferenceError.wrongShape(
                what: "the sample", found: "\(sample.count) numbers", expected: "a multiple of \(dimension)")
        }
        try check(sample, sample, dimension: dimension)
        guard directions > 0 else { throw InferenceError.empty(what: "the directions") }
        let units = (0..<directions).map { _ in unit(dimension, using: &random) }
        let count = sample.count / dimension
        let quantiles = (0..<count).map { normalQuantile((Double($0) + 0.5) / Double(count)) }
        let squares = try Parallel.map(count: directions) { index in
            let direction = units[index]
            let centre = zip(direction, mean).reduce(0) { $0 + $1.0 * $1.1 }
            let variance = zip(direction, covariance.multiplied(by: direction)).reduce(0) { $0 + $1.0 * $1.1 }
            let spread = max(variance, 0).squareRoot()
            let distance = try onLine(projected(sample, on: direction), quantiles.map { centre + spread * $0 })
            return distance * distance
        }
        return (squares.reduce(0, +) / Double(directions)).squareRoot()
    }

    private static func unit(_ dimension: Int, using random: inout Random) -> [Double] {
        let vector = (0..<dimension).map { _ in random.normal() }
        let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return vector.map { $0 / length }
    }

    private static func projected(_ sample: [Double], on direction: [Double]) -> [Double] {
        let d = direction.count
        return (0..<sample.count / d).map { row in
            (0..<d).reduce(0) { $0 + sample[row * d + $1] * direction[$1] }
        }
    }

    private static func check(_ first: [Double], _ second: [Double], dimension: Int) throws {
        guard !first.isEmpty, dimension > 0 else { throw InferenceError.empty(what: "a sample") }
        guard first.count == second.count, first.count % dimension == 0 else {
            throw InferenceError.wrongShape(
                what: "the second sample", found: "\(second.count) numbers", expected: "\(first.count)")
        }
        for sample in [first, second] {
            if let index = sample.firstIndex(where: { !$0.isFinite }) {
                throw InferenceError.nonFinite(what: "a sample", place: "number \(index)", value: sample[index])
            }
        }
    }
}

/// The assignment of rows to columns at least total cost.
enum LinearAssignment {
    /// The column of each row, `[rows]`, for a square matrix of finite costs.
    ///
    /// - Source: the shortest augmenting paths of Jonker and Volgenant (1987), in the dense form with potentials.
    /// - Complexity: O(n³).
    static func columns(_ costs: Matrix) -> [Int] {
        let n = costs.rows
        var rowPotential = [Double](repeating: 0, count: n + 1)
        var columnPotential = [Double](repeating: 0, count: n + 1)
        // Column n stands for the row that is being placed.
        var rowOf = [Int](repeating: n, count: n + 1)
        var previous = [Int](repeating: n, count: n + 1)
        for row in 0..<n {
            rowOf[n] = row
            var column = n
            var least = [Double](repeating: .infinity, count: n + 1)
            var isDone = [Bool](repeating: false, count: n + 1)
            repeat {
                isDone[column] = true
                let current = rowOf[column]
                var (step, next) = (Double.infinity, n)
                for j in 0..<n where !isDone[j] {
                    let reduced = costs[current, j] - rowPotential[current] - columnPotential[j]
                    if reduced < least[j] {
                        least[j] = reduced
                        previous[j] = column
                    }
                    if least[j] < step { (step, next) = (least[j], j) }
                }
                for j in 0...n {
                    if isDone[j] {
                        rowPotential[rowOf[j]] += step
                        columnPotential[j] -= step
                    } else {
                        least[j] -= step
                    }
                }
                column = next
            } while rowOf[column] != n
            repeat {
                rowOf[column] = rowOf[previous[column]]
                column = previous[column]
            } while column != n
        }
        var result = [Int](repeating: 0, count: n)
        for column in 0..<n { result[rowOf[column]] = column }
        return result
    }
}
