internal import Foundation
public import NumericalMethods

/// The linear stochastic differential equation dX = (B X + β) dt + σ dW.
public struct LinearProcess: Sendable, Equatable {
    /// B, `[dimension, dimension]`.
    public let drift: Matrix
    /// β, `[dimension]`.
    public let offset: [Double]
    /// σ, `[dimension, noises]`.
    public let dispersion: Matrix

    /// dX = (B X + β) dt + σ dW.
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite`.
    public init(drift: Matrix, offset: [Double], dispersion: Matrix) throws {
        guard drift.rows == offset.count, drift.columns == offset.count, dispersion.rows == offset.count else {
            throw InferenceError.wrongShape(
                what: "a linear process", found: "B \(drift.rows) x \(drift.columns), σ \(dispersion.rows) rows",
                expected: "\(offset.count) rows")
        }
        for (index, value) in (drift.storage + offset + dispersion.storage).enumerated() where !value.isFinite {
            throw InferenceError.nonFinite(what: "B, β or σ", place: "number \(index)", value: value)
        }
        self.drift = drift
        self.offset = offset
        self.dispersion = dispersion
    }

    /// Brownian motion in one dimension, with drift.
    public static func brownian(drift: Double = 0, scale: Double) throws -> LinearProcess {
        try LinearProcess(
            drift: Matrix(rows: 1, columns: 1), offset: [drift],
            dispersion: Matrix(rows: 1, columns: 1, storage: [scale]))
    }

    /// The Ornstein-Uhlenbeck process dX = rate (mean − X) dt + scale dW.
    public static func ornsteinUhlenbeck(rate: Double, mean: Double, scale: Double) throws -> LinearProcess {
        try LinearProcess(
            drift: Matrix(rows: 1, columns: 1, storage: [-rate]), offset: [rate * mean],
            dispersion: Matrix(rows: 1, columns: 1, storage: [scale]))
    }

    /// σ σᵀ.
    public var diffusivity: Matrix { dispersion.multiplied(by: dispersion, transposingOther: true) }

    /// The law of X at `duration` given X at 0, in closed form by one matrix exponential.
    ///
    /// - Source: Van Loan, 1978, Computing integrals involving the matrix exponential.
    /// - Throws: `InferenceError.improperParameter` for a duration below 0.
    public func transition(duration: Double) throws -> GaussianTransition {
        guard duration >= 0, duration.isFinite else {
            throw InferenceError.improperParameter(name: "the duration", value: "\(duration)", expected: "0 or more")
        }
        let d = offset.count
        let a = diffusivity
        // Rows of the block matrix: [B σσᵀ 0; 0 −Bᵀ 0; …] with a last column that integrates the offset.
        var block = Matrix(rows: 2 * d + 1, columns: 2 * d + 1)
        for i in 0..<d {
            for j in 0..<d {
                block[i, j] = drift[i, j] * duration
                block[i, d + j] = a[i, j] * duration
                block[d + i, d + j] = -drift[j, i] * duration
            }
            block[i, 2 * d] = offset[i] * duration
        }
        let power = block.exponential
        var (map, mixed) = (Matrix(rows: d, columns: d), Matrix(rows: d, columns: d))
        for i in 0..<d {
            for j in 0..<d {
                map[i, j] = power[i, j]
                mixed[i, j] = power[i, d + j]
            }
        }
        return try GaussianTransition(
            map: map, offset: (0..<d).map { power[$0, 2 * d] },
            covariance: mixed.multiplied(by: map, transposingOther: true).symmetrised)
    }

    /// The derivative in time of (c, F, H) of the backward equation (∂ₜ + L̃) g = 0, for those who'd rather integrate it:
    ///
    ///     c′ = −β·F − ½ F·a F + ½ tr(a H),   F′ = −Bᵀ F + H β + H a F,   H′ = −Bᵀ H − H B + H a H
    func backwardDerivative(_ linear: [Double], _ precision: Matrix) -> (
        constant: Double, linear: [Double], precision: Matrix
    ) {
        let a = diffusivity
        let af = a.multiplied(by: linear)
        let ha = precision.multiplied(by: a)
        let bh = drift.multiplied(by: precision, transposingSelf: true)
        var constant = 0.0
        for i in linear.indices {
            constant += -offset[i] * linear[i] - 0.5 * linear[i] * af[i] + 0.5 * ha[i, i]
        }
        let bf = drift.multiplied(by: linear, transposingSelf: true)
        let (hb, haf) = (precision.multiplied(by: offset), ha.multiplied(by: linear))
        return (
            constant, linear.indices.map { -bf[$0] + hb[$0] + haf[$0] },
            ha.multiplied(by: precision) - bh - bh.transposed
        )
    }

    /// g at `duration` before, by one Runge-Kutta step of order 4 of the backward equation.
    func rungeKutta(_ g: CanonicalGaussian, duration: Double) throws -> CanonicalGaussian {
        func moved(_ step: (constant: Double, linear: [Double], precision: Matrix), by scale: Double) -> (
            [Double], Matrix
        ) {
            (zip(g.linear, step.linear).map { $0 - scale * $1 }, g.precision - step.precision * scale)
        }
        let k1 = backwardDerivative(g.linear, g.precision)
        var (f, h) = moved(k1, by: duration / 2)
        let k2 = backwardDerivative(f, h)
        (f, h) = moved(k2, by: duration / 2)
        let k3 = backwardDerivative(f, h)
        (f, h) = moved(k3, by: duration)
        let k4 = backwardDerivative(f, h)
        let scale = duration / 6
        return try CanonicalGaussian(
            constant: g.constant - scale * (k1.constant + 2 * k2.constant + 2 * k3.constant + k4.constant),
            linear: g.linear.indices.map {
                g.linear[$0] - scale * (k1.linear[$0] + 2 * k2.linear[$0] + 2 * k3.linear[$0] + k4.linear[$0])
            },
            precision: g.precision - (k1.precision + (k2.precision + k3.precision) * 2 + k4.precision) * scale)
    }
}

extension Matrix {
    /// e to the power of the matrix, by scaling, a Taylor polynomial of degree 18 and squaring: near machine precision
    /// for norms up to some hundreds.
    var exponential: Matrix {
        let norm = (0..<rows).map { row in (0..<columns).reduce(0) { $0 + abs(self[row, $1]) } }.max() ?? 0
        let squarings = norm > 0.5 ? Int(log2(norm / 0.5).rounded(.up)) : 0
        let scaled = self * pow(0.5, Double(squarings))
        var (sum, term) = (Matrix.identity(rows), Matrix.identity(rows))
        for k in 1...18 {
            term = term.multiplied(by: scaled) * (1 / Double(k))
            sum = sum + term
        }
        for _ in 0..<squarings { sum = sum.multiplied(by: sum) }
        return sum
    }
}
