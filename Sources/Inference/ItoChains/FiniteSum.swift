/// A mean of terms f(x) = (1/n) Σ f_i(x), seen through the terms' gradients.
public protocol FiniteSum: Sendable {
    /// n.
    var terms: Int { get }
    /// The dimension of x.
    var dimension: Int { get }
    /// Adds `scale` ∇f_term(x) to `result`.
    func addGradient(_ term: Int, _ x: UnsafePointer<Double>, scale: Double, _ result: UnsafeMutablePointer<Double>)
}

/// Least squares: f_i(x) = ½ (a_i·x − y_i)² + ½ ridge |x|².
public struct LeastSquaresSum: FiniteSum {
    /// a, `[terms, dimension]`.
    public let design: [Double]
    /// y, `[terms]`.
    public let targets: [Double]
    /// The ridge.
    public let ridge: Double
    public let dimension: Int

    /// Least squares over these rows.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite`.
    public init(design: [Double], targets: [Double], ridge: Double = 0) throws {
        guard !targets.isEmpty else { throw InferenceError.empty(what: "the targets") }
        guard !design.isEmpty, design.count % targets.count == 0 else {
            throw InferenceError.wrongShape(
                what: "the design", found: "\(design.count) numbers", expected: "a multiple of \(targets.count)")
        }
        for (index, value) in (design + targets + [ridge]).enumerated() where !value.isFinite {
            throw InferenceError.nonFinite(what: "least squares data", place: "number \(index)", value: value)
        }
        self.design = design
        self.targets = targets
        self.ridge = ridge
        dimension = design.count / targets.count
    }

    @inlinable public var terms: Int { targets.count }

    @inlinable
    public func addGradient(
        _ term: Int, _ x: UnsafePointer<Double>, scale: Double, _ result: UnsafeMutablePointer<Double>
    ) {
        design.withUnsafeBufferPointer { design in
            let row = design.baseAddress! + term * dimension
            var residual = -targets[term]
            for i in 0..<dimension { residual += row[i] * x[i] }
            for i in 0..<dimension { result[i] += scale * (residual * row[i] + ridge * x[i]) }
        }
    }
}

/// The diffusion with drift −∇f and a dispersion that is a multiple of the identity or the square root of the terms'
/// gradient covariance.
public struct GradientDiffusion<Sum: FiniteSum>: Diffusion {
    /// f.
    public let sum: Sum
    /// The multiple of the identity; nil for the covariance of one term's gradient, divided by `batch`.
    public let scale: Double?
    /// Terms a gradient.
    public let batch: Int

    @inlinable public var dimension: Int { sum.dimension }
    @inlinable public var noiseDimension: Int { sum.dimension }
    @inlinable public var hasConstantDispersion: Bool { scale != nil }

    @inlinable
    public func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        for i in 0..<dimension { result[i] = 0 }
        let share = -1 / Double(sum.terms)
        for term in 0..<sum.terms { sum.addGradient(term, state, scale: share, result) }
    }

    @inlinable
    public func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        let d = dimension
        for i in 0..<d * d { result[i] = 0 }
        if let scale {
            for i in 0..<d { result[i * d + i] = scale }
            return
        }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * d) { buffer in
            let (mean, gradient) = (buffer.baseAddress!, buffer.baseAddress! + d)
            drift(time, state, mean)
            let share = 1 / Double(sum.terms * batch)
            for term in 0..<sum.terms {
                // The mean is −∇f: adding it leaves the deviation.
                for i in 0..<d { gradient[i] = mean[i] }
                sum.addGradient(term, state, scale: 1, gradient)
                for i in 0..<d { for j in 0...i { result[i * d + j] += share * gradient[i] * gradient[j] } }
            }
        }
        // Cholesky in place; a direction without noise gets none.
        for j in 0..<d {
            for k in 0..<j { result[j * d + j] -= result[j * d + k] * result[j * d + k] }
            let pivot = max(result[j * d + j], 0).squareRoot()
            result[j * d + j] = pivot
            for i in (j + 1)..<max(d, j + 1) {
                for k in 0..<j { result[i * d + j] -= result[i * d + k] * result[j * d + k] }
                result[i * d + j] = pivot > 0 ? result[i * d + j] / pivot : 0
            }
        }
    }
}
