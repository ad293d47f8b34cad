public import Cascades
public import NumericalMethods

/// The estimator that all rules share: a regressor on the signals of whatever has answered, and what groups add to it.
///
///     q_k(state) = regressor_k(row(state)) + group_k(state)
public struct Estimator: QualityEstimator, Hashable {
    /// How it was fitted.
    public let kind: EstimatorKind
    /// What it looks at.
    public let features: FeatureMap
    /// The regressor: one output a stage.
    public let regressor: Regressor
    /// What an item's group adds; nil where groups are not looked at.
    public let groups: GroupTable?

    init(kind: EstimatorKind, features: FeatureMap, regressor: Regressor, groups: GroupTable? = nil) {
        self.kind = kind
        self.features = features
        self.regressor = regressor
        self.groups = groups
    }

    /// How many numbers are estimated: one a stage.
    public var outputs: Int { regressor.outputs }

    /// Writes the estimated quality of every stage, `[stages]`. Allocates nothing that outlives the call.
    public func estimate(_ state: PolicyState, into qualities: UnsafeMutableBufferPointer<Double>) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: features.width) { row in
            features.write(state, into: row)
            regressor.predict(UnsafeBufferPointer(row), into: qualities)
        }
        if let groups { groups.add(row: groups.row(of: state.group), to: qualities) }
    }

    /// The estimates for every item of `log` once the stages of `answered` have answered, `[items, stages]`.
    ///
    /// Evidence that the log lacks is `NaN` to the estimator, as at run time.
    public func estimates(for log: OutcomeLog, answered: StageSet = StageSet()) -> Matrix {
        let outputs = outputs
        var result = Matrix(rows: log.count, columns: outputs)
        // The group of each code is looked up once.
        let groupRows = groups.map { table in log.groups.names.map { table.row(of: $0) } }
        result.storage.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let buffer = buffer
            let width = features.width
            Parallel.chunks(of: log.count, minimumChunk: 512) { range in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: range.count * width) { rows in
                    for (place, item) in range.enumerated() {
                        features.write(
                            log, item: item, answered: answered,
                            into: UnsafeMutableBufferPointer(rebasing: rows[place * width..<(place + 1) * width]))
                    }
                    let target = UnsafeMutableBufferPointer(
                        rebasing: buffer[range.lowerBound * outputs..<range.upperBound * outputs])
                    regressor.predict(UnsafeBufferPointer(rows), width: width, count: range.count, into: target)
                    guard let groups, let groupRows else { return }
                    for (place, item) in range.enumerated() {
                        let code = log.groups.isEmpty ? -1 : Int(log.groups.codes[item])
                        groups.add(
                            row: code < 0 ? -1 : groupRows[code],
                            to: UnsafeMutableBufferPointer(rebasing: target[place * outputs..<(place + 1) * outputs]))
                    }
                }
            }
        }
        return result
    }
}

extension Estimator: CustomStringConvertible {
    /// What it is, in a few words.
    public var description: String {
        groups == nil || kind == .groupMeans ? kind.summary : "\(kind.summary) and group means"
    }
}
