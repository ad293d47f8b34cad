public import Probability

/// A straight line with Gaussian noise.
///
///     y = slope * x + intercept + exp(logScale) * e,   e ~ N(0, 1)
///
/// Parameters: slope, intercept, logScale.
public struct LinearGaussianKernel: ParametricKernel, Hashable, Codable {
    /// What one unit of input adds.
    public var slope: Double
    /// The output at 0.
    public var intercept: Double
    /// The natural logarithm of the noise's standard deviation.
    public var logScale: Double {
        didSet { scale = exponential(logScale) }
    }
    /// The noise's standard deviation, kept so that a draw needs no exponential.
    @usableFromInline var scale: Double

    /// A line with noise of standard deviation `exp(logScale)`.
    public init(slope: Double, intercept: Double, logScale: Double) {
        self.slope = slope
        self.intercept = intercept
        self.logScale = logScale
        scale = exponential(logScale)
    }

    @inlinable
    public func sample(_ input: Double, using random: inout Random) -> Double {
        slope * input + intercept + scale * random.normal()
    }

    @inlinable
    public func logDensity(of output: Double, given input: Double) -> Double {
        let z = (output - slope * input - intercept) / scale
        // ln sqrt(2 pi)
        return -0.5 * z * z - logScale - 0.918_938_533_204_672_74
    }

    @inlinable public var parameterCount: Int { 3 }
    @inlinable public var parameters: [Double] { [slope, intercept, logScale] }

    public func with(parameters: [Double]) -> LinearGaussianKernel {
        precondition(parameters.count == 3, "a linear Gaussian kernel has 3 parameters")
        return LinearGaussianKernel(slope: parameters[0], intercept: parameters[1], logScale: parameters[2])
    }

    @inlinable
    public func addGradient(
        of output: Double, given input: Double, scale weight: Double, to gradient: inout [Double], at offset: Int
    ) {
        let z = (output - slope * input - intercept) / scale
        gradient[offset] += weight * z / scale * input
        gradient[offset + 1] += weight * z / scale
        gradient[offset + 2] += weight * (z * z - 1)
    }
}
