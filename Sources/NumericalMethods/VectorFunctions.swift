internal import CVectorKernels

/// Elementary functions over whole arrays, eight numbers at a time.
///
/// On x86-64 the loops use AVX-512 or AVX2 where the machine has them; elsewhere they are what the compiler makes of them.
/// Results differ from Foundation's by at most the units in the last place stated below, and between instruction sets in
/// the last place; on one machine they are always the same. A function may write into the buffer that it reads from; the
/// buffers must not overlap otherwise. The first call costs a few hundred nanoseconds more than the others.
///
/// ```swift
/// let weights = VectorFunctions.exp(logWeights)
/// ```
public enum VectorFunctions {
    /// The instruction set in use: "avx512", "avx2", "sse2" or "plain".
    public static var instructionSet: String { String(cString: cvk_instruction_set()) }

    /// Uses the instruction set of this name from now on, if the machine knows it; false leaves all as it is. For tests.
    package static func selectInstructionSet(_ name: String) -> Bool { cvk_select_instruction_set(name) == 1 }

    /// eˣ, within 1.1 ulp; overflows to +∞ and underflows gradually to 0.
    public static func exp(_ x: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        checkCounts(x.count, result.count)
        guard let source = x.baseAddress, let target = result.baseAddress else { return }
        cvk_exp(source, target, x.count)
    }

    /// ln x, within 1 ulp; -∞ at 0 and NaN below.
    public static func log(_ x: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        checkCounts(x.count, result.count)
        guard let source = x.baseAddress, let target = result.baseAddress else { return }
        cvk_log(source, target, x.count)
    }

    /// ln(1 + x), within 2 ulp; -∞ at -1 and NaN below.
    public static func log1p(_ x: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        checkCounts(x.count, result.count)
        guard let source = x.baseAddress, let target = result.baseAddress else { return }
        cvk_log1p(source, target, x.count)
    }

    /// ln(1 + eˣ) and 1 / (1 + e⁻ˣ) in one pass, within 4 ulp each: the value and the derivative of a logistic loss.
    public static func softplusAndSigmoid(
        _ x: UnsafeBufferPointer<Double>, softplus: UnsafeMutableBufferPointer<Double>,
        sigmoid: UnsafeMutableBufferPointer<Double>
    ) {
        checkCounts(x.count, softplus.count)
        checkCounts(x.count, sigmoid.count)
        guard let source = x.baseAddress, let first = softplus.baseAddress, let second = sigmoid.baseAddress else {
            return
        }
        cvk_softplus_sigmoid(source, first, second, x.count)
    }

    /// a + b x + c z, element by element.
    public static func affine(
        _ a: Double, _ b: Double, _ x: UnsafeBufferPointer<Double>, _ c: Double, _ z: UnsafeBufferPointer<Double>,
        into result: UnsafeMutableBufferPointer<Double>
    ) {
        checkCounts(x.count, result.count)
        checkCounts(z.count, result.count)
        guard let x = x.baseAddress, let z = z.baseAddress, let target = result.baseAddress else { return }
        cvk_affine(a, b, x, c, z, target, result.count)
    }

    /// The largest element: -∞ for none, NaN if any is NaN.
    public static func max(_ x: UnsafeBufferPointer<Double>) -> Double {
        guard let source = x.baseAddress else { return -.infinity }
        return cvk_max(source, x.count)
    }

    /// The sums of exponentials and of their squares.
    public struct ExponentialSums: Sendable, Equatable {
        /// Σ exp(xᵢ - shift).
        public var sum: Double
        /// Σ exp(xᵢ - shift)².
        public var sumOfSquares: Double

        /// Both sums.
        public init(sum: Double, sumOfSquares: Double) {
            self.sum = sum
            self.sumOfSquares = sumOfSquares
        }
    }

    /// Σ exp(xᵢ - shift) and the sum of the squares, without storing the terms. Eight running sums, added pairwise.
    public static func sumsOfExponentials(_ x: UnsafeBufferPointer<Double>, shift: Double) -> ExponentialSums {
        guard let source = x.baseAddress else { return ExponentialSums(sum: 0, sumOfSquares: 0) }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2) { sums in
            cvk_sums_of_exp(source, shift, x.count, sums.baseAddress)
            return ExponentialSums(sum: sums[0], sumOfSquares: sums[1])
        }
    }

    /// exp(xᵢ - shift) into `result`; returns the sums as ``sumsOfExponentials(_:shift:)`` does.
    @discardableResult
    public static func exponentials(
        _ x: UnsafeBufferPointer<Double>, shift: Double, into result: UnsafeMutableBufferPointer<Double>
    ) -> ExponentialSums {
        checkCounts(x.count, result.count)
        guard let source = x.baseAddress, let target = result.baseAddress else {
            return ExponentialSums(sum: 0, sumOfSquares: 0)
        }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2) { sums in
            cvk_exp_sums(source, shift, target, x.count, sums.baseAddress)
            return ExponentialSums(sum: sums[0], sumOfSquares: sums[1])
        }
    }

    private static func checkCounts(_ a: Int, _ b: Int) {
        precondition(a == b, "a vector function writes as many numbers as it reads, not \(b) for \(a)")
    }
}

// MARK: Arrays

extension VectorFunctions {
    /// eˣ of every element; see the function over buffers.
    public static func exp(_ x: [Double]) -> [Double] { mapped(x) { exp($0, into: $1) } }

    /// ln x of every element; see the function over buffers.
    public static func log(_ x: [Double]) -> [Double] { mapped(x) { log($0, into: $1) } }

    /// ln(1 + x) of every element; see the function over buffers.
    public static func log1p(_ x: [Double]) -> [Double] { mapped(x) { log1p($0, into: $1) } }

    private static func mapped(
        _ x: [Double], _ function: (UnsafeBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void
    ) -> [Double] {
        [Double](unsafeUninitializedCapacity: x.count) { buffer, count in
            count = x.count
            let target = UnsafeMutableBufferPointer(rebasing: buffer[0..<x.count])
            x.withUnsafeBufferPointer { function($0, target) }
        }
    }
}
