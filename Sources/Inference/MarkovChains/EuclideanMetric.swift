public import NumericalMethods

/// The linear map x = L z that makes a density nearly round, by which Langevin and Hamiltonian kernels scale their moves.
///
/// Momenta are standard normal in z, which is the same as a mass matrix (L Lᵀ)⁻¹ in x. The best L Lᵀ is about the
/// target's covariance.
public enum EuclideanMetric: Sendable, Equatable {
    /// L = diag(scales): standard deviations, `[dimension]`.
    case diagonal([Double])
    /// L lower triangular, `[dimension, dimension]`: the Cholesky factor of a covariance.
    case dense(Matrix)

    /// The unit map.
    public static func unit(dimension: Int) -> EuclideanMetric {
        .diagonal([Double](repeating: 1, count: dimension))
    }

    /// The number of coordinates.
    public var dimension: Int {
        switch self {
        case .diagonal(let scales): scales.count
        case .dense(let lower): lower.rows
        }
    }

    /// Checks the shape and that the map can be inverted.
    func check(dimension: Int) throws(InferenceError) {
        guard self.dimension == dimension else {
            throw .wrongShape(what: "the metric", found: "[\(self.dimension)]", expected: "[\(dimension)]")
        }
        let diagonal: [Double]
        switch self {
        case .diagonal(let scales): diagonal = scales
        case .dense(let lower):
            guard lower.columns == dimension, lower.storage.allSatisfy(\.isFinite) else {
                throw .wrongShape(
                    what: "the dense metric", found: "\(lower.rows) x \(lower.columns)", expected: "square and finite")
            }
            diagonal = lower.diagonal
        }
        for scale in diagonal { try KernelCheck.positive(scale, "a scale of the metric") }
    }

    /// Calls `body` with the map in plain memory.
    @inlinable @inline(__always)
    func withMap<Result>(_ body: (MetricMap) -> Result) -> Result {
        switch self {
        case .diagonal(let scales):
            scales.withUnsafeBufferPointer {
                body(MetricMap(dimension: scales.count, values: $0.baseAddress!, isDense: false))
            }
        case .dense(let lower):
            lower.storage.withUnsafeBufferPointer {
                body(MetricMap(dimension: lower.rows, values: $0.baseAddress!, isDense: true))
            }
        }
    }
}

/// The map in plain memory, with the two halves of a leapfrog step.
@usableFromInline
struct MetricMap {
    @usableFromInline let dimension: Int
    @usableFromInline let values: UnsafePointer<Double>
    @usableFromInline let isDense: Bool

    @inlinable @inline(__always)
    init(dimension: Int, values: UnsafePointer<Double>, isDense: Bool) {
        self.dimension = dimension
        self.values = values
        self.isDense = isDense
    }

    /// p ← p + h Lᵀ g; returns ½ |p|².
    @inlinable @inline(__always) @discardableResult
    func kick(_ momentum: UnsafeMutablePointer<Double>, _ gradient: UnsafePointer<Double>, _ h: Double) -> Double {
        if isDense { return denseKick(momentum, gradient, h) }
        var sum = SIMD2<Double>()
        var i = 0
        let step = SIMD2(repeating: h)
        while i + 2 <= dimension {
            let p = load(momentum, i) + step * load(values, i) * load(gradient, i)
            store(p, momentum, i)
            sum += p * p
            i += 2
        }
        if i < dimension {
            momentum[i] += h * values[i] * gradient[i]
            sum[0] += momentum[i] * momentum[i]
        }
        return 0.5 * (sum[0] + sum[1])
    }

    /// q ← q + h L p.
    @inlinable @inline(__always)
    func drift(_ position: UnsafeMutablePointer<Double>, _ momentum: UnsafePointer<Double>, _ h: Double) {
        if isDense { return denseDrift(position, momentum, h) }
        for i in 0..<dimension { position[i] += h * values[i] * momentum[i] }
    }

    @inlinable @inline(never)
    func denseKick(_ momentum: UnsafeMutablePointer<Double>, _ gradient: UnsafePointer<Double>, _ h: Double) -> Double {
        for row in 0..<dimension {
            let scaled = h * gradient[row]
            let line = values + row * dimension
            for column in 0...row { momentum[column] += scaled * line[column] }
        }
        var sum = 0.0
        for i in 0..<dimension { sum += momentum[i] * momentum[i] }
        return 0.5 * sum
    }

    @inlinable @inline(never)
    func denseDrift(_ position: UnsafeMutablePointer<Double>, _ momentum: UnsafePointer<Double>, _ h: Double) {
        for row in 0..<dimension {
            let line = values + row * dimension
            var sum = 0.0
            for column in 0...row { sum += line[column] * momentum[column] }
            position[row] += h * sum
        }
    }

    @inlinable @inline(__always)
    func load(_ pointer: UnsafePointer<Double>, _ index: Int) -> SIMD2<Double> {
        UnsafeRawPointer(pointer + index).loadUnaligned(as: SIMD2<Double>.self)
    }

    @inlinable @inline(__always)
    func store(_ value: SIMD2<Double>, _ pointer: UnsafeMutablePointer<Double>, _ index: Int) {
        UnsafeMutableRawPointer(pointer + index).storeBytes(of: value, as: SIMD2<Double>.self)
    }
}
