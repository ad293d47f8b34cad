internal import CVectorKernels

/// Exponentials of rows of single-precision numbers, sixteen at a time: what a model's logits need.
extension VectorFunctions {
    /// Numbers in a block of ``exponentialBlocks(_:shift:scale:mask:terms:sums:moments:)``.
    public static var blockSize: Int { 64 }

    /// The largest element: -∞ for none, NaN if any is NaN.
    public static func max(_ x: UnsafeBufferPointer<Float>) -> Float {
        guard let source = x.baseAddress else { return -.infinity }
        return cvk_max_float(source, x.count)
    }

    /// The two largest elements, which may be equal: -∞ where there are fewer; the first is NaN if any element is NaN.
    public static func largestTwo(_ x: UnsafeBufferPointer<Float>) -> (first: Float, second: Float) {
        guard let source = x.baseAddress else { return (-.infinity, -.infinity) }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { largest in
            cvk_largest_two(source, x.count, largest.baseAddress)
            return (largest[0], largest[1])
        }
    }

    /// Σ c eᵗ over blocks of 64, with t = (xᵢ - shift) scale, which must not be positive, and a factor c near 1 that is the same
    /// for all. In single precision: terms are exact to 2⁻²³ (1 + |t|), and 0 below 2⁻¹²⁶.
    ///
    /// - Parameters:
    ///   - mask: `[blocks]`, the bits of the elements that count; nil for all.
    ///   - terms: `[count]`, where the terms go; nil for nowhere.
    ///   - sums: `[blocks]`, at least.
    ///   - whole: `[blocks]`, where the sums without the mask go; nil for nowhere.
    ///   - moments: `[blocks]`, where the sums of c t eᵗ go, without the mask; nil for nowhere.
    public static func exponentialBlocks(
        _ x: UnsafeBufferPointer<Float>, shift: Float, scale: Float, mask: UnsafePointer<UInt64>? = nil,
        terms: UnsafeMutablePointer<Float>? = nil, sums: UnsafeMutableBufferPointer<Double>,
        whole: UnsafeMutableBufferPointer<Double>? = nil, moments: UnsafeMutableBufferPointer<Double>? = nil
    ) {
        let blocks = (x.count + blockSize - 1) / blockSize
        precondition(
            sums.count >= blocks && (whole?.count ?? blocks) >= blocks && (moments?.count ?? blocks) >= blocks,
            "one number a block")
        guard let source = x.baseAddress, let sums = sums.baseAddress else { return }
        cvk_exp_blocks(source, shift, scale, mask, terms, sums, whole?.baseAddress, moments?.baseAddress, x.count)
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
