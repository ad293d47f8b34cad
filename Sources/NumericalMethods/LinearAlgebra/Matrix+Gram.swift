internal import CLinearAlgebra

extension Matrix {
    /// The weighted sums of squares and products of the columns, Xᵀ W X with W diagonal: `[columns, columns]`, symmetric.
    ///
    /// - Parameter weights: one per row, not negative; nil for all 1.
    /// - Complexity: rows · columns² multiplications, by blocks of rows on all cores.
    public func gram(weights: [Double]? = nil) -> Matrix {
        precondition(weights == nil || weights!.count == rows, "one weight for each row")
        BLAS.prepare()
        let size = columns
        if size == 0 || rows == 0 { return Matrix(rows: size, columns: size) }
        // Rows of √w x, so that a symmetric update of rank k, half the work of a product, serves weights too.
        // A fixed number of rows at a time bounds the copy and keeps the sums the same on any number of threads.
        let sum = Parallel.reduce(
            count: rows, minimumChunk: max(256, 1_000_000 / (size * size)),
            body: { range in
                var part = [Double](repeating: 0, count: size * size)
                let block = 512
                var scaled = [Double](repeating: 0, count: weights == nil ? 0 : min(block, range.count) * size)
                storage.withUnsafeBufferPointer { x in
                    guard let weights else {
                        cblas_dsyrk(
                            CblasRowMajor, CblasLower, CblasTrans, Int32(size), Int32(range.count), 1,
                            x.baseAddress! + range.lowerBound * size, Int32(size), 1, &part, Int32(size))
                        return
                    }
                    for start in stride(from: range.lowerBound, to: range.upperBound, by: block) {
                        let end = min(range.upperBound, start + block)
                        for row in start..<end {
                            let weight = weights[row]
                            precondition(weight >= 0, "a weight is not negative")
                            let root = weight.squareRoot()
                            for column in 0..<size {
                                scaled[(row - start) * size + column] = root * x[row * size + column]
                            }
                        }
                        cblas_dsyrk(
                            CblasRowMajor, CblasLower, CblasTrans, Int32(size), Int32(end - start), 1, scaled,
                            Int32(size), 1,
                            &part, Int32(size))
                    }
                }
                return part
            },
            combine: { sum, part in
                var sum = sum
                for index in sum.indices { sum[index] += part[index] }
                return sum
            })
        var result = Matrix(rows: size, columns: size, storage: sum!)
        for row in 0..<size { for column in 0..<row { result[column, row] = result[row, column] } }
        return result
    }

    /// Xᵀ W y with W diagonal, `[columns]`: the right-hand side that goes with `gram(weights:)`.
    ///
    /// - Parameters:
    ///   - response: y, one per row.
    ///   - weights: one per row; nil for all 1.
    public func moments(with response: [Double], weights: [Double]? = nil) -> [Double] {
        precondition(
            response.count == rows && (weights == nil || weights!.count == rows), "one response and weight for each row"
        )
        guard let weights else { return multiplied(by: response, transposingSelf: true) }
        return multiplied(by: zip(response, weights).map(*), transposingSelf: true)
    }
}
