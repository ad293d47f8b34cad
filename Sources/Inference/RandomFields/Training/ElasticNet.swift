/// A penalty on weights: `absolute * sum |w| + squares * sum w²`, added to a negative log-likelihood.
///
/// CRFsuite calls the two c1 and c2. A Gaussian prior of variance s² is `squares = 1 / (2 s²)`.
public struct ElasticNet: Sendable, Equatable, Codable {
    /// The factor of the absolute values; above 0 it makes weights exactly zero.
    public var absolute: Double
    /// The factor of the squares.
    public var squares: Double

    /// A penalty.
    public init(absolute: Double = 0, squares: Double = 0) {
        self.absolute = absolute
        self.squares = squares
    }

    /// The penalty of `weights`.
    public func value(of weights: [Double]) -> Double {
        var sums = (absolute: 0.0, squares: 0.0)
        for weight in weights {
            sums.absolute += abs(weight)
            sums.squares += weight * weight
        }
        return absolute * sums.absolute + squares * sums.squares
    }

    /// Adds the gradient of the squares to `gradient`, and returns their part of the penalty.
    func addSquares(of weights: [Double], to gradient: inout [Double]) -> Double {
        guard squares > 0 else { return 0 }
        var sum = 0.0
        for k in weights.indices {
            gradient[k] += 2 * squares * weights[k]
            sum += weights[k] * weights[k]
        }
        return squares * sum
    }

    /// Throws for a factor that is negative or not finite.
    func requireProper() throws(InferenceError) {
        for (factor, name) in [(absolute, "absolute"), (squares, "squares")] where !(factor >= 0 && factor.isFinite) {
            throw .improperParameter(
                name: "the penalty's '\(name)'", value: "\(factor)", expected: "at least 0 and finite")
        }
    }
}
