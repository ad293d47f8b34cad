internal import CLinearAlgebra

/// Points in a Euclidean space, searched for the ones nearest to a query.
///
/// Keys |p|² − 2 p·q come from one product in single precision. They only choose candidates: all points within the
/// rounding error of the last place are compared again by exact squared distances, so the result is that of a full
/// search in double precision.
struct PointSet: Sendable {
    /// The points, `[count, dimension]`.
    let values: [Double]
    let dimension: Int
    let count: Int
    /// The number of points rounded up to whole vectors; the keys of those beyond the last are infinite.
    private let padded: Int
    /// The points in single precision, `[dimension, padded]`, and their squared lengths.
    private let columns: [Float]
    private let lengths: [Float]
    private let longest: Double

    private typealias Lanes = SIMD8<Float>

    init(_ values: [Double], dimension: Int) {
        self.values = values
        self.dimension = dimension
        count = values.count / dimension
        padded = (count + Lanes.scalarCount - 1) / Lanes.scalarCount * Lanes.scalarCount
        var columns = [Float](repeating: 0, count: dimension * padded)
        var lengths = [Float](repeating: .infinity, count: padded)
        var longest = 0.0
        for point in 0..<count {
            var length = 0.0
            for axis in 0..<dimension {
                let value = values[point * dimension + axis]
                columns[axis * padded + point] = Float(value)
                length += value * value
            }
            lengths[point] = Float(length)
            longest = max(longest, length)
        }
        self.columns = columns
        self.lengths = lengths
        self.longest = longest
        BLAS.prepare()
    }

    /// Finds the `wanted` points nearest to `query`, `[dimension]`; of equally near ones the first.
    func nearest(_ wanted: Int, to query: UnsafeBufferPointer<Double>, _ body: (NearestPoints) -> Void) {
        withScratch(queries: 1) { scratch in
            for point in 0..<padded { scratch.keys[point] = lengths[point] }
            for axis in 0..<dimension { scratch.queries[axis] = Float(query[axis]) }
            cblas_sgemv(
                CblasRowMajor, CblasTrans, blasint(dimension), blasint(padded), -2, columns, blasint(padded),
                scratch.queries, 1, 1, scratch.keys, 1)
            body(select(wanted, query.baseAddress!, keys: scratch.keys, scratch, excluding: -1))
        }
    }

    /// The same for many `queries`, `[queries, dimension]`, in blocks; `body` gets each query's number with its points.
    ///
    /// - Parameter excluded: the point that a query may not find; none if nil.
    func nearest(
        _ wanted: Int, toAll queries: UnsafeBufferPointer<Double>, excluding excluded: ((Int) -> Int)? = nil,
        _ body: (Int, NearestPoints) -> Void
    ) {
        let total = queries.count / dimension
        let block = max(1, min(32, total, (1 << 18) / padded))
        withScratch(queries: block) { scratch in
            for start in stride(from: 0, to: total, by: block) {
                let rows = min(block, total - start)
                for cell in 0..<rows * dimension { scratch.queries[cell] = Float(queries[start * dimension + cell]) }
                for row in 0..<rows {
                    for point in 0..<padded { scratch.keys[row * padded + point] = lengths[point] }
                }
                cblas_sgemm(
                    CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(rows), blasint(padded), blasint(dimension), -2,
                    scratch.queries, blasint(dimension), columns, blasint(padded), 1, scratch.keys, blasint(padded))
                for row in 0..<rows {
                    let query = start + row
                    body(
                        query,
                        select(
                            wanted, queries.baseAddress! + query * dimension, keys: scratch.keys + row * padded,
                            scratch, excluding: excluded?(query) ?? -1))
                }
            }
        }
    }

    /// What a search writes to.
    private struct Scratch {
        /// `[queries, padded]` and `[queries, dimension]`.
        var keys: UnsafeMutablePointer<Float>
        var queries: UnsafeMutablePointer<Float>
        /// `[padded]` each.
        var items: UnsafeMutablePointer<Int32>
        var squares: UnsafeMutablePointer<Double>
        var order: UnsafeMutablePointer<Double>
    }

    /// One block of memory for everything.
    private func withScratch(queries: Int, _ body: (Scratch) -> Void) {
        let doubles = 2 * padded + (padded + queries * (padded + dimension) + 1) / 2 + 1
        withUnsafeTemporaryAllocation(byteCount: 8 * doubles, alignment: 64) { memory in
            func part<Number>(_ offset: Int, _ count: Int, of type: Number.Type) -> UnsafeMutablePointer<Number> {
                (memory.baseAddress! + offset).bindMemory(to: type, capacity: count)
            }
            body(
                Scratch(
                    keys: part(20 * padded, queries * padded, of: Float.self),
                    queries: part((20 + 4 * queries) * padded, queries * dimension, of: Float.self),
                    items: part(16 * padded, padded, of: Int32.self), squares: part(0, padded, of: Double.self),
                    order: part(8 * padded, padded, of: Double.self)))
        }
    }

    /// The nearest of the points whose single-precision `keys` are given.
    private func select(
        _ wanted: Int, _ query: UnsafePointer<Double>, keys: UnsafeMutablePointer<Float>, _ scratch: Scratch,
        excluding excluded: Int
    ) -> NearestPoints {
        var length = 0.0
        for axis in 0..<dimension { length += query[axis] * query[axis] }
        if excluded >= 0 { keys[excluded] = .infinity }
        var limit = Float.infinity
        // Beyond single precision's range keys say nothing, and all points are candidates.
        if length + longest < 1e30 {
            // Twice the usual bound of the rounding of points, products and sums, on both sides of the comparison.
            let slack = 4 * Double(dimension + 8) * Double(Float.ulpOfOne) * (length + longest)
            limit = (bound(wanted, keys, scratch) + Float(slack)).nextUp
        }
        var found = 0
        for start in stride(from: 0, to: padded, by: Lanes.scalarCount) {
            let lanes = UnsafeRawPointer(keys + start).loadUnaligned(as: Lanes.self)
            guard any(lanes .<= limit) || limit == .infinity else { continue }
            // Without branches: which of the eight are candidates cannot be foretold.
            for point in start..<min(start + Lanes.scalarCount, count) {
                scratch.items[found] = Int32(truncatingIfNeeded: point)
                found &+= (keys[point] <= limit || limit == .infinity) && point != excluded ? 1 : 0
            }
        }
        values.withUnsafeBufferPointer { values in
            for place in 0..<found {
                scratch.squares[place] = squaredDistance(
                    query, values.baseAddress! + Int(scratch.items[place]) * dimension)
            }
        }
        return keepNearest(min(wanted, found), of: found, scratch)
    }

    /// A bound on the `wanted`-th smallest key, seldom much above it: one on the `wanted`-th smallest minimum of parts.
    private func bound(_ wanted: Int, _ keys: UnsafeMutablePointer<Float>, _ scratch: Scratch) -> Float {
        let vectors = padded / Lanes.scalarCount
        // Four parts for each point wanted, or as many as there are.
        let blocks = min(vectors, (4 * wanted + Lanes.scalarCount - 1) / Lanes.scalarCount)
        let parts = blocks * Lanes.scalarCount
        guard parts >= wanted else { return .infinity }
        return UnsafeMutableRawPointer(scratch.squares).withMemoryRebound(to: Float.self, capacity: parts) { minima in
            for block in 0..<blocks {
                var least = Lanes(repeating: .infinity)
                for vector in block * vectors / blocks..<(block + 1) * vectors / blocks {
                    let lanes = UnsafeRawPointer(keys + vector * Lanes.scalarCount).loadUnaligned(as: Lanes.self)
                    least = least.replacing(with: lanes, where: lanes .< least)
                }
                for lane in 0..<Lanes.scalarCount { minima[block * Lanes.scalarCount + lane] = least[lane] }
            }
            return Self.bound(wanted, UnsafePointer(minima), count: parts)
        }
    }

    /// A value that at least `wanted` of `values` reach up to, a thousandth of their range above the smallest such one.
    private static func bound(_ wanted: Int, _ values: UnsafePointer<Float>, count: Int) -> Float {
        func lanes(_ start: Int) -> Lanes { UnsafeRawPointer(values + start).loadUnaligned(as: Lanes.self) }
        func reached(_ limit: Float) -> Bool {
            var counts = SIMD8<Int32>()
            for start in stride(from: 0, to: count, by: Lanes.scalarCount) {
                counts = counts.replacing(with: counts &+ 1, where: lanes(start) .<= limit)
            }
            return Int(counts.wrappedSum()) >= wanted
        }
        var least = Lanes(repeating: .infinity)
        var most = -least
        for start in stride(from: 0, to: count, by: Lanes.scalarCount) {
            let lanes = lanes(start)
            least = least.replacing(with: lanes, where: lanes .< least)
            // Infinite are the keys of a point excluded and of those beyond the last.
            most = most.replacing(with: lanes, where: (lanes .> most) .& (lanes .< .infinity))
        }
        var (low, high) = (least.min(), most.max())
        guard reached(high) else { return .infinity }
        // Counting ten times takes less time than sorting out which is which.
        for _ in 0..<10 {
            let middle = low + (high - low) / 2
            if reached(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// Keeps `wanted` of the `found` candidates, in the points' order.
    private func keepNearest(_ wanted: Int, of found: Int, _ scratch: Scratch) -> NearestPoints {
        guard wanted > 0 else {
            return NearestPoints(
                items: scratch.items, squares: scratch.squares, count: 0, reach: .infinity, farthest: -1)
        }
        scratch.order.update(from: scratch.squares, count: found)
        let reach = nthSmallest(wanted - 1, UnsafeMutableBufferPointer(start: scratch.order, count: found))
        var ties = wanted
        for place in 0..<found where scratch.squares[place] < reach { ties -= 1 }
        var kept = 0
        var farthest = -1
        for place in 0..<found where scratch.squares[place] <= reach {
            if scratch.squares[place] == reach {
                if ties == 0 { continue }
                ties -= 1
                farthest = kept
            }
            scratch.items[kept] = scratch.items[place]
            scratch.squares[kept] = scratch.squares[place]
            kept += 1
        }
        return NearestPoints(
            items: scratch.items, squares: scratch.squares, count: kept, reach: reach, farthest: farthest)
    }

    @inline(__always)
    private func squaredDistance(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>) -> Double {
        // Eight sums, so that the additions need not wait for each other.
        var sums = SIMD8<Double>(repeating: 0)
        var axis = 0
        while axis + 8 <= dimension {
            let difference =
                UnsafeRawPointer(a + axis).loadUnaligned(as: SIMD8<Double>.self)
                - UnsafeRawPointer(b + axis).loadUnaligned(as: SIMD8<Double>.self)
            sums += difference * difference
            axis += 8
        }
        var sum = sums.sum()
        while axis < dimension {
            sum += (a[axis] - b[axis]) * (a[axis] - b[axis])
            axis += 1
        }
        return sum.isNaN ? .infinity : sum
    }
}

/// The points that a search found, valid while its body runs.
struct NearestPoints {
    /// The points, ascending, and their squared distances, `[count]`.
    let items: UnsafeMutablePointer<Int32>
    let squares: UnsafeMutablePointer<Double>
    let count: Int
    /// The largest squared distance among them, and the place of the last of the points at it.
    let reach: Double
    let farthest: Int
}

/// The element that would be at index `n` if `values` were sorted, which are put in another order. None may be NaN.
///
/// Source: Hoare, 1961, "Algorithm 65: Find", with the median of three as pivot.
func nthSmallest<Value: Comparable>(_ n: Int, _ values: UnsafeMutableBufferPointer<Value>) -> Value {
    var low = 0
    var high = values.count - 1
    while low < high {
        let (a, b, c) = (values[low], values[low + (high - low) / 2], values[high])
        let pivot = max(min(a, b), min(max(a, b), c))
        var (left, right) = (low, high)
        while left <= right {
            while values[left] < pivot { left += 1 }
            while pivot < values[right] { right -= 1 }
            if left <= right {
                values.swapAt(left, right)
                left += 1
                right -= 1
            }
        }
        if n <= right {
            high = right
        } else if n >= left {
            low = left
        } else {
            break
        }
    }
    return values[n]
}
