/// A linear map from raw features, some of them missing, to one or more outputs.
///
/// Output o is bₒ + Σⱼ cₒⱼ xⱼ, where a missing feature j adds its own constant mₒⱼ instead: the coefficient times
/// the imputed mean, and the coefficient of its missing indicator if the learner had one.
public struct LinearPredictor: Codable, Sendable, Equatable {
    /// The number of raw features.
    public let features: Int
    /// The coefficients of the raw features, `[outputs, features]`.
    public let coefficients: [Double]
    /// What a missing feature adds, `[outputs, features]`.
    public let missingTerms: [Double]
    /// The intercepts, `[outputs]`.
    public let intercepts: [Double]

    /// The number of outputs.
    public var outputs: Int { intercepts.count }

    init(features: Int, coefficients: [Double], missingTerms: [Double], intercepts: [Double]) {
        self.features = features
        self.coefficients = coefficients
        self.missingTerms = missingTerms
        self.intercepts = intercepts
    }

    /// Reads a stored predictor; throws `LearnerError.badModel` when its arrays do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        features = try box.decode(Int.self, forKey: .features)
        coefficients = try box.decode([Double].self, forKey: .coefficients)
        missingTerms = try box.decode([Double].self, forKey: .missingTerms)
        intercepts = try box.decode([Double].self, forKey: .intercepts)
        let (count, overflow) = features.multipliedReportingOverflow(by: intercepts.count)
        guard features > 0, !intercepts.isEmpty, !overflow, coefficients.count == count, missingTerms.count == count
        else {
            throw LearnerError.badModel("a linear predictor's coefficients do not fit its features and intercepts")
        }
    }

    /// One output of one row, `[features]`. Allocates nothing.
    @inlinable
    public func value(_ row: UnsafeBufferPointer<Double>, output: Int = 0) -> Double {
        precondition(row.count == features, "a row holds one number for each feature")
        return coefficients.withUnsafeBufferPointer { slopes in
            missingTerms.withUnsafeBufferPointer { missing in
                var sum = intercepts[output]
                let base = output * features
                for feature in 0..<features {
                    let x = row[feature]
                    sum += x.isNaN ? missing[base + feature] : slopes[base + feature] * x
                }
                return sum
            }
        }
    }

    /// Writes all outputs, `[outputs]`, of one row, `[features]`. Allocates nothing.
    @inlinable
    public func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        precondition(result.count == outputs, "the result holds one number for each output")
        for output in 0..<outputs { result[output] = value(row, output: output) }
    }

    /// The outputs of many rows, `[rows, outputs]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> Matrix {
        rows.mapRows(to: outputs) { row, result in predict(row, into: result) }
    }
}

extension Matrix {
    /// A matrix whose rows `body` writes from the rows of this one.
    func mapRows(
        to width: Int, _ body: (UnsafeBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void
    ) -> Matrix {
        var result = Matrix(rows: rows, columns: width)
        storage.withUnsafeBufferPointer { source in
            result.storage.withUnsafeMutableBufferPointer { target in
                for row in 0..<rows {
                    body(
                        UnsafeBufferPointer(rebasing: source[row * columns..<(row + 1) * columns]),
                        UnsafeMutableBufferPointer(rebasing: target[row * width..<(row + 1) * width]))
                }
            }
        }
        return result
    }
}
