internal import CLinearAlgebra
internal import Foundation

/// Newton's method with conjugate gradients for multinomial logistic regression.
///
/// Parameters are `[classes, columns + 1]`, each class's intercept last. The Hessian is only ever multiplied by
/// vectors: row i maps the classes' directions u to wᵢ p ∘ (u − p·u).
struct MultinomialNewton {
    private let design: StandardisedDesign
    private let targets: Matrix
    private let penalties: [Double]
    private let classes: Int
    private let width: Int
    private var parameters: [Double]

    init(design: StandardisedDesign, targets: Matrix, penalties: [Double]) {
        self.design = design
        self.targets = targets
        self.penalties = penalties
        classes = targets.columns
        width = design.columns + 1
        parameters = [Double](repeating: 0, count: classes * width)
    }

    /// The coefficients `[classes, columns]` and intercepts `[classes]`, each summing to 0 over the classes.
    func centredParameters() -> (coefficients: [Double], intercepts: [Double]) {
        var coefficients = [Double](repeating: 0, count: classes * (width - 1))
        var intercepts = [Double](repeating: 0, count: classes)
        for column in 0..<width {
            let mean = (0..<classes).reduce(0) { $0 + parameters[$1 * width + column] } / Double(classes)
            for k in 0..<classes {
                let value = parameters[k * width + column] - mean
                if column < width - 1 { coefficients[k * (width - 1) + column] = value } else { intercepts[k] = value }
            }
        }
        return (coefficients, intercepts)
    }

    /// Goes to the optimum; returns the number of Newton steps.
    mutating func minimise(iterations: Int) throws(LearnerError) -> Int {
        BLAS.prepare()
        var state = evaluate(parameters)
        let start = norm(state.gradient)
        var decrement = Double.infinity
        for iteration in 1...iterations {
            // The inner residual shrinks with the gradient, which makes the outer convergence superlinear.
            let size = norm(state.gradient)
            if size == 0 { return iteration - 1 }
            let step = solve(state, tolerance: min(0.1, (size / start).squareRoot()) * size)
            decrement = dot(step, state.gradient)
            guard decrement.isFinite else { break }
            if decrement <= 1e-15 * state.objective {
                for index in parameters.indices { parameters[index] -= step[index] }
                return iteration
            }
            var length = 1.0
            while true {
                let trial = parameters.indices.map { parameters[$0] - length * step[$0] }
                let next = evaluate(trial)
                if next.objective <= state.objective - 1e-4 * length * decrement + 1e-13 * abs(state.objective) {
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
        /// The classes' probabilities, `[rows, classes]`.
        var probabilities: [Double]
        /// The Hessian's diagonal, which preconditions the inner solve.
        var diagonal: [Double]
    }

    /// Conjugate gradients on H s = g, preconditioned by the diagonal.
    private func solve(_ state: State, tolerance: Double) -> [Double] {
        let count = parameters.count
        var solution = [Double](repeating: 0, count: count)
        var residual = state.gradient
        var conditioned = (0..<count).map { residual[$0] / state.diagonal[$0] }
        var direction = conditioned
        var power = dot(residual, conditioned)
        for _ in 0..<max(20, min(10 * count, 1000)) {
            let image = hessianProduct(direction, state.probabilities)
            let curvature = dot(direction, image)
            guard curvature > 0 else { break }
            let length = power / curvature
            for index in 0..<count {
                solution[index] += length * direction[index]
                residual[index] -= length * image[index]
            }
            if norm(residual) <= tolerance { break }
            for index in 0..<count { conditioned[index] = residual[index] / state.diagonal[index] }
            let next = dot(residual, conditioned)
            let ratio = next / power
            power = next
            for index in 0..<count { direction[index] = conditioned[index] + ratio * direction[index] }
        }
        return solution
    }

    private func evaluate(_ parameters: [Double]) -> State {
        let (n, d, classes, width) = (design.rows, design.columns, classes, width)
        let (design, targets) = (design, targets)
        var probabilities = [Double](repeating: 0, count: n * classes)
        let count = classes * width
        let sums = probabilities.withUnsafeMutableBufferPointer { buffer in
            // Every block writes its own rows alone.
            nonisolated(unsafe) let scores = buffer
            return BlockSum.over(rows: n, width: 2 * count + 1) { range, partial in
                Self.scores(range, of: design, parameters, classes, into: scores)
                withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, range.count * classes)) { slopes in
                    var loss = 0.0
                    for (offset, row) in range.enumerated() {
                        let block = UnsafeMutableBufferPointer(rebasing: scores[row * classes..<(row + 1) * classes])
                        let weight = design.weights[row]
                        var linear = 0.0
                        for k in 0..<classes { linear += targets.storage[row * classes + k] * block[k] }
                        loss += weight * (softmaxInPlace(block) - linear)
                        for k in 0..<classes {
                            let p = block[k]
                            slopes[offset * classes + k] = weight * (p - targets.storage[row * classes + k])
                            let curvature = weight * p * (1 - p)
                            let diagonal = partial.baseAddress! + count + k * width
                            for column in 0..<d {
                                let x = design.values[row * d + column]
                                diagonal[column] += curvature * x * x
                            }
                            diagonal[d] += curvature
                        }
                    }
                    Self.gather(range, of: design, slopes, classes, into: partial)
                    partial[2 * count] = loss
                }
            }
        }
        var gradient = Array(sums[0..<count])
        var diagonal = Array(sums[count..<2 * count])
        var objective = sums[2 * count]
        for k in 0..<classes {
            for column in 0..<d {
                let value = parameters[k * width + column]
                objective += penalties[column] * value * value / 2
                gradient[k * width + column] += penalties[column] * value
                diagonal[k * width + column] += penalties[column]
            }
        }
        for index in 0..<count where diagonal[index] <= 0 { diagonal[index] = 1 }
        return State(objective: objective, gradient: gradient, probabilities: probabilities, diagonal: diagonal)
    }

    private func hessianProduct(_ direction: [Double], _ probabilities: [Double]) -> [Double] {
        let (design, classes, width) = (design, classes, width)
        var product = BlockSum.over(rows: design.rows, width: classes * width) { range, partial in
            guard !range.isEmpty else { return }
            withUnsafeTemporaryAllocation(of: Double.self, capacity: range.count * classes) { block in
                Self.scores(range, of: design, direction, classes, into: block, from: range.lowerBound)
                for (offset, row) in range.enumerated() {
                    var mean = 0.0
                    for k in 0..<classes { mean += probabilities[row * classes + k] * block[offset * classes + k] }
                    for k in 0..<classes {
                        let centred = block[offset * classes + k] - mean
                        block[offset * classes + k] = design.weights[row] * probabilities[row * classes + k] * centred
                    }
                }
                Self.gather(range, of: design, block, classes, into: partial)
            }
        }
        for k in 0..<classes {
            for column in 0..<width - 1 {
                product[k * width + column] += penalties[column] * direction[k * width + column]
            }
        }
        return product
    }

    /// Writes the scores X Bᵀ + b of a block of rows; row `from` is the first of `result`.
    private static func scores(
        _ range: Range<Int>, of design: StandardisedDesign, _ parameters: [Double], _ classes: Int,
        into result: UnsafeMutableBufferPointer<Double>, from: Int = 0
    ) {
        guard !range.isEmpty else { return }
        let d = design.columns
        let target = result.baseAddress! + (range.lowerBound - from) * classes
        for offset in 0..<range.count {
            for k in 0..<classes { target[offset * classes + k] = parameters[k * (d + 1) + d] }
        }
        design.values.withUnsafeBufferPointer { values in
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, blasint(range.count), blasint(classes), blasint(d), 1,
                values.baseAddress! + range.lowerBound * d, blasint(d), parameters, blasint(d + 1), 1, target,
                blasint(classes))
        }
    }

    /// Writes slopesᵀ [X, 1], `[classes, columns + 1]`, of a block of rows.
    private static func gather(
        _ range: Range<Int>, of design: StandardisedDesign, _ slopes: UnsafeMutableBufferPointer<Double>,
        _ classes: Int, into partial: UnsafeMutableBufferPointer<Double>
    ) {
        guard !range.isEmpty else { return }
        let d = design.columns
        design.values.withUnsafeBufferPointer { values in
            cblas_dgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, blasint(classes), blasint(d), blasint(range.count), 1,
                slopes.baseAddress!, blasint(classes), values.baseAddress! + range.lowerBound * d, blasint(d), 0,
                partial.baseAddress!, blasint(d + 1))
        }
        for offset in 0..<range.count {
            for k in 0..<classes { partial[k * (d + 1) + d] += slopes[offset * classes + k] }
        }
    }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
private func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
