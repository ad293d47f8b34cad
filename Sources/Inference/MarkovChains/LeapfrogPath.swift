/// Leapfrog trajectories by themselves: what Hamiltonian kernels simulate, for those who want to look at it.
public struct LeapfrogPath<Target: DifferentiableLogDensity>: Sendable {
    /// The density.
    public let target: Target
    /// The metric, in which momenta are standard normal.
    public let metric: EuclideanMetric

    /// Paths of `target` under `metric`.
    ///
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter`.
    public init(_ target: Target, _ metric: EuclideanMetric) throws(InferenceError) {
        try metric.check(dimension: target.dimension)
        self.target = target
        self.metric = metric
    }

    /// A point of phase space.
    public struct Point: Sendable, Equatable {
        /// The position, `[dimension]`.
        public var position: [Double]
        /// The momentum, `[dimension]`.
        public var momentum: [Double]
        /// The gradient at the position, `[dimension]`.
        public var gradient: [Double]
        /// The log-density at the position.
        public var logDensity: Double
    }

    /// The point at `position` with `momentum`, both `[dimension]`.
    public func point(_ position: [Double], momentum: [Double]) -> Point {
        precondition(
            position.count == target.dimension && momentum.count == target.dimension, "a point has the density's shape")
        var gradient = [Double](repeating: 0, count: position.count)
        var span = gradient.mutableSpan
        let value = target.value(at: position.span, gradient: &span)
        return Point(position: position, momentum: momentum, gradient: gradient, logDensity: value)
    }

    /// The same point with its momentum turned round.
    public func reversed(_ point: Point) -> Point {
        var result = point
        for i in result.momentum.indices { result.momentum[i].negate() }
        return result
    }

    /// ½ |p|² − log π, in nats.
    public func energy(_ point: Point) -> Double {
        0.5 * point.momentum.reduce(0) { $0 + $1 * $1 } - point.logDensity
    }

    /// The point after `steps` steps of `stepSize`; it stops early where the density is not finite.
    public func run(_ point: Point, stepSize: Double, steps: Int) -> Point {
        var end = point
        var (kinetic, evaluations) = (0.0, 0)
        var value = point.logDensity
        metric.withMap { map in
            end.position.withUnsafeMutableBufferPointer { q in
                end.gradient.withUnsafeMutableBufferPointer { g in
                    end.momentum.withUnsafeMutableBufferPointer { p in
                        value = MetropolisTrajectory.leap(
                            target, map, q.baseAddress!, g.baseAddress!, p.baseAddress!, stepSize, steps, &kinetic,
                            &evaluations)
                    }
                }
            }
        }
        end.logDensity = value
        return end
    }
}
