internal import CLinearAlgebra

/// The products that everything else is built on, over plain memory: row-major, `Double` or `Float`.
///
/// Matrices have the methods that most code wants; these serve learners and networks that keep their own buffers.
///
/// OpenBLAS itself runs on one thread here. Measured with OpenBLAS 0.3.21 on two shared cores, its second thread
/// changed the last bits of a 1001 x 333 x 97 product and of a transposed product with a vector, and won no time
/// (512³: 5.4 ms on one thread, 9.3 ms on two); it also competes with `Parallel`, which usually runs the loop around
/// a product. A large product is instead cut by `Parallel` into fixed bands of rows, each a product of its own.
public enum BLAS {
    /// Set once, before the first call; OpenBLAS keeps it for the process.
    private static let singleThreaded: Void = openblas_set_num_threads(1)

    /// Makes OpenBLAS and LAPACK single-threaded; every door into them calls this first.
    @inline(__always) static func prepare() { singleThreaded }

    /// Products with fewer multiplications than this are not worth a second thread (about 0.1 ms of work).
    static let parallelMultiplications = 4_000_000
    /// The fewest rows in a band: with less, packing the right-hand matrix anew for each band costs too much.
    static let bandRows = 128

    /// C ← α op(A) op(B) + β C, in double precision.
    ///
    /// - Parameters:
    ///   - rows, columns, inner: op(A) is `[rows, inner]`, op(B) `[inner, columns]`, C `[rows, columns]`, all dense row-major.
    ///   - transposingA: A is stored `[inner, rows]` and op transposes it; likewise for B.
    ///   - c: has to be initialised if `beta` is not 0.
    public static func gemm(
        rows: Int, columns: Int, inner: Int, alpha: Double = 1, _ a: UnsafeBufferPointer<Double>,
        transposingA: Bool = false,
        _ b: UnsafeBufferPointer<Double>, transposingB: Bool = false, beta: Double = 0,
        into c: UnsafeMutableBufferPointer<Double>
    ) {
        check(rows, columns, inner, a.count, b.count, c.count)
        bands(rows, columns, inner, a, b, c) { band, a, b, c in
            cblas_dgemm(
                CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans, transposingB ? CblasTrans : CblasNoTrans,
                Int32(band.count), Int32(columns), Int32(inner), alpha,
                a + (transposingA ? band.lowerBound : band.lowerBound * inner),
                Int32(max(1, transposingA ? rows : inner)),
                b, Int32(max(1, transposingB ? inner : columns)), beta, c + band.lowerBound * columns,
                Int32(max(1, columns)))
        }
    }

    /// C ← α op(A) op(B) + β C, in single precision; see the method for `Double`.
    public static func gemm(
        rows: Int, columns: Int, inner: Int, alpha: Float = 1, _ a: UnsafeBufferPointer<Float>,
        transposingA: Bool = false,
        _ b: UnsafeBufferPointer<Float>, transposingB: Bool = false, beta: Float = 0,
        into c: UnsafeMutableBufferPointer<Float>
    ) {
        check(rows, columns, inner, a.count, b.count, c.count)
        bands(rows, columns, inner, a, b, c) { band, a, b, c in
            cblas_sgemm(
                CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans, transposingB ? CblasTrans : CblasNoTrans,
                Int32(band.count), Int32(columns), Int32(inner), alpha,
                a + (transposingA ? band.lowerBound : band.lowerBound * inner),
                Int32(max(1, transposingA ? rows : inner)),
                b, Int32(max(1, transposingB ? inner : columns)), beta, c + band.lowerBound * columns,
                Int32(max(1, columns)))
        }
    }

    /// C ← α op(A) op(B) + β C over spans, in double precision.
    public static func gemm(
        rows: Int, columns: Int, inner: Int, alpha: Double = 1, _ a: Span<Double>, transposingA: Bool = false,
        _ b: Span<Double>, transposingB: Bool = false, beta: Double = 0, into c: inout MutableSpan<Double>
    ) {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    gemm(
                        rows: rows, columns: columns, inner: inner, alpha: alpha, a, transposingA: transposingA, b,
                        transposingB: transposingB, beta: beta, into: c)
                }
            }
        }
    }

    /// C ← α op(A) op(B) + β C over spans, in single precision.
    public static func gemm(
        rows: Int, columns: Int, inner: Int, alpha: Float = 1, _ a: Span<Float>, transposingA: Bool = false,
        _ b: Span<Float>, transposingB: Bool = false, beta: Float = 0, into c: inout MutableSpan<Float>
    ) {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    gemm(
                        rows: rows, columns: columns, inner: inner, alpha: alpha, a, transposingA: transposingA, b,
                        transposingB: transposingB, beta: beta, into: c)
                }
            }
        }
    }

    /// y ← α op(A) x + β y, with A `[rows, columns]` row-major.
    public static func gemv(
        rows: Int, columns: Int, alpha: Double = 1, _ a: UnsafeBufferPointer<Double>, transposingA: Bool = false,
        _ x: UnsafeBufferPointer<Double>, beta: Double = 0, into y: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(a.count == rows * columns, "A has to be [rows, columns]")
        precondition(
            x.count == (transposingA ? rows : columns) && y.count == (transposingA ? columns : rows),
            "x and y have to fit A")
        guard let out = y.baseAddress else { return }
        guard !a.isEmpty, let left = a.baseAddress, let right = x.baseAddress else {
            for index in y.indices { y[index] *= beta }
            return
        }
        prepare()
        cblas_dgemv(
            CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans, Int32(rows), Int32(columns), alpha, left,
            Int32(columns),
            right, 1, beta, out, 1)
    }

    private static func check(_ rows: Int, _ columns: Int, _ inner: Int, _ a: Int, _ b: Int, _ c: Int) {
        precondition(
            a == rows * inner && b == inner * columns && c == rows * columns,
            "the buffers do not fit the product's shape")
    }

    /// Calls `multiply` for bands of rows that do not depend on the number of threads.
    private static func bands<Scalar: Sendable>(
        _ rows: Int, _ columns: Int, _ inner: Int, _ a: UnsafeBufferPointer<Scalar>, _ b: UnsafeBufferPointer<Scalar>,
        _ c: UnsafeMutableBufferPointer<Scalar>,
        multiply:
            @Sendable (Range<Int>, UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>) -> Void
    ) {
        guard let out = c.baseAddress else { return }
        prepare()
        // With an empty inner dimension nothing of A and B is read; any non-null address will do.
        nonisolated(unsafe) let target = out
        nonisolated(unsafe) let left = a.baseAddress ?? UnsafePointer(out)
        nonisolated(unsafe) let right = b.baseAddress ?? UnsafePointer(out)
        if rows * columns * inner < parallelMultiplications {
            multiply(0..<rows, left, right, target)
        } else {
            Parallel.chunks(of: rows, minimumChunk: bandRows) { multiply($0, left, right, target) }
        }
    }
}
