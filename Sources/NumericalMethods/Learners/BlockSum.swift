/// Sums over rows on both cores whose rounding never depends on the number of threads.
enum BlockSum {
    /// The sum over fixed blocks of rows of what `body` adds to its zeroed partial sum, `[width]`.
    ///
    /// Blocks depend on `rows` and `width` only, and partial sums are added in order.
    static func over(
        rows: Int, width: Int, body: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Double>) -> Void
    ) -> [Double] {
        // About 1,000 rows of 20 features fit the second-level cache; wide sums get fewer, longer blocks.
        let count = max(1, min((rows + 1023) / 1024, max(2, 4_000_000 / max(width, 1))))
        let length = (rows + count - 1) / count
        var partials = [Double](repeating: 0, count: count * width)
        partials.withUnsafeMutableBufferPointer { buffer in
            // Every block writes its own slice alone.
            nonisolated(unsafe) let base = buffer
            Parallel.chunks(of: count) { chunk in
                for block in chunk {
                    let range = min(block * length, rows)..<min((block + 1) * length, rows)
                    body(range, UnsafeMutableBufferPointer(rebasing: base[block * width..<(block + 1) * width]))
                }
            }
        }
        var sum = [Double](partials[0..<width])
        for block in 1..<max(count, 1) {
            for index in 0..<width { sum[index] += partials[block * width + index] }
        }
        return sum
    }
}
