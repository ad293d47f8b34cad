import Foundation

/// Several linear functions of one row of features.
///
///     output_k = link( intercept_k + sum_f weight_fk (x_f - center_f) )
///
/// A feature that is missing counts as its center, the mean over the training rows that had it.
public struct LinearModel: Codable, Sendable, Hashable {
    /// What is done to the sum.
    public enum Link: String, Codable, Sendable {
        /// Nothing.
        case identity
        /// 1 / (1 + exp(-sum)).
        case logistic
    }

    /// The mean of each feature, `[width]`.
    public let centers: [Double]
    /// Weights, `[width, outputs]`.
    public let weights: [Double]
    /// Intercepts, `[outputs]`.
    public let intercepts: [Double]
    /// The link.
    public let link: Link

    /// How many outputs there are.
    public var outputs: Int { intercepts.count }

    /// Writes all outputs of `row`, `[width]`. Allocates nothing.
    @inline(__always)
    func predict(_ row: UnsafeMutableBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        let count = intercepts.count
        intercepts.withUnsafeBufferPointer { intercepts in
            for output in 0..<count { result[output] = intercepts[output] }
        }
        centers.withUnsafeBufferPointer { centers in
            weights.withUnsafeBufferPointer { weights in
                for feature in 0..<centers.count {
                    let away = row[feature] - centers[feature]
                    if away.isNaN { continue }
                    let base = feature * count
                    for output in 0..<count { result[output] += away * weights[base + output] }
                }
            }
        }
        if link == .logistic {
            for output in 0..<count { result[output] = 1 / (1 + exp(-result[output])) }
        }
    }
}
