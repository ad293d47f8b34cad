internal import NumericalMethods

/// Means and (co)variances of vectors seen one by one (Welford's recursions).
struct RunningMoments: Sendable {
    let dimension: Int
    let isDense: Bool
    private(set) var count = 0
    private(set) var mean: [Double]
    /// Sums of squares, `[dimension]`, or of products, `[dimension, dimension]` with its lower triangle filled.
    private var squares: [Double]
    private var difference: [Double]

    init(dimension: Int, isDense: Bool) {
        self.dimension = dimension
        self.isDense = isDense
        mean = [Double](repeating: 0, count: dimension)
        difference = mean
        squares = [Double](repeating: 0, count: isDense ? dimension * dimension : dimension)
    }

    mutating func add(_ x: some Collection<Double>) {
        count += 1
        let share = 1 / Double(count)
        for (i, value) in x.enumerated() {
            difference[i] = value - mean[i]
            mean[i] += difference[i] * share
            if !isDense { squares[i] += difference[i] * (value - mean[i]) }
        }
        guard isDense else { return }
        let factor = 1 - share
        for row in 0..<dimension {
            for column in 0...row {
                squares[row * dimension + column] += factor * difference[row] * difference[column]
            }
        }
    }

    /// Unbiased variances; needs two vectors.
    var variances: [Double] {
        (0..<dimension).map { squares[isDense ? $0 * dimension + $0 : $0] / Double(max(count - 1, 1)) }
    }

    /// The unbiased covariance; needs two vectors.
    var covariance: Matrix {
        var result = Matrix(rows: dimension, columns: dimension)
        for row in 0..<dimension {
            if !isDense {
                result[row, row] = squares[row] / Double(max(count - 1, 1))
                continue
            }
            for column in 0...row {
                let value = squares[row * dimension + column] / Double(max(count - 1, 1))
                result[row, column] = value
                result[column, row] = value
            }
        }
        return result
    }
}
