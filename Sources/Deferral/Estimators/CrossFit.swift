public import Cascades
public import NumericalMethods

/// Estimators that never saw the items they are used on: one for each part of the items, fitted to the other parts.
public struct CrossFit: Sendable {
    /// The part that each item belongs to, `[items]`.
    public let fold: [Int]
    /// The estimator of each part.
    public let models: [Estimator]

    /// Out-of-fold estimates for the log that was fitted, once the stages of `answered` have answered, `[items, stages]`.
    public func estimates(for log: CostedLog, answered: StageSet = StageSet()) -> Matrix {
        precondition(log.count == fold.count, "out-of-fold estimates are for the items that were fitted")
        let stages = log.stageCount
        var result = Matrix(rows: log.count, columns: stages)
        for (part, model) in models.enumerated() {
            let items = fold.indices.filter { fold[$0] == part }
            let estimates = model.estimates(for: log.log.subset(items), answered: answered)
            for (row, item) in items.enumerated() {
                for stage in 0..<stages { result[item, stage] = estimates[row, stage] }
            }
        }
        return result
    }
}
