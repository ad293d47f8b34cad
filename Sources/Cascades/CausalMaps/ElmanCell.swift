/// One step of Elman's recurrent network: its hidden layer is fed back, and goes out.
///
///     h' = tanh(b + W (h, x)),  y = h'
///
/// Put together from an affine map, an activation and a copy; ``CausalMap/delayedTrace(from:)`` closes the loop. Its
/// parameters are `W`, `[hidden, hidden + inputs]`, then `b`, `[hidden]`.
/// Source: Elman (1990), "Finding structure in time".
public typealias ElmanStep = SmoothSequence<SmoothSequence<AffineMap, ElementwiseMap>, Rewiring>

extension CausalMap where Base == ElmanStep {
    /// Elman's network with `hidden` units, all 0 before the first step.
    public static func elman(inputs: Int, hidden: Int) -> CausalMap {
        CausalMap(
            AffineMap(inputs: hidden + inputs, outputs: hidden) >>> ElementwiseMap(.hyperbolicTangent, count: hidden)
                >>> Rewiring.copy(hidden)
        ).delayedTrace(from: [Double](repeating: 0, count: hidden))
    }
}
