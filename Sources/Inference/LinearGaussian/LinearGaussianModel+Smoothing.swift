internal import Foundation
public import NumericalMethods

/// What a Kalman filter learned from a series.
public struct KalmanFiltered: Sendable, Equatable {
    /// log p(y), in nats.
    public let logLikelihood: Double
    /// E[xₜ | y₀ … yₜ₋₁], `[times, dimension]`, and covariances `[times]` of `[dimension, dimension]`.
    public let predictedMeans: Matrix
    public let predictedCovariances: [Matrix]
    /// E[xₜ | y₀ … yₜ], `[times, dimension]`, and covariances.
    public let means: Matrix
    public let covariances: [Matrix]
}

/// What a whole series says of each hidden state.
public struct KalmanSmoothed: Sendable, Equatable {
    /// log p(y), in nats.
    public let logLikelihood: Double
    /// E[xₜ | y], `[times, dimension]`.
    public let means: Matrix
    /// `[times]` of `[dimension, dimension]`.
    public let covariances: [Matrix]
    /// Cov(xₜ, xₜ₊₁ | y), `[times − 1]` of `[dimension, dimension]`.
    public let lagCovariances: [Matrix]
}

extension LinearGaussianModel {
    /// Runs the Kalman filter over a series, `[times, outputs]` (NaN: missing).
    ///
    /// - Throws: ``InferenceError`` for an empty series, one of other shape, infinite numbers, and an innovation whose
    ///   covariance is singular, naming the time.
    public func filter(_ series: Matrix) throws -> KalmanFiltered {
        try filter(series, name: "the series")
    }

    func filter(_ series: Matrix, name: String) throws -> KalmanFiltered {
        try check(series, name: name)
        let filter = KalmanFilter(self)
        var state = filter.start()
        var logLikelihood = 0.0
        var (predictedMeans, means): ([Double], [Double]) = ([], [])
        var (predictedCovariances, covariances): ([Matrix], [Matrix]) = ([], [])
        for time in 0..<series.rows {
            predictedMeans += state.mean
            predictedCovariances.append(state.covariance)
            let info = try filter.step(&state, observation: Array(series.row(time)))
            logLikelihood += info.logLikelihood
            means += info.mean
            covariances.append(info.covariance)
        }
        return KalmanFiltered(
            logLikelihood: logLikelihood,
            predictedMeans: Matrix(rows: series.rows, columns: dimension, storage: predictedMeans),
            predictedCovariances: predictedCovariances,
            means: Matrix(rows: series.rows, columns: dimension, storage: means), covariances: covariances)
    }

    /// The posterior of every state given the whole series, by the smoother of Rauch, Tung and Striebel (1965).
    ///
    /// The covariance is built as (I − G F) P (I − G F)ᵀ + G (Q + P′) Gᵀ, a sum without differences. Where a predicted
    /// covariance is singular its pseudo-inverse serves: what has no variance needs no correction.
    ///
    /// - Throws: as ``filter(_:)``.
    public func smooth(_ series: Matrix) throws -> KalmanSmoothed { try smooth(series, name: "the series") }

    func smooth(_ series: Matrix, name: String) throws -> KalmanSmoothed {
        let filtered = try filter(series, name: name)
        let steps = try backwardSteps(filtered)
        let last = series.rows - 1
        var means = filtered.means
        var covariances = filtered.covariances
        var lags: [Matrix] = []
        var mean = Array(means.row(last))
        for time in (0..<last).reversed() {
            let step = steps[time]
            mean = add(Array(means.row(time)), step.gain * subtract(mean, Array(filtered.predictedMeans.row(time + 1))))
            for i in 0..<dimension { means[time, i] = mean[i] }
            lags.append(step.gain * covariances[time + 1])
            covariances[time] = step.covariance + step.gain.sandwich(covariances[time + 1])
        }
        return KalmanSmoothed(
            logLikelihood: filtered.logLikelihood, means: means, covariances: covariances,
            lagCovariances: lags.reversed())
    }

    /// The law of xₜ given xₜ₊₁ and y₀ … yₜ: filtered mean + G (xₜ₊₁ − predicted mean), with a covariance.
    struct BackwardStep {
        let gain: Matrix
        let covariance: Matrix
    }

    /// One for each step between two times.
    func backwardSteps(_ filtered: KalmanFiltered) throws -> [BackwardStep] {
        try (0..<filtered.means.rows - 1).map { time in
            let transition = transition(after: time)
            let covariance = filtered.covariances[time]
            let inverse = try CovarianceFactor.pseudoInverse(filtered.predictedCovariances[time + 1])
            let gain = covariance.multiplied(by: transition.matrix, transposingOther: true) * inverse
            let rest = Matrix.identity(dimension) - gain * transition.matrix
            return BackwardStep(gain: gain, covariance: rest.sandwich(covariance) + gain.sandwich(transition.noise))
        }
    }
}
