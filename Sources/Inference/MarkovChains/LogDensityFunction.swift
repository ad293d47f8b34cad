/// An unnormalised log-density over vectors of `dimension` real numbers.
///
/// Parameters with bounds are mapped to the real line first, with the logarithm of the map's derivative added.
public protocol LogDensityFunction: Sendable {
    /// The number of coordinates, at least 1.
    var dimension: Int { get }

    /// The log-density in nats, up to a constant; −infinity where the density is zero.
    ///
    /// - Parameter position: `[dimension]`.
    func value(at position: Span<Double>) -> Double
}

/// A log-density with its gradient.
public protocol DifferentiableLogDensity: LogDensityFunction {
    /// The log-density, with its gradient written to `gradient`.
    ///
    /// - Parameters:
    ///   - position: `[dimension]`.
    ///   - gradient: `[dimension]`; every element has to be assigned, whatever it held.
    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double
}

extension DifferentiableLogDensity {
    /// The log-density alone, by the method that also gives the gradient.
    @inlinable
    public func value(at position: Span<Double>) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(dimension, 1)) { buffer in
            buffer.initialize(repeating: 0)
            var gradient = buffer.mutableSpan
            return value(at: position, gradient: &gradient)
        }
    }
}

extension LogDensityFunction {
    @inlinable @inline(__always)
    func evaluate(_ position: UnsafePointer<Double>, _ dimension: Int) -> Double {
        value(at: UnsafeBufferPointer(start: position, count: dimension).span)
    }

    /// The log-density at `position`.
    ///
    /// - Throws: `InferenceError.wrongShape`.
    public func value(at position: [Double]) throws(InferenceError) -> Double {
        try requireShape(position)
        return value(at: position.span)
    }

    func requireShape(_ position: [Double]) throws(InferenceError) {
        guard dimension >= 1 else {
            throw .improperParameter(name: "dimension", value: "\(dimension)", expected: "at least 1")
        }
        guard position.count == dimension else {
            throw .wrongShape(
                what: "a position", found: "[\(position.count)]", expected: "[\(dimension)], as the density's")
        }
    }
}

extension DifferentiableLogDensity {
    @inlinable @inline(__always)
    func evaluate(_ position: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>, _ dimension: Int)
        -> Double
    {
        let buffer = UnsafeMutableBufferPointer(start: gradient, count: dimension)
        var span = buffer.mutableSpan
        return value(at: UnsafeBufferPointer(start: position, count: dimension).span, gradient: &span)
    }

    /// The log-density and its gradient at `position`.
    ///
    /// - Throws: `InferenceError.wrongShape`.
    public func valueAndGradient(at position: [Double]) throws(InferenceError) -> (value: Double, gradient: [Double]) {
        try requireShape(position)
        var gradient = [Double](repeating: 0, count: dimension)
        var span = gradient.mutableSpan
        let value = value(at: position.span, gradient: &span)
        return (value, gradient)
    }
}

/// A differentiable log-density made of a closure.
///
///     let normal = ClosureLogDensity(dimension: 1) { x, gradient in
///         gradient[0] = -x[0]
///         return -0.5 * x[0] * x[0]
///     }
public struct ClosureLogDensity: DifferentiableLogDensity {
    /// The number of coordinates.
    public let dimension: Int
    @usableFromInline let body: @Sendable (Span<Double>, inout MutableSpan<Double>) -> Double

    /// A density of `dimension` coordinates; `body` takes the position, assigns the gradient and returns the value.
    public init(
        dimension: Int, _ body: @escaping @Sendable (Span<Double>, inout MutableSpan<Double>) -> Double
    ) {
        self.dimension = dimension
        self.body = body
    }

    /// The value and the gradient, by the closure.
    @inlinable
    public func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        body(position, &gradient)
    }
}
