internal import CLinearAlgebra
internal import Foundation

/// Newton's method for two-class logistic regression: objective, gradient and Hessian from one pass over the rows.
struct BinaryNewton {
    private let design: StandardisedDesign
    private let targets: [Double]
    private let penalties: [Double]
    /// The coefficients of the design's columns, then the intercept.
    private(set) var parameters: [Double]

    init(design: StandardisedDesign, targets: [Double], penalties: [Double]) {
        self.design = design
        self.targets = targets
        self.penalties = penalties
        parameters = [Double](repeating: 0, count: design.columns + 1)
    }

    /// Goes to the optimum; returns the number of steps.
    mutating func minimise(iterations: Int) throws(LearnerError) -> Int {
        let width = parameters.count
        BLAS.prepare()
        var state = evaluate(parameters)
        var decrement = Double.infinity
        for iteration in 1...iterations {
            var factor = state.hessian
            var step = state.gradient
            guard
                LAPACKE_dpotrf(LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(width), &factor, Int32(width)) == 0
            else { throw .singular(learner: "logistic regression") }
            _ = LAPACKE_dpotrs(
                LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(width), 1, factor, Int32(width), &step, 1)
            decrement = zip(step, state.gradient).reduce(0) { $0 + $1.0 * $1.1 }
            guard decrement.isFinite else { break }
            // Relative: on separable data without a penalty the objective itself goes to 0 with the decrement.
            // The error after a full step is of the order of the square of the decrement: far below rounding.
            if decrement <= 1e-12 * state.objective {
                // A loss of 0 is one that larger coefficients would still lower: the classes are separable.
                guard penalties.contains(where: { $0 > 0 }) || state.objective > 1e-12 * design.totalWeight else {
                    break
                }
                for index in 0..<width { parameters[index] -= step[index] }
                return iteration
            }
            var length = 1.0
            while true {
                let trial = (0..<width).map { parameters[$0] - length * step[$0] }
                let next = evaluate(trial)
                let enough = state.objective - 1e-4 * length * decrement + 1e-13 * abs(state.objective)
                if next.objective <= enough {
                    parameters = trial
                    state = next
                    break
                }
                length /= 2
                guard length > 1e-10 else {
                    throw .notConverged(learner: "logistic regression", iterations: iteration, gradient: decrement)
                }
            }
        }
        throw .notConverged(learner: "logistic regression", iterations: iterations, gradient: decrement)
    }

    private struct State {
        var objective: Double
        var gradient: [Double]
        /// Upper triangle, `[columns + 1, columns + 1]`.
        var hessian: [Double]
    }

    private func evaluate(_ parameters: [Double]) -> State {
        let d = design.columns
        let width = d + 1
        let design = design
        let targets = targets
        let sums = BlockSum.over(rows: design.rows, width: width * width + width + 1) { range, partial in
            BinaryNewton.add(rows: range, of: design, targets: targets, parameters: parameters, to: partial)
        }
        var gradient = Array(sums[width * width..<width * width + width])
        var hessian = Array(sums[0..<width * width])
        var objective = sums[width * width + width]
        for column in 0..<d {
            objective += penalties[column] * parameters[column] * parameters[column] / 2
            gradient[column] += penalties[column] * parameters[column]
            hessian[column * width + column] += penalties[column]
            // A column without spread and penalty is free: any coefficient will do, and 0 is kept.
            if hessian[column * width + column] == 0 { hessian[column * width + column] = 1 }
        }
        return State(objective: objective, gradient: gradient, hessian: hessian)
    }

    /// Adds the Hessian, gradient and loss of a block of rows to `partial`, in this order.
    private static func add(
        rows: Range<Int>, of design: StandardisedDesign, targets: [Double], parameters: [Double],
        to partial: UnsafeMutableBufferPointer<Double>
    ) {
        guard !rows.isEmpty else { return }
        let d = design.columns
        let width = d + 1
        let gradient = partial.baseAddress! + width * width
        var loss = 0.0
        // Σ log(1 + e) over rows of weight 1 as the logarithm of a product: logarithms were a third of the time. A small
        // e would be lost beside the 1 and is added by itself.
        var product = 1.0
        design.values.withUnsafeBufferPointer { values in
            design.weights.withUnsafeBufferPointer { weights in
                parameters.withUnsafeBufferPointer { beta in
                    withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count * width) { scaled in
                        for (offset, row) in rows.enumerated() {
                            let x = values.baseAddress! + row * d
                            var z = beta[d]
                            for column in 0..<d { z += x[column] * beta[column] }
                            let small = exp(-abs(z))
                            let share = 1 / (1 + small)
                            let probability = z >= 0 ? share : small * share
                            let weight = weights[row]
                            loss += weight * (max(z, 0) - targets[row] * z)
                            if weight == 1 && small > 1e-3 {
                                product *= 1 + small
                                if product > 1e250 {
                                    loss += log(product)
                                    product = 1
                                }
                            } else {
                                loss += weight * log1p(small)
                            }
                            let slope = weight * (probability - targets[row])
                            let root = (weight * small).squareRoot() * share
                            let target = scaled.baseAddress! + offset * width
                            for column in 0..<d {
                                gradient[column] += slope * x[column]
                                target[column] = root * x[column]
                            }
                            gradient[d] += slope
                            target[d] = root
                        }
                        cblas_dsyrk(
                            CblasRowMajor, CblasUpper, CblasTrans, blasint(width), blasint(rows.count), 1,
                            scaled.baseAddress!, blasint(width), 0, partial.baseAddress!, blasint(width))
                    }
                }
            }
        }
        partial[width * width + width] = loss + log(product)
    }
}
