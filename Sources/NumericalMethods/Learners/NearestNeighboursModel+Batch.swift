extension NearestNeighboursModel {
    /// The targets of many rows, `[rows, targets]` of `[rows, features]`, on all cores; the same numbers as row by row.
    public func predict(_ rows: Matrix) -> Matrix {
        var result = Matrix(rows: rows.rows, columns: targets.columns)
        let width = targets.columns
        result.storage.withUnsafeMutableBufferPointer { buffer in
            // Every query writes its own row alone.
            nonisolated(unsafe) let buffer = buffer
            searchAll(transformed(rows), count: neighbours, excludesItself: false) { query, scratch in
                average(
                    &scratch, into: UnsafeMutableBufferPointer(rebasing: buffer[query * width..<(query + 1) * width]))
            }
        }
        return result
    }

    /// Predictions of every item from the other items, for 1, 2, ... `maximum` neighbours: element k − 1 is
    /// `[items, targets]`. One search serves all, which makes the choice of k cheap.
    ///
    /// Means and spreads of the features, and the means that stand in for missing targets, are those of all items.
    /// - Throws: `LearnerError.badSetting` when there are not that many other items.
    public func leaveOneOut(maximum: Int) throws -> [Matrix] {
        try LearnerInput.check(
            maximum >= 1 && maximum < items, "the largest k", Double(maximum),
            "from 1 to the number of other items, \(items - 1)")
        let width = targets.columns
        let stride = items * width
        var all = [Double](repeating: 0, count: maximum * stride)
        all.withUnsafeMutableBufferPointer { buffer in
            // Every query writes its own rows alone.
            nonisolated(unsafe) let buffer = buffer
            searchAll(points, count: maximum, excludesItself: true) { query, scratch in
                clear(&scratch)
                for rank in 0..<maximum {
                    add(scratch.items[rank], scratch.distances[rank], to: &scratch)
                    let start = rank * stride + query * width
                    write(scratch, into: UnsafeMutableBufferPointer(rebasing: buffer[start..<start + width]))
                }
            }
        }
        return (0..<maximum).map {
            Matrix(rows: items, columns: width, storage: Array(all[$0 * stride..<($0 + 1) * stride]))
        }
    }

    /// Finds the `count` nearest items of all queries, `[queries, features]` in the metric's space.
    ///
    /// Blocks of keys come from one matrix product, |a|² + |b|² − 2 a·b, which cancels for near points. They only
    /// choose candidates: all within the rounding error of the last place are compared again by exact keys.
    private func searchAll(
        _ queries: [Double], count: Int, excludesItself: Bool,
        body: @Sendable (Int, inout NeighbourScratch) -> Void
    ) {
        let d = features
        let n = items
        let total = queries.count / d
        let block = max(1, min(64, (1 << 20) / n))
        let isEuclidean = configuration.metric == .euclidean
        let largest = squares.reduce(0, max)
        Parallel.forEach(count: (total + block - 1) / block) { index in
            let range = index * block..<min((index + 1) * block, total)
            var scratch = NeighbourScratch(k: count, features: d, targets: targets.columns)
            var near = [Double](repeating: 0, count: count)
            var nearItems = [Int](repeating: 0, count: count)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: range.count * n) { keys in
                queries.withUnsafeBufferPointer { queries in
                    points.withUnsafeBufferPointer { points in
                        BLAS.gemm(
                            rows: range.count, columns: n, inner: d, alpha: isEuclidean ? -2 : -1,
                            UnsafeBufferPointer(rebasing: queries[range.lowerBound * d..<range.upperBound * d]), points,
                            transposingB: true, into: keys)
                    }
                    for (offset, query) in range.enumerated() {
                        let row = UnsafeMutableBufferPointer(rebasing: keys[offset * n..<(offset + 1) * n])
                        let point = queries.baseAddress! + query * d
                        var length = 0.0
                        for feature in 0..<d { length += point[feature] * point[feature] }
                        if isEuclidean { for item in 0..<n { row[item] += squares[item] } }
                        if excludesItself { row[query] = .infinity }
                        var found = 0
                        Self.visit(row, until: { found < count ? .infinity : near[count - 1] }) { item in
                            if excludesItself && item == query { return }
                            Self.insert(row[item], item, into: &near, &nearItems, count: &found)
                        }
                        // Four times the usual bound of a dot product's error, on both sides of the comparison.
                        let slack = 8 * Double(d + 4) * .ulpOfOne * (isEuclidean ? length + largest : 1)
                        let limit = near[count - 1] + slack
                        found = 0
                        Self.visit(row, until: { limit }) { item in
                            Self.insert(
                                key(point, item: item), item, into: &scratch.distances, &scratch.items, count: &found)
                        }
                        if isEuclidean { for rank in 0..<count { scratch.distances[rank].formSquareRoot() } }
                        body(query, &scratch)
                    }
                }
            }
        }
    }

    /// Calls `body` with the indices, ascending, of the values that are at most `limit()`, which `body` may lower.
    ///
    /// Nearly all values are above the limit: eight are dismissed by one comparison.
    @inline(__always)
    private static func visit(
        _ values: UnsafeMutableBufferPointer<Double>, until limit: () -> Double, _ body: (Int) -> Void
    ) {
        let start = UnsafeRawPointer(values.baseAddress!)
        var index = 0
        var bound = limit()
        while index + 8 <= values.count {
            let eight = start.loadUnaligned(fromByteOffset: 8 * index, as: SIMD8<Double>.self)
            if any(eight .<= bound) {
                for item in index..<index + 8 where values[item] <= bound {
                    body(item)
                    bound = limit()
                }
            }
            index += 8
        }
        while index < values.count {
            if values[index] <= bound {
                body(index)
                bound = limit()
            }
            index += 1
        }
    }
}
