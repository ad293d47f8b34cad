import Cascades
import NumericalMethods
import Probability

/// What post-hoc rules estimate of the later stages once some have answered.
enum GainTarget: String, Sendable {
    /// quality_k - quality_last: for 0/1 quality, 1[k right] - 1[last right].
    case difference = "gain"
    /// p_k(y) - p_last(y), the probabilities of the true label.
    case probability = "gain in probability"
    /// confidence_k - confidence_last, of which only the first is estimated.
    case confidence = "gain in confidence"
}

/// Estimates of what each later stage adds once the stages of a set have answered, and the same out of fold.
struct GainModel: Sendable {
    let estimator: Estimator
    let baseline: Estimator?
    /// The output of each stage of the log; -1 for stages that are not later.
    let output: [Int]
    /// Out-of-fold gains on the training log, `[items, outputs]`, baseline taken off.
    let gains: Matrix

    /// The name under which stages give their largest class probability, the first that all have.
    static func confidenceName(_ schema: LogSchema) -> String? {
        ["topProbability", "top", "max_probability", "max_prob", "confidence", "probability"].first { name in
            schema.stages.allSatisfy { $0.evidence.contains(name) }
        }
    }

    /// Fits to the items of `log` on which all of `answered` did; the last of them by cost is what is compared with.
    init(
        _ log: CostedLog, answered: StageSet, target: GainTarget, kind: EstimatorKind, folds: Int,
        using random: inout Random
    ) throws {
        let outcomes = log.log
        let schema = outcomes.schema
        let order = log.stagesByCost
        let place = order.lastIndex { answered.contains($0) }!
        let last = order[place]
        let later = Array(order[(place + 1)...])
        func signal(_ name: String) -> [Int] {
            schema.stages.indices.map { stage in
                schema.stages[stage].evidence.firstIndex(of: name).map { schema.evidenceOffsets[stage] + $0 } ?? -1
            }
        }
        let probability = signal(FeatureMap.labelProbability)
        let confidenceName = Self.confidenceName(schema)
        let confidence = confidenceName.map(signal) ?? []
        let map = FeatureMap(schema, evidenceOf: answered, marks: false)
        let learner = EstimatorLearner(kind: kind, sets: .each([answered]))
        let rows = TrainingRows(
            log, features: map, answered: .each([answered]), outputs: later.count, folds: folds, using: &random
        ) { item, _, row in
            for (index, stage) in later.enumerated() {
                switch target {
                case .difference:
                    row[index] = outcomes.quality(item: item, stage: stage) - outcomes.quality(item: item, stage: last)
                case .probability:
                    row[index] =
                        outcomes.signal(item: item, probability[stage]) - outcomes.signal(item: item, probability[last])
                case .confidence:
                    row[index] =
                        confidence.isEmpty
                        ? outcomes.quality(item: item, stage: stage) : outcomes.signal(item: item, confidence[stage])
                }
            }
        }
        // The last fit is to all rows; the others each leave a part out.
        let fits: [Estimator] = try Parallel.map(count: rows.folds + 1) { part in
            try learner.fit(
                part == rows.folds ? rows : rows.filter { rows.fold[$0] != Int32(part) }, map: map, log: log)
        }
        estimator = fits[rows.folds]
        var output = [Int](repeating: -1, count: schema.stages.count)
        for (index, stage) in later.enumerated() { output[stage] = index }
        self.output = output
        baseline =
            target != .confidence
            ? nil
            : try Self.confidence(log, stage: last, named: confidence.isEmpty ? nil : confidence[last], using: &random)

        // Out of fold: each part of the items by an estimator that never saw them.
        var fold = [Int](repeating: 0, count: log.count)
        var isTrained = [Bool](repeating: false, count: log.count)
        for (row, item) in rows.items.enumerated() {
            fold[Int(item)] = Int(rows.fold[row])
            isTrained[Int(item)] = true
        }
        var gains = Matrix(rows: log.count, columns: later.count, repeating: .nan)
        for part in 0..<rows.folds {
            let items = (0..<log.count).filter { isTrained[$0] && fold[$0] == part }
            let estimates = Self.gains(outcomes.subset(items), answered: answered, by: fits[part], baseline: baseline)
            for (row, item) in items.enumerated() {
                for column in later.indices { gains[item, column] = estimates[row, column] }
            }
        }
        self.gains = gains
    }

    /// Gains for every item of `log` once `answered` have answered, `[items, outputs]`, baseline taken off.
    static func gains(_ log: OutcomeLog, answered: StageSet, by estimator: Estimator, baseline: Estimator?) -> Matrix {
        var gains = estimator.estimates(for: log, answered: answered)
        guard let base = baseline?.estimates(for: log, answered: answered) else { return gains }
        for cell in gains.storage.indices { gains.storage[cell] -= base.storage[cell / gains.columns] }
        return gains
    }

    /// The confidence of `stage` in its own answer: the number it gives, or else what the evidence that ranks its
    /// answers best says of its quality.
    private static func confidence(
        _ log: CostedLog, stage: Int, named signal: Int?, using random: inout Random
    ) throws -> Estimator {
        if let signal {
            let map = FeatureMap(signals: [signal], owners: [stage])
            return Estimator(
                kind: .ridge, features: map,
                regressor: .linear(LinearModel(weights: [1], missing: [0], intercepts: [0], link: .identity)))
        }
        let score = ThresholdLearner().scores(log)[stage]
        let map = FeatureMap(signals: score.map { [$0.signal] } ?? [], owners: score == nil ? [] : [stage])
        let rows = TrainingRows(
            log, features: map, answered: .each([StageSet(stage)]), outputs: 1, using: &random
        ) { item, _, row in row[0] = log.log.quality(item: item, stage: stage) }
        return Estimator(kind: .ridge, features: map, regressor: try EstimatorKind.ridge.fit(rows))
    }
}
