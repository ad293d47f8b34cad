import Foundation
import NumericalMethods

/// Several linear functions of one row of features.
///
///     output_k = link( intercept_k + sum over known f of weight_fk x_f + sum over missing f of missing_fk )
public struct LinearModel: Codable, Sendable, Hashable {
    /// What is done to the sum.
    public enum Link: String, Codable, Sendable {
        /// Nothing.
        case identity
        /// 1 / (1 + exp(-sum)).
        case logistic
        /// 2 / (1 + exp(-sum)) - 1: a difference of two probabilities.
        case logisticDifference = "logistic-difference"
    }

    /// Weights, `[width, outputs]`.
    public let weights: [Double]
    /// What a feature adds when it is missing, `[width, outputs]`.
    public let missing: [Double]
    /// Intercepts, `[outputs]`.
    public let intercepts: [Double]
    /// The link.
    public let link: Link

    /// How many outputs there are.
    public var outputs: Int { intercepts.count }

    init(weights: [Double], missing: [Double], intercepts: [Double], link: Link) {
        self.weights = weights
        self.missing = missing
        self.intercepts = intercepts
        self.link = link
    }

    /// The outputs of `predictor` through `link`. Numbers of one feature lie together here: all outputs are wanted at
    /// once.
    init(_ predictor: LinearPredictor, link: Link = .identity) {
        func transposed(_ numbers: [Double]) -> [Double] {
            Matrix(rows: predictor.outputs, columns: predictor.features, storage: numbers).transposed.storage
        }
        self.init(
            weights: transposed(predictor.coefficients), missing: transposed(predictor.missingTerms),
            intercepts: predictor.intercepts, link: link)
    }

    /// Writes all outputs of `row`, `[width]`. Allocates nothing.
    @inline(__always)
    func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        let count = intercepts.count
        let width = weights.count / max(1, count)
        intercepts.withUnsafeBufferPointer { intercepts in
            for output in 0..<count { result[output] = intercepts[output] }
        }
        weights.withUnsafeBufferPointer { weights in
            missing.withUnsafeBufferPointer { missing in
                for feature in 0..<width {
                    let value = row[feature]
                    let base = feature * count
                    if value.isNaN {
                        for output in 0..<count { result[output] += missing[base + output] }
                    } else {
                        for output in 0..<count { result[output] += value * weights[base + output] }
                    }
                }
            }
        }
        if link == .logisticDifference {
            // 2 / (1 + e^-x) - 1
            for output in 0..<count { result[output] = 2 / (1 + exp(-result[output])) - 1 }
        } else if link == .logistic {
            for output in 0..<count { result[output] = 1 / (1 + exp(-result[output])) }
        }
    }
}
