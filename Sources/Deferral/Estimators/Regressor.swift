import Cascades
public import NumericalMethods

/// A fitted function from a row of features to several numbers: a closed set, so that one switch decides.
public enum Regressor: Codable, Sendable, Hashable {
    /// The same numbers whatever the row.
    case constant([Double])
    /// Linear or logistic functions.
    case linear(LinearModel)
    /// Boosted trees.
    case trees(TreeModel)
    /// Means over the nearest remembered rows.
    case neighbours(NearestNeighboursModel)
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

    /// Writes the outputs for `row`, `[width]`.
    @inline(__always)
    func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .constant(let values): for output in 0..<values.count { result[output] = values[output] }
        case .linear(let model): model.predict(row, into: result)
        case .trees(let model): model.predict(row, into: result)
        case .neighbours(let model): model.predict(row, into: result)
        case .clusters(let model): model.predict(row, into: result)
        }
    }

    /// Writes the outputs for `count` rows, `[count, outputs]` for `[count, width]`: the same numbers as row by row.
    func predict(
        _ rows: UnsafeBufferPointer<Double>, width: Int, count: Int, into result: UnsafeMutableBufferPointer<Double>
    ) {
        // Neighbours of many rows are found by matrix products.
        if case .neighbours(let model) = self { return model.predict(rows, count: count, into: result) }
        let outputs = outputs
        for row in 0..<count {
            predict(
                UnsafeBufferPointer(rebasing: rows[row * width..<(row + 1) * width]),
                into: UnsafeMutableBufferPointer(rebasing: result[row * outputs..<(row + 1) * outputs]))
        }
    }

    /// The outputs for all rows of `features`, `[rows, outputs]` for `[rows, width]`, on all cores.
    func predict(_ features: Matrix) -> Matrix {
        let (width, outputs) = (features.columns, outputs)
        var result = Matrix(rows: features.rows, columns: outputs)
        result.storage.withUnsafeMutableBufferPointer { buffer in
            // Every chunk writes its own rows alone.
            nonisolated(unsafe) let buffer = buffer
            Parallel.chunks(of: features.rows, minimumChunk: 512) { range in
                features.storage.withUnsafeBufferPointer { features in
                    predict(
                        UnsafeBufferPointer(rebasing: features[range.lowerBound * width..<range.upperBound * width]),
                        width: width, count: range.count,
                        into: UnsafeMutableBufferPointer(
                            rebasing: buffer[range.lowerBound * outputs..<range.upperBound * outputs]))
                }
            }
        }
        return result
    }
}
