internal import Foundation
internal import NumericalMethods

/// Maximum likelihood of `P = sigmoid(θ · x)` for one to three features, by Newton's method with halved steps.
enum LogisticFit {
    /// - Parameters:
    ///   - features: `[features]` columns of `[items]`.
    ///   - ridge: added to the curvature of each coefficient; keeps separable data finite.
    /// - Returns: θ, `[features]`.
    static func fit(features: [[Double]], targets: [Double], weights: [Double]?, ridge: Double) -> [Double] {
        let d = features.count
        var theta = [Double](repeating: 0, count: d)
        var (value, gradient, hessian) = derivatives(theta, features, targets, weights, ridge)
        for _ in 0..<200 {
            guard let step = solve(hessian, gradient, d) else { break }
            let slope = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
            // Twice what Newton expects to gain: below the rounding of the value, it is done.
            if slope <= 1e-15 * (abs(value) + 1e-3) {
                for j in 0..<d { theta[j] -= step[j] }
                break
            }
            var length = 1.0
            while length > 1e-10 {
                let trial = (0..<d).map { theta[$0] - length * step[$0] }
                let next = derivatives(trial, features, targets, weights, ridge)
                if next.0 <= value - 1e-4 * length * slope {
                    theta = trial
                    (value, gradient, hessian) = next
                    break
                }
                length *= 0.5
            }
            if length <= 1e-10 { break }
        }
        return theta
    }

    /// Mean loss, its gradient `[d]` and Hessian `[d, d]`.
    private static func derivatives(
        _ theta: [Double], _ features: [[Double]], _ targets: [Double], _ weights: [Double]?, _ ridge: Double
    ) -> (Double, [Double], [Double]) {
        let d = theta.count
        let zeros = [Double](repeating: 0, count: targets.count)
        let a = features[0]
        let b = d > 1 ? features[1] : zeros
        let c = d > 2 ? features[2] : zeros
        let t0 = theta[0]
        let t1 = d > 1 ? theta[1] : 0
        let t2 = d > 2 ? theta[2] : 0
        var total = 0.0
        var loss = 0.0
        var g = (0.0, 0.0, 0.0)
        var h = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for i in targets.indices {
            let w = weights?[i] ?? 1
            let z = t0 * a[i] + t1 * b[i] + t2 * c[i]
            // One exponential for loss, probability and curvature.
            let e = exp(-abs(z))
            let larger = 1 / (1 + e)
            let p = z >= 0 ? larger : e * larger
            loss += w * (max(z, 0) + log1p(e) - targets[i] * z)
            let r = w * (p - targets[i])
            let v = w * e * larger * larger
            total += w
            g.0 += r * a[i]
            g.1 += r * b[i]
            g.2 += r * c[i]
            h.0 += v * a[i] * a[i]
            h.1 += v * a[i] * b[i]
            h.2 += v * a[i] * c[i]
            h.3 += v * b[i] * b[i]
            h.4 += v * b[i] * c[i]
            h.5 += v * c[i] * c[i]
        }
        let full = [h.0, h.1, h.2, h.1, h.3, h.4, h.2, h.4, h.5]
        var gradient = [g.0, g.1, g.2].prefix(d).map { $0 / total }
        var hessian = [Double](repeating: 0, count: d * d)
        loss /= total
        for j in 0..<d {
            for k in 0..<d { hessian[j * d + k] = full[j * 3 + k] / total }
            hessian[j * d + j] += ridge
            gradient[j] += ridge * theta[j]
            loss += 0.5 * ridge * theta[j] * theta[j]
        }
        return (loss, gradient, hessian)
    }

    /// H⁻¹ g by Gaussian elimination with pivots on the diagonal's scale; nil where H is singular.
    private static func solve(_ hessian: [Double], _ gradient: [Double], _ d: Int) -> [Double]? {
        var h = hessian
        var x = gradient
        for j in 0..<d {
            let pivot = h[j * d + j]
            guard pivot > 1e-14 * abs(hessian[j * d + j]), pivot > 0 else { return nil }
            for i in (j + 1)..<max(d, j + 1) {
                let f = h[i * d + j] / pivot
                for k in j..<d { h[i * d + k] -= f * h[j * d + k] }
                x[i] -= f * x[j]
            }
        }
        for j in stride(from: d - 1, through: 0, by: -1) {
            for k in (j + 1)..<max(d, j + 1) { x[j] -= h[j * d + k] * x[k] }
            x[j] /= h[j * d + j]
        }
        return x
    }
}
