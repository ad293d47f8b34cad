/// Fitted boosted trees.
public struct BoostedTreesModel: Codable, Sendable, Equatable {
    /// What was minimised: says what the predictions mean.
    public let objective: BoostingObjective
    /// The constant margins that the trees add to, `[outputs]`.
    public let baseMargins: [Double]
    /// The trees.
    public let ensemble: TreeEnsemble
    /// The least mean loss on the validation set, if there was one.
    public let validationLoss: Double?

    /// The number of outputs.
    public var outputs: Int { baseMargins.count }
    /// The number of rounds kept.
    public var rounds: Int { ensemble.trees / outputs }

    init(objective: BoostingObjective, baseMargins: [Double], ensemble: TreeEnsemble, validationLoss: Double?) {
        self.objective = objective
        self.baseMargins = baseMargins
        self.ensemble = ensemble
        self.validationLoss = validationLoss
    }

    /// Reads a stored model; throws `LearnerError.badModel` when its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        objective = try box.decode(BoostingObjective.self, forKey: .objective)
        baseMargins = try box.decode([Double].self, forKey: .baseMargins)
        ensemble = try box.decode(TreeEnsemble.self, forKey: .ensemble)
        validationLoss = try box.decodeIfPresent(Double.self, forKey: .validationLoss)
        guard baseMargins.count == objective.outputs, ensemble.outputs == objective.outputs else {
            throw LearnerError.badModel("the trees' outputs do not fit their objective")
        }
    }

    /// Writes the margins, `[outputs]`, of one row, `[features]`. Allocates nothing.
    public func margins(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        precondition(result.count == outputs, "the result holds one number for each output")
        for output in result.indices { result[output] = baseMargins[output] }
        ensemble.add(row, to: result)
    }

    /// Writes the predictions, `[outputs]`, of one row, `[features]`: a number, the probability of class 1, or the
    /// classes' probabilities. Allocates nothing.
    public func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        margins(row, into: result)
        objective.transform(result)
    }

    /// The predictions of many rows, `[rows, outputs]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> Matrix {
        rows.mapRows(to: outputs) { row, result in predict(row, into: result) }
    }
}
