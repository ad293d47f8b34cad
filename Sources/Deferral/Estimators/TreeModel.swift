import NumericalMethods

/// Boosted trees for each of several targets.
///
/// Targets between 0 and 1 are fitted by log loss, others by squared error; training ends when the loss on a held-out
/// fold does. A target that doesn't vary is a constant.
public struct TreeModel: Codable, Sendable {
    /// The trees of each target; nil where a constant does.
    let models: [BoostedTreesModel?]
    /// Constants, `[outputs]`.
    let constants: [Double]

    /// The most training rows; more are thinned out evenly.
    static let mostRows = 20_000

    /// How many numbers come out.
    public var outputs: Int { constants.count }

    init(_ rows: TrainingRows) throws {
        let outputs = rows.outputs
        let heldFold = rows.heldFold
        constants = EstimatorKind.means(rows)
        let features = rows.featureMatrix
        // One thread a booster: the boosters themselves run side by side.
        models = try Parallel.map(count: outputs) { (output) throws -> BoostedTreesModel? in
            let all = (0..<rows.count).filter { !rows.targets[$0 * outputs + output].isNaN }
            let known = TrainingRows.thinned(all.count, to: Self.mostRows).map { all[$0] }
            let targets = known.map { rows.targets[$0 * outputs + output] }
            let kept = known.filter { rows.fold[$0] != heldFold }
            let held = known.filter { rows.fold[$0] == heldFold }
            let training = kept.map { rows.targets[$0 * outputs + output] }
            // Trees need something to tell apart.
            guard let first = training.first, training.contains(where: { $0 != first }), !held.isEmpty else {
                return nil
            }
            let learner = BoostedTrees(
                objective: LogisticFit.suits(targets) ? .logistic : .squaredError, rounds: 40, depth: 3,
                learningRate: 0.25, minimumChildWeight: 2, patience: 10, threads: 1)
            return try learner.fit(
                features: features.rows(kept), targets: training,
                validation: BoostedTrees.Validation(
                    features: features.rows(held), targets: held.map { rows.targets[$0 * outputs + output] }))
        }
    }

    /// Writes the outputs of `row`, `[width]`. Allocates nothing.
    @inline(__always)
    func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        for output in 0..<constants.count {
            if let model = models[output] {
                model.predict(
                    row, into: UnsafeMutableBufferPointer(rebasing: result[output..<output + 1]))
            } else {
                result[output] = constants[output]
            }
        }
    }
}

extension TreeModel: Hashable {
    public func hash(into hasher: inout Hasher) { hasher.combine(constants) }
}
