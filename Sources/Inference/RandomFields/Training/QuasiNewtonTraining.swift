public import NumericalMethods

/// What training brought: weights with the loss that they reach.
public struct ChainFit: Sendable {
    /// The trained field.
    public let field: LinearChainField
    /// The negative log-likelihood of the training data plus the penalty, in nats.
    public let loss: Double
    /// The loss after each step or epoch.
    public let losses: [Double]
    /// How often all sequences were gone through.
    public let passes: Int
    /// Whether it met its tolerance.
    public let isConverged: Bool
}

/// Training of linear chains on all data at once: L-BFGS, or OWL-QN where absolute values are penalised.
///
/// The loss is convex, so that every start leads to the same optimum.
/// - Source: Sutton and McCallum 2012, section 5.1; Andrew and Gao 2007 for the absolute values.
public struct QuasiNewtonTraining: Sendable {
    /// The penalty on the weights.
    public var penalty: ElasticNet
    /// The features to use.
    public var features: ChainFeatureOptions
    /// Memory, tolerances and the most steps; its own penalty is set by ``penalty``.
    public var search: LimitedMemoryBFGS

    /// Training; CRFsuite's defaults by default.
    public init(
        penalty: ElasticNet = ElasticNet(squares: 1), features: ChainFeatureOptions = .init(),
        search: LimitedMemoryBFGS = LimitedMemoryBFGS()
    ) {
        self.penalty = penalty
        self.features = features
        self.search = search
    }

    /// Fits weights to `data`.
    ///
    /// - Parameters:
    ///   - weights: where the search begins; zeros by default.
    ///   - observe: told the step's number and the loss after it; returns false to stop.
    /// - Throws: ``InferenceError`` for bad data or penalties; `NumericalError` from the search.
    public func fit(
        _ data: TaggedSequences, from weights: [Double]? = nil, observe: (Int, Double) -> Bool = { _, _ in true }
    ) throws -> ChainFit {
        try penalty.requireProper()
        let features = try ChainFeatures(of: data, features)
        var likelihood = try ChainLikelihood(data, features: features)
        let start = weights ?? [Double](repeating: 0, count: features.count)
        guard start.count == features.count else {
            throw InferenceError.wrongShape(
                what: "the weights to start from", found: "\(start.count)", expected: "\(features.count)")
        }
        var search = search
        search.absolutePenalty = penalty.absolute
        var losses: [Double] = []
        let minimum = try search.minimize(from: start) { weights, gradient in
            let loss = try likelihood.evaluate(weights, gradient: &gradient)
            return loss + penalty.addSquares(of: weights, to: &gradient)
        } observe: { state, info in
            losses.append(info.value)
            return observe(state.steps, info.value)
        }
        return ChainFit(
            field: try LinearChainField(
                labelNames: data.labelNames, attributeNames: data.attributeNames, features: features,
                weights: minimum.point),
            loss: minimum.value, losses: losses, passes: minimum.evaluations,
            isConverged: minimum.reason == .converged)
    }
}
