public import NumericalMethods

/// What training of a general field brought.
public struct FieldFit: Sendable {
    /// The trained field.
    public let field: GeneralField
    /// The loss of the training data plus the penalty, in nats.
    public let loss: Double
    /// How often all instances were gone through.
    public let passes: Int
    /// Whether the search met its tolerance.
    public let isConverged: Bool
    /// In how many instances belief propagation did not settle at the last pass: their part of the loss is no fixed point.
    public let unsettled: Int
}

/// Training of general fields by L-BFGS, or OWL-QN where absolute values are penalised.
public struct FieldTraining: Sendable {
    /// The templates.
    public var templates: [CliqueTemplate]
    /// The penalty on the weights.
    public var penalty: ElasticNet
    /// What is made small.
    public var loss: FieldLoss
    /// Memory, tolerances and the most steps; its own penalty is set by ``penalty``.
    public var search: LimitedMemoryBFGS

    /// Training.
    public init(
        templates: [CliqueTemplate], penalty: ElasticNet = ElasticNet(squares: 1),
        loss: FieldLoss = .likelihood(BeliefPropagation()), search: LimitedMemoryBFGS = LimitedMemoryBFGS()
    ) {
        self.templates = templates
        self.penalty = penalty
        self.loss = loss
        self.search = search
    }

    /// Fits weights to `instances`, which all have labels.
    ///
    /// - Parameter weights: where the search begins; zeros by default.
    /// - Throws: ``InferenceError`` for bad data or penalties; `NumericalError` from the search.
    public func fit(_ instances: [FieldInstance], from weights: [Double]? = nil) throws -> FieldFit {
        try penalty.requireProper()
        let objective = try FieldObjective(templates, instances, loss)
        let count = templates.reduce(0) { $0 + $1.weightCount }
        let start = weights ?? [Double](repeating: 0, count: count)
        guard start.count == count else {
            throw InferenceError.wrongShape(
                what: "the weights to start from", found: "\(start.count)", expected: "\(count)")
        }
        var search = search
        search.absolutePenalty = penalty.absolute
        var unsettled = 0
        let minimum = try search.minimize(from: start) { weights, gradient in
            let value = try objective.evaluate(weights, gradient: &gradient)
            unsettled = value.unsettled
            return value.loss + penalty.addSquares(of: weights, to: &gradient)
        }
        return FieldFit(
            field: try GeneralField(templates: templates, weights: minimum.point), loss: minimum.value,
            passes: minimum.evaluations, isConverged: minimum.reason == .converged, unsettled: unsettled)
    }
}
