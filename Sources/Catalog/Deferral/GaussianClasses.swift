import Foundation
import NumericalMethods
import Probability

/// Classes that are normal clouds around random means: simulated data whose class probabilities are known exactly.
///
///     x | y ~ N(mean_y, I),      P(y | x) ∝ proportion_y exp(-|x - mean_y|²/2)
struct GaussianClasses: Sendable {
    /// Class means, `[classes, dimensions]`.
    let means: Matrix

    /// Classes whose means are drawn from N(0, `spread`² I).
    init(classes: Int, dimensions: Int, spread: Double, using random: inout Random) {
        var means = Matrix(rows: classes, columns: dimensions)
        for cell in means.storage.indices { means.storage[cell] = spread * random.normal() }
        self.means = means
    }

    private init(means: Matrix) { self.means = means }

    /// The same classes as one sees them who knows the first `dimensions` features only.
    func restricted(to dimensions: Int) -> GaussianClasses {
        var narrow = Matrix(rows: classes, columns: dimensions)
        for label in 0..<classes {
            for column in 0..<dimensions { narrow[label, column] = means[label, column] }
        }
        return GaussianClasses(means: narrow)
    }

    /// How many classes there are.
    var classes: Int { means.rows }

    /// `count` points whose classes come in `proportions`, `[classes]`.
    func sample(_ count: Int, proportions: [Double], using random: inout Random) -> LabelledRows {
        var features = Matrix(rows: count, columns: means.columns)
        var labels = [Int](repeating: 0, count: count)
        let total = proportions.reduce(0, +)
        for row in 0..<count {
            var mark = random.uniform() * total
            var label = 0
            while label + 1 < classes && mark >= proportions[label] {
                mark -= proportions[label]
                label += 1
            }
            labels[row] = label
            for column in 0..<means.columns { features[row, column] = means[label, column] + random.normal() }
        }
        return LabelledRows(features: features, labels: labels)
    }

    /// P(y | x) for each row, `[rows, classes]`, where classes come in `proportions`.
    func posterior(_ rows: LabelledRows, proportions: [Double]) -> Matrix {
        var result = Matrix(rows: rows.count, columns: classes)
        for row in 0..<rows.count {
            var logs = (0..<classes).map { label in
                (0..<means.columns).reduce(log(proportions[label])) { sum, column in
                    let distance = rows.features[row, column] - means[label, column]
                    return sum - distance * distance / 2
                }
            }
            let largest = logs.max()!
            for label in 0..<classes { logs[label] = exp(logs[label] - largest) }
            let total = logs.reduce(0, +)
            for label in 0..<classes { result[row, label] = logs[label] / total }
        }
        return result
    }
}

/// Labels that are replaced with probability `rate` by any of `classes` at random, for items of those classes.
struct LabelNoise: Sendable {
    /// The classes whose items are hit.
    var classes: Range<Int>
    /// How often.
    var rate: Double

    /// Replaces labels.
    func apply(to rows: inout LabelledRows, using random: inout Random) {
        for row in 0..<rows.count where classes.contains(rows.labels[row]) && random.bernoulli(rate) {
            rows.labels[row] = classes.lowerBound + random.integer(below: classes.count)
        }
    }

    /// The probabilities of the labels that come out, given those of the true classes, `[rows, classes]`.
    func apply(to posterior: Matrix) -> Matrix {
        var result = posterior
        for row in 0..<posterior.rows {
            let hit = classes.reduce(0) { $0 + posterior[row, $1] }
            for label in classes {
                result[row, label] = (1 - rate) * posterior[row, label] + rate * hit / Double(classes.count)
            }
        }
        return result
    }
}

/// Rows of features with the class of each.
struct LabelledRows: Sendable {
    /// `[rows, features]`.
    var features: Matrix
    /// `[rows]`.
    var labels: [Int]
    /// How many rows there are.
    var count: Int { labels.count }

    /// The first `count` features of each row.
    func columns(_ count: Int) -> Matrix {
        var result = Matrix(rows: self.count, columns: count)
        for row in 0..<self.count {
            for column in 0..<count { result[row, column] = features[row, column] }
        }
        return result
    }

    /// The rows of these classes.
    func only(_ classes: Range<Int>) -> LabelledRows {
        let kept = labels.indices.filter { classes.contains(labels[$0]) }
        var result = Matrix(rows: kept.count, columns: features.columns)
        for (row, source) in kept.enumerated() {
            for column in 0..<features.columns { result[row, column] = features[source, column] }
        }
        return LabelledRows(features: result, labels: kept.map { labels[$0] })
    }
}
