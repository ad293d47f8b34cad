internal import NumericalMethods

/// A stochastic differential equation dX = b(t, X) dt + σ(t, X) dW in the sense of Itô.
///
/// States are handed over as pointers, as these are called once a step of every path.
public protocol Diffusion: Sendable {
    /// The dimension of X.
    var dimension: Int { get }
    /// The dimension of W.
    var noiseDimension: Int { get }
    /// Whether σ is the same everywhere; then it is asked for once a path.
    var hasConstantDispersion: Bool { get }

    /// Writes b(t, x), `[dimension]`.
    func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>)

    /// Writes σ(t, x), `[dimension, noiseDimension]`.
    func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>)
}

extension Diffusion {
    @inlinable public var hasConstantDispersion: Bool { false }
}

extension LinearProcess: Diffusion {
    public var dimension: Int { offset.count }
    public var noiseDimension: Int { dispersion.columns }
    public var hasConstantDispersion: Bool { true }

    public func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        for i in 0..<offset.count {
            var sum = offset[i]
            for j in 0..<offset.count { sum += drift[i, j] * state[j] }
            result[i] = sum
        }
    }

    public func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        for index in dispersion.storage.indices { result[index] = dispersion.storage[index] }
    }
}

/// The times at which a path is simulated.
public enum TimeGrid {
    /// `steps` equal steps over `range`: `[steps + 1]`.
    public static func even(_ range: ClosedRange<Double>, steps: Int) -> [Double] {
        precondition(steps > 0, "a grid has a step at least")
        let width = range.upperBound - range.lowerBound
        return (0...steps).map {
            $0 == steps ? range.upperBound : range.lowerBound + width * Double($0) / Double(steps)
        }
    }

    /// `steps` steps that get shorter towards the end, where a guided path is pulled hardest: t = s (2 − s) of the range.
    ///
    /// - Source: the time change of van der Meulen and Schauer, 2017, Bayesian estimation of discretely observed
    ///   multi-dimensional diffusion processes using guided proposals.
    public static func denseAtEnd(_ range: ClosedRange<Double>, steps: Int) -> [Double] {
        even(0...1, steps: steps).map {
            $0 == 1 ? range.upperBound : range.lowerBound + (range.upperBound - range.lowerBound) * $0 * (2 - $0)
        }
    }
}
