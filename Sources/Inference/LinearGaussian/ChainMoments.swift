internal import NumericalMethods

/// Expected second moments of neighbouring states, and of states and outputs; a 1 is appended to what regressions start
/// from, so that offsets are columns like any other.
struct ChainMoments: Sendable {
    private(set) var logLikelihood = 0.0
    private var series = 0.0
    private var steps = 0.0
    private var times = 0.0
    /// Σ E[x₀] and Σ E[x₀ x₀ᵀ] over series.
    private var firstSum: [Double]
    private var first: Matrix
    /// Regression of the next state on (x, 1).
    private var moves: RegressionMoments
    /// Regression of the outputs on (x, 1).
    private var views: RegressionMoments

    init(_ model: LinearGaussianModel) {
        firstSum = [Double](repeating: 0, count: model.dimension)
        first = Matrix(rows: model.dimension, columns: model.dimension)
        moves = RegressionMoments(inputs: model.dimension + 1, outputs: model.dimension)
        views = RegressionMoments(inputs: model.dimension + 1, outputs: model.outputs)
    }

    mutating func add(_ smoothed: KalmanSmoothed, _ observations: Matrix, model: LinearGaussianModel) {
        logLikelihood += smoothed.logLikelihood
        series += 1
        for time in 0..<observations.rows {
            let mean = Array(smoothed.means.row(time))
            let second = smoothed.covariances[time] + Matrix(outer: mean, mean)
            if time == 0 {
                firstSum = Inference.add(firstSum, mean)
                first = first + second
            }
            let input = second.bordered(by: mean)
            if time + 1 < observations.rows {
                let next = Array(smoothed.means.row(time + 1))
                // E[xₜ₊₁ xₜᵀ] and E[xₜ₊₁].
                let cross = smoothed.lagCovariances[time].transposed + Matrix(outer: next, mean)
                moves.add(
                    inputs: input, cross: cross.appendingColumn(next),
                    outputs: smoothed.covariances[time + 1] + Matrix(outer: next, next))
                steps += 1
            }
            addOutputs(Array(observations.row(time)), mean: mean, second: second, input: input, model: model)
            times += 1
        }
    }

    /// The outputs are M x + n + noise: those that were seen are known, the others follow from the state and those seen.
    private mutating func addOutputs(
        _ outputs: [Double], mean: [Double], second: Matrix, input: Matrix, model: LinearGaussianModel
    ) {
        let law = OutputLaw(model.observations[0], outputs)
        let image = law.matrix * second
        let cross = image + Matrix(outer: law.offset, mean)
        let shifted = law.matrix * mean
        let expected = Inference.add(shifted, law.offset)
        let square =
            image.multiplied(by: law.matrix, transposingOther: true) + Matrix(outer: shifted, law.offset)
            + Matrix(outer: law.offset, expected) + law.covariance
        views.add(inputs: input, cross: cross.appendingColumn(expected), outputs: square)
    }

    func adding(_ other: ChainMoments) -> ChainMoments {
        var sum = self
        sum.logLikelihood += other.logLikelihood
        sum.series += other.series
        sum.steps += other.steps
        sum.times += other.times
        sum.firstSum = Inference.add(firstSum, other.firstSum)
        sum.first = first + other.first
        sum.moves.add(inputs: other.moves.inputs, cross: other.moves.cross, outputs: other.moves.outputs)
        sum.views.add(inputs: other.views.inputs, cross: other.views.cross, outputs: other.views.outputs)
        return sum
    }

    func maximised(
        _ model: LinearGaussianModel, learned: LinearGaussianLearner.Parameters
    ) throws -> LinearGaussianModel {
        let mean = learned.contains(.initialMean) ? firstSum.map { $0 / series } : model.initialMean
        var covariance = model.initialCovariance
        if learned.contains(.initialCovariance) {
            let average = firstSum.map { $0 / series }
            let cross = Matrix(outer: average, mean)
            covariance = (first * (1 / series) - cross - cross.transposed + Matrix(outer: mean, mean)).symmetrised
        }
        var transition = model.transitions[0]
        if steps > 0 {
            let fit = try moves.maximised(
                matrix: transition.matrix, offset: transition.offset,
                learnsMatrix: learned.contains(.transitionMatrix), learnsOffset: learned.contains(.transitionOffset))
            transition.matrix = fit.matrix
            transition.offset = fit.offset
            if learned.contains(.transitionNoise) { transition.noise = fit.residual * (1 / steps) }
        }
        var observation = model.observations[0]
        let fit = try views.maximised(
            matrix: observation.matrix, offset: observation.offset,
            learnsMatrix: learned.contains(.observationMatrix), learnsOffset: learned.contains(.observationOffset))
        observation.matrix = fit.matrix
        observation.offset = fit.offset
        if learned.contains(.observationNoise) { observation.noise = fit.residual * (1 / times) }
        return try LinearGaussianModel(
            initialMean: mean, initialCovariance: covariance, transition: transition, observation: observation)
    }
}

/// The law of all outputs of a time given its state and the outputs that were seen: matrix · x + offset, with a covariance.
struct OutputLaw {
    var matrix: Matrix
    var offset: [Double]
    var covariance: Matrix

    init(_ observation: LinearGaussianModel.Observation, _ outputs: [Double]) {
        let count = outputs.count
        let seen = outputs.indices.filter { !outputs[$0].isNaN }
        let missing = outputs.indices.filter { outputs[$0].isNaN }
        matrix = Matrix(rows: count, columns: observation.matrix.columns)
        offset = outputs.map { $0.isNaN ? 0 : $0 }
        covariance = Matrix(rows: count, columns: count)
        guard !missing.isEmpty else { return }
        // R_ms R_ss⁻¹ carries the noise of what was seen over to what was not.
        let carry: Matrix
        if seen.isEmpty {
            carry = Matrix(rows: missing.count, columns: 0)
        } else {
            let inverse =
                (try? CovarianceFactor.pseudoInverse(observation.noise.part(seen, seen))) ?? .identity(seen.count)
            carry = observation.noise.part(missing, seen) * inverse
        }
        let rest =
            observation.noise.part(missing, missing)
            - carry.multiplied(by: observation.noise.part(missing, seen), transposingOther: true)
        for (a, row) in missing.enumerated() {
            offset[row] = observation.offset[row]
            for column in 0..<matrix.columns { matrix[row, column] = observation.matrix[row, column] }
            for (b, other) in seen.enumerated() {
                offset[row] += carry[a, b] * (outputs[other] - observation.offset[other])
                for column in 0..<matrix.columns {
                    matrix[row, column] -= carry[a, b] * observation.matrix[other, column]
                }
            }
            for (b, other) in missing.enumerated() { covariance[row, other] = 0.5 * (rest[a, b] + rest[b, a]) }
        }
    }
}

/// Expected moments of a linear regression of outputs on inputs whose last is 1.
struct RegressionMoments: Sendable {
    /// Σ E[z zᵀ], Σ E[y zᵀ], Σ E[y yᵀ].
    private(set) var inputs: Matrix
    private(set) var cross: Matrix
    private(set) var outputs: Matrix

    init(inputs: Int, outputs: Int) {
        self.inputs = Matrix(rows: inputs, columns: inputs)
        cross = Matrix(rows: outputs, columns: inputs)
        self.outputs = Matrix(rows: outputs, columns: outputs)
    }

    mutating func add(inputs: Matrix, cross: Matrix, outputs: Matrix) {
        self.inputs = self.inputs + inputs
        self.cross = self.cross + cross
        self.outputs = self.outputs + outputs
    }

    /// The best coefficients of those that may change, and Σ E[(y − B z)(y − B z)ᵀ] with them.
    func maximised(
        matrix: Matrix, offset: [Double], learnsMatrix: Bool, learnsOffset: Bool
    ) throws -> (matrix: Matrix, offset: [Double], residual: Matrix) {
        let last = inputs.rows - 1
        var coefficients = matrix.appendingColumn(offset)
        let free = (learnsMatrix ? Array(0..<last) : []) + (learnsOffset ? [last] : [])
        if !free.isEmpty {
            let fixed = (0...last).filter { !free.contains($0) }
            let rows = Array(0..<cross.rows)
            // What the fixed columns explain is taken off first.
            let target =
                cross.part(rows, free) - coefficients.part(rows, fixed) * inputs.part(fixed, free)
            let solution = target * (try CovarianceFactor.pseudoInverse(inputs.part(free, free)))
            for row in rows {
                for (index, column) in free.enumerated() { coefficients[row, column] = solution[row, index] }
            }
        }
        let explained = coefficients.multiplied(by: cross, transposingOther: true)
        let residual = (outputs - explained - explained.transposed + coefficients.sandwich(inputs)).symmetrised
        return (
            coefficients.part(Array(0..<cross.rows), Array(0..<last)), coefficients.column(last), residual
        )
    }
}

extension Matrix {
    /// a bᵀ.
    init(outer a: [Double], _ b: [Double]) {
        self.init(rows: a.count, columns: b.count, storage: a.flatMap { x in b.map { x * $0 } })
    }

    func appendingColumn(_ column: [Double]) -> Matrix {
        Matrix(
            rows: rows, columns: columns + 1,
            storage: (0..<rows).flatMap { Array(row($0)) + [column[$0]] })
    }

    /// The symmetric matrix with one more row and column, `edge` and 1.
    func bordered(by edge: [Double]) -> Matrix {
        let wide = appendingColumn(edge)
        return Matrix(rows: rows + 1, columns: columns + 1, storage: wide.storage + edge + [1])
    }
}
