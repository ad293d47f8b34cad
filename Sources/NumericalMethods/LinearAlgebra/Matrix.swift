/// A dense matrix of `Double`, row-major: element `(i, j)` is `storage[i * columns + j]`.
public struct Matrix: Sendable, Hashable, Codable {
    /// Number of rows.
    public private(set) var rows: Int
    /// Number of columns.
    public private(set) var columns: Int
    /// The elements, `[rows, columns]` row-major.
    public var storage: [Double]

    /// A matrix of `rows` by `columns` filled with `value`.
    public init(rows: Int, columns: Int, repeating value: Double = 0) {
        precondition(rows >= 0 && columns >= 0, "a matrix has no negative size")
        self.rows = rows
        self.columns = columns
        storage = [Double](repeating: value, count: rows * columns)
    }

    /// A matrix that takes `storage`, row-major.
    public init(rows: Int, columns: Int, storage: [Double]) {
        precondition(storage.count == rows * columns, "a \(rows) x \(columns) matrix needs \(rows * columns) elements")
        self.rows = rows
        self.columns = columns
        self.storage = storage
    }

    /// Element `(row, column)`.
    @inlinable
    public subscript(row: Int, column: Int) -> Double {
        get { storage[row * columns + column] }
        set { storage[row * columns + column] = newValue }
    }

    /// The rows `chosen`, in that order.
    public func rows(_ chosen: [Int]) -> Matrix {
        var part: [Double] = []
        part.reserveCapacity(chosen.count * columns)
        for row in chosen { part += storage[row * columns..<(row + 1) * columns] }
        return Matrix(rows: chosen.count, columns: columns, storage: part)
    }
}
