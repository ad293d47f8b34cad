internal import CVectorKernels

/// Exponentials of rows of single-precision numbers, sixteen at a time: what a model's logits need.
extension VectorFunctions {
    /// Numbers in a block of ``exponentialBlocks(_:shift:scale:mask:terms:sums:moments:)``.
    public static var blockSize: Int { 64 }

    /// The two largest elements, which may be equal: -∞ where there are fewer; the first is NaN if any element is NaN.
    public static func largestTwo(_ x: UnsafeBufferPointer<Float>) -> (first: Float, second: Float) {
        guard let source = x.baseAddress else { return (-.infinity, -.infinity) }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { largest in
            cvk_largest_two(source, x.count, largest.baseAddress)
            return (largest[0], largest[1])
        }
    }

    /// Σ eᵗ over blocks of 64, with t = (xᵢ - shift) scale, which must not be positive. Terms are of single precision, within
    /// 2 ulp, and 0 below e⁻⁸⁷.
    ///
    /// - Parameters:
    ///   - mask: `[blocks]`, the bits of the elements that count; nil for all.
    ///   - terms: `[count]`, where the terms go; nil for nowhere.
    ///   - sums: `[blocks]`, at least.
    ///   - moments: `[blocks]`, where the sums of t eᵗ go; nil for nowhere.
    public static func exponentialBlocks(
        _ x: UnsafeBufferPointer<Float>, shift: Float, scale: Float, mask: UnsafePointer<UInt64>? = nil,
        terms: UnsafeMutablePointer<Float>? = nil, sums: UnsafeMutableBufferPointer<Double>,
        moments: UnsafeMutableBufferPointer<Double>? = nil
    ) {
        let blocks = (x.count + blockSize - 1) / blockSize
        precondition(sums.count >= blocks && (moments?.count ?? blocks) >= blocks, "one number a block")
        guard let source = x.baseAddress, let sums = sums.baseAddress else { return }
        cvk_exp_blocks(source, shift, scale, mask, terms, sums, moments?.baseAddress, x.count)
    }

    /// exp((xᵢ - shift) scale) into `result`, as ``exp(_:into:)`` has it, and their sum.
    public static func exponentials(
        _ x: UnsafeBufferPointer<Float>, shift: Double, scale: Double, into result: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        precondition(x.count == result.count, "a vector function writes as many numbers as it reads")
        guard let source = x.baseAddress, let target = result.baseAddress else { return 0 }
        return cvk_exp_of_floats(source, shift, scale, target, x.count)
    }
}
