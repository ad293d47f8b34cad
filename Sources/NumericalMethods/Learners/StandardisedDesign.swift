/// What a linear learner does to its features: impute the mean, add missing indicators, centre, divide by the spread.
///
/// Column c of the design is (x − mean) / scale, so a missing feature, imputed by its mean, is exactly 0 there; where
/// spreads are divided by, a column that does not vary is 0 throughout.
struct StandardisedDesign: Sendable {
    /// The number of raw features.
    let features: Int
    /// The raw features that also have an indicator column (1 where missing), in order; the indicators come last.
    let indicators: [Int]
    /// Mean and spread of every design column, `[features + indicators]`.
    private(set) var means: [Double]
    private(set) var scales: [Double]
    /// What centred numbers are multiplied by, `[columns]`: 1 / scale, and 0 for a column that does not vary.
    private(set) var multipliers: [Double]
    /// The design, `[rows, columns]` row-major.
    private(set) var values: [Double]
    /// The sample weights, `[rows]` (all 1 if none were given), and their sum.
    let weights: [Double]
    let totalWeight: Double

    var rows: Int { weights.count }
    var columns: Int { means.count }

    /// Means and spreads are weighted, over the cells that are there. `divides` off leaves every scale at 1.
    init(_ raw: Matrix, weights given: [Double]?, indicators wanted: Bool, divides: Bool) {
        let n = raw.rows
        let d = raw.columns
        features = d
        weights = given ?? [Double](repeating: 1, count: n)
        totalWeight = weights.reduce(0, +)
        var sums = [Double](repeating: 0, count: d)
        var mass = [Double](repeating: 0, count: d)
        var holes = [Bool](repeating: false, count: d)
        for row in 0..<n {
            let weight = weights[row]
            for column in 0..<d {
                let value = raw.storage[row * d + column]
                if value.isNaN {
                    holes[column] = true
                } else {
                    sums[column] += weight * value
                    mass[column] += weight
                }
            }
        }
        // A column without one observed cell is 0 throughout.
        let centres = (0..<d).map { mass[$0] > 0 ? sums[$0] / mass[$0] : 0 }
        indicators = wanted ? (0..<d).filter { holes[$0] } : []
        let total = d + indicators.count
        means = centres
        for feature in indicators { means.append((totalWeight - mass[feature]) / totalWeight) }
        scales = [Double](repeating: 1, count: total)
        multipliers = scales
        values = [Double](repeating: 0, count: n * total)
        var squares = [Double](repeating: 0, count: total)
        for row in 0..<n {
            for column in 0..<d {
                let value = raw.storage[row * d + column]
                if !value.isNaN {
                    let centred = value - centres[column]
                    values[row * total + column] = centred
                    squares[column] += weights[row] * centred * centred
                }
            }
            for (offset, feature) in indicators.enumerated() {
                let column = d + offset
                let centred = (raw.storage[row * d + feature].isNaN ? 1 : 0) - means[column]
                values[row * total + column] = centred
                squares[column] += weights[row] * centred * centred
            }
        }
        guard divides else { return }
        for column in 0..<total {
            let held = column < d ? mass[column] : totalWeight
            let spread = held > 0 ? (squares[column] / held).squareRoot() : 0
            // Rounding leaves a constant column a spread near the unit of its mean: it counts as constant.
            let varies = spread > 1e-13 * max(abs(means[column]), .leastNormalMagnitude)
            if varies { scales[column] = spread }
            multipliers[column] = varies ? 1 / spread : 0
        }
        for row in 0..<n {
            for column in 0..<total { values[row * total + column] *= multipliers[column] }
        }
    }

    /// Folds coefficients of the design (with its intercept) into ones of the raw features.
    ///
    /// `coefficients` is `[outputs, columns]`, `intercepts` `[outputs]`.
    func rawModel(coefficients: [Double], intercepts: [Double]) -> LinearPredictor {
        let outputs = intercepts.count
        var slopes = [Double](repeating: 0, count: outputs * features)
        var missing = slopes
        var offsets = intercepts
        for output in 0..<outputs {
            for column in 0..<columns {
                let slope = coefficients[output * columns + column] * multipliers[column]
                offsets[output] -= slope * means[column]
                if column < features {
                    slopes[output * features + column] = slope
                    missing[output * features + column] += slope * means[column]
                } else {
                    missing[output * features + indicators[column - features]] += slope
                }
            }
        }
        return LinearPredictor(features: features, coefficients: slopes, missingTerms: missing, intercepts: offsets)
    }
}
