import Cascades

/// A fitted function from a row of features to several numbers: a closed set, so that one switch decides.
public enum Regressor: Codable, Sendable, Hashable {
    /// The same numbers whatever the row.
    case constant([Double])
    /// Linear or logistic functions.
    case linear(LinearModel)
    /// Boosted trees.
    case trees(TreeModel)
    /// Means over the nearest remembered rows.
    case neighbours(NeighbourModel)
    /// Means of the nearest cluster.
    case clusters(ClusterModel)

    /// How many numbers come out.
    public var outputs: Int {
        switch self {
        case .constant(let values): values.count
        case .linear(let model): model.outputs
        case .trees(let model): model.outputs
        case .neighbours(let model): model.outputs
        case .clusters(let model): model.outputs
        }
    }

    /// Writes the outputs for `row`, `[width]`, which may be overwritten.
    @inline(__always)
    func predict(_ row: UnsafeMutableBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .constant(let values): for output in 0..<values.count { result[output] = values[output] }
        case .linear(let model): model.predict(row, into: result)
        case .trees(let model): model.predict(row, into: result)
        case .neighbours(let model): model.predict(row, into: result)
        case .clusters(let model): model.predict(row, into: result)
        }
    }
}
