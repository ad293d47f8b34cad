import Cascades
public import NumericalMethods
public import Probability

/// Fits an ``Estimator`` of every stage's quality to a log, for any set of stages that have answered.
///
/// Each item is shown once for each of its answered sets; a stage without a cell is left out of its own target only.
public struct EstimatorLearner: Sendable, Hashable {
    /// How to fit.
    public var kind: EstimatorKind
    /// For which sets of answered stages.
    public var sets: AnsweredSets
    /// Whether an item's group counts, where the log has groups.
    public var usesGroups: Bool

    /// A learner of estimators.
    public init(kind: EstimatorKind = .ridge, sets: AnsweredSets = .sampled(perItem: 4), usesGroups: Bool = true) {
        self.kind = kind
        self.sets = sets
        self.usesGroups = usesGroups
    }

    /// Fits to all items of `log`.
    /// - Parameter offsets: what is taken off each quality first, `[items, stages]`: estimates that are to be mended.
    public func fit(_ log: CostedLog, offsets: Matrix? = nil, using random: inout Random) throws -> Estimator {
        let map = features(log.log.schema)
        let rows = TrainingRows(
            log, features: map, answered: sets, outputs: log.stageCount, using: &random
        ) { item, _, row in
            for stage in 0..<row.count {
                row[stage] = log.log.quality(item: item, stage: stage) - (offsets?[item, stage] ?? 0)
            }
        }
        return try fit(rows, map: map, log: log)
    }

    /// Fits one estimator for each of `folds` parts of the items, without that part's items.
    public func crossFit(
        _ log: CostedLog, offsets: Matrix? = nil, folds: Int = 5, using random: inout Random
    ) throws -> CrossFit {
        let folds = max(2, min(folds, log.count))
        let fold = Folds.deal(log.count, into: folds, using: &random)
        var models: [Estimator] = []
        for part in 0..<folds {
            let rest = (0..<log.count).filter { fold[$0] != Int32(part) }
            models.append(try fit(log.subset(rest), offsets: offsets?.rows(rest), using: &random))
        }
        return CrossFit(fold: fold.map { Int($0) }, models: models)
    }

    private func features(_ schema: LogSchema) -> FeatureMap {
        switch sets {
        case .none: FeatureMap(schema, evidenceOf: [])
        case .each(let sets):
            FeatureMap(schema, evidenceOf: sets.reduce(StageSet()) { $0.union($1) }, marks: sets.count > 1)
        case .sampled: FeatureMap(schema, evidenceOf: 0..<schema.stages.count, shares: true)
        }
    }

    /// Fits to `rows`, which come from the items of `log`.
    func fit(_ rows: TrainingRows, map: FeatureMap, log: CostedLog) throws -> Estimator {
        let regressor = try kind.fit(rows)
        let groups = log.log.groups
        guard usesGroups, !groups.isEmpty else { return Estimator(kind: kind, features: map, regressor: regressor) }
        // What the regressor leaves over, by group.
        let predicted = regressor.predict(rows.featureMatrix)
        let residuals = zip(rows.targets, predicted.storage).map { $0 - $1 }
        let table = GroupTable(
            names: groups.names, groups: rows.items.map { groups.codes[Int($0)] }, targets: residuals,
            outputs: rows.outputs)
        return Estimator(kind: kind, features: map, regressor: regressor, groups: table)
    }
}
