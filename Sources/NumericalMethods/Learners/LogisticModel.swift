internal import Foundation

/// A fitted two-class logistic regression.
public struct LogisticModel: Codable, Sendable, Equatable {
    /// The log-odds as a linear map of the raw features.
    public let predictor: LinearPredictor
    /// The Newton steps it took.
    public let iterations: Int

    /// The probability of class 1 of one row, `[features]`. Allocates nothing.
    public func predict(_ row: UnsafeBufferPointer<Double>) -> Double {
        let z = predictor.value(row)
        let small = exp(-abs(z))
        return (z >= 0 ? 1 : small) / (1 + small)
    }

    /// The probabilities of class 1 of many rows, `[rows]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> [Double] {
        rows.mapRows(to: 1) { row, result in result[0] = predict(row) }.storage
    }
}

/// A fitted multinomial logistic regression.
public struct MultinomialModel: Codable, Sendable, Equatable {
    /// The classes' scores as a linear map of the raw features.
    public let predictor: LinearPredictor
    /// The Newton steps it took.
    public let iterations: Int

    /// The number of classes.
    public var classes: Int { predictor.outputs }

    /// Writes the classes' probabilities, `[classes]`, of one row, `[features]`. Allocates nothing.
    public func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        predictor.predict(row, into: result)
        softmaxInPlace(result)
    }

    /// The classes' probabilities of many rows, `[rows, classes]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> Matrix {
        rows.mapRows(to: classes) { row, result in predict(row, into: result) }
    }
}

/// Replaces scores by exp(score) / Σ exp(score); returns the logarithm of that sum.
@discardableResult
func softmaxInPlace(_ scores: UnsafeMutableBufferPointer<Double>) -> Double {
    var largest = -Double.infinity
    for score in scores { largest = max(largest, score) }
    var sum = 0.0
    for index in scores.indices {
        scores[index] = exp(scores[index] - largest)
        sum += scores[index]
    }
    for index in scores.indices { scores[index] /= sum }
    return largest + log(sum)
}
