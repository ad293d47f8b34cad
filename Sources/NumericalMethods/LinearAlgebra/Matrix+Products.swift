internal import CLinearAlgebra

extension Matrix {
    /// The unit matrix of `size` rows.
    public static func identity(_ size: Int) -> Matrix {
        var result = Matrix(rows: size, columns: size)
        for index in 0..<size { result[index, index] = 1 }
        return result
    }

    /// The matrix whose rows are `rows`, all of one length.
    public init(rows: [[Double]]) {
        let columns = rows.first?.count ?? 0
        precondition(rows.allSatisfy { $0.count == columns }, "the rows of a matrix have one length")
        self.init(rows: rows.count, columns: columns, storage: rows.flatMap { $0 })
    }

    /// Row `index`, `[columns]`.
    public func row(_ index: Int) -> ArraySlice<Double> {
        storage[index * columns..<(index + 1) * columns]
    }

    /// The rows `indices`, in that order, `[indices, columns]`.
    public func rows(_ indices: some Collection<Int>) -> Matrix {
        var selected: [Double] = []
        selected.reserveCapacity(indices.count * columns)
        for index in indices { selected.append(contentsOf: row(index)) }
        return Matrix(rows: indices.count, columns: columns, storage: selected)
    }

    /// Column `index`, `[rows]`.
    public func column(_ index: Int) -> [Double] {
        (0..<rows).map { self[$0, index] }
    }

    /// The elements `(i, i)`.
    public var diagonal: [Double] {
        (0..<min(rows, columns)).map { self[$0, $0] }
    }

    /// The transpose, `[columns, rows]`.
    public var transposed: Matrix {
        var result = Matrix(rows: columns, columns: rows)
        // Square blocks keep both the rows read and those written in cache.
        let block = 32
        for startRow in stride(from: 0, to: rows, by: block) {
            for startColumn in stride(from: 0, to: columns, by: block) {
                for row in startRow..<min(rows, startRow + block) {
                    for column in startColumn..<min(columns, startColumn + block) {
                        result.storage[column * rows + row] = storage[row * columns + column]
                    }
                }
            }
        }
        return result
    }

    /// op(self) op(other), where op transposes if asked to.
    public func multiplied(by other: Matrix, transposingSelf: Bool = false, transposingOther: Bool = false) -> Matrix {
        let outer = transposingSelf ? columns : rows
        let inner = transposingSelf ? rows : columns
        let result = transposingOther ? other.rows : other.columns
        precondition(
            inner == (transposingOther ? other.columns : other.rows), "the inner sizes of a product have to agree")
        var product = Matrix(rows: outer, columns: result)
        storage.withUnsafeBufferPointer { a in
            other.storage.withUnsafeBufferPointer { b in
                product.storage.withUnsafeMutableBufferPointer { c in
                    BLAS.gemm(
                        rows: outer, columns: result, inner: inner, a, transposingA: transposingSelf, b,
                        transposingB: transposingOther, into: c)
                }
            }
        }
        return product
    }

    /// op(self) vector.
    public func multiplied(by vector: [Double], transposingSelf: Bool = false) -> [Double] {
        var result = [Double](repeating: 0, count: transposingSelf ? columns : rows)
        storage.withUnsafeBufferPointer { a in
            vector.withUnsafeBufferPointer { x in
                result.withUnsafeMutableBufferPointer { y in
                    BLAS.gemv(rows: rows, columns: columns, a, transposingA: transposingSelf, x, into: y)
                }
            }
        }
        return result
    }

    /// The matrix product.
    public static func * (left: Matrix, right: Matrix) -> Matrix { left.multiplied(by: right) }
    /// The product of a matrix `[rows, columns]` and a column vector `[columns]`.
    public static func * (left: Matrix, right: [Double]) -> [Double] { left.multiplied(by: right) }
    /// Every element times `right`.
    public static func * (left: Matrix, right: Double) -> Matrix {
        Matrix(rows: left.rows, columns: left.columns, storage: left.storage.map { $0 * right })
    }
    /// The sum, element by element.
    public static func + (left: Matrix, right: Matrix) -> Matrix {
        precondition(left.rows == right.rows && left.columns == right.columns, "a sum needs equal shapes")
        return Matrix(rows: left.rows, columns: left.columns, storage: zip(left.storage, right.storage).map(+))
    }
    /// The difference, element by element.
    public static func - (left: Matrix, right: Matrix) -> Matrix {
        precondition(left.rows == right.rows && left.columns == right.columns, "a difference needs equal shapes")
        return Matrix(rows: left.rows, columns: left.columns, storage: zip(left.storage, right.storage).map(-))
    }
}
