import Foundation

@testable import Inference

/// Kalman's filter and the smoother of Rauch, Tung and Striebel in one dimension, written out: the exact answers for tests.
struct ScalarKalman {
    var logEvidence = 0.0
    var means: [Double] = []
    var variances: [Double] = []
    var smoothedMeans: [Double] = []
    var smoothedVariances: [Double] = []
    /// Cov(x_t, x_{t+1} | all), `[steps - 1]`.
    var smoothedCovariances: [Double] = []

    init(_ model: ScalarLinearGaussianModel) {
        var (mean, variance) = model.initialMoments
        for (step, y) in model.observations.enumerated() {
            if step > 0 {
                mean *= model.transition
                variance = model.transition * model.transition * variance + model.processVariance
            }
            let total = model.emission * model.emission * variance + model.observationVariance
            let residual = y - model.emission * mean
            logEvidence -= 0.5 * (residual * residual / total + log(2 * Double.pi * total))
            let gain = model.emission * variance / total
            mean += gain * residual
            variance *= 1 - gain * model.emission
            means.append(mean)
            variances.append(variance)
        }
        smoothedMeans = means
        smoothedVariances = variances
        smoothedCovariances = [Double](repeating: 0, count: max(0, means.count - 1))
        for step in stride(from: means.count - 2, through: 0, by: -1) {
            let predicted = model.transition * model.transition * variances[step] + model.processVariance
            let gain = model.transition * variances[step] / predicted
            smoothedMeans[step] += gain * (smoothedMeans[step + 1] - model.transition * means[step])
            smoothedVariances[step] += gain * gain * (smoothedVariances[step + 1] - predicted)
            smoothedCovariances[step] = gain * smoothedVariances[step + 1]
        }
    }

    /// The data that the tests of filters and smoothers share.
    static func example(steps: Int = 25) throws -> ScalarLinearGaussianModel {
        let observations = (0..<steps).map { 1.5 * sin(0.7 * Double($0)) + 0.8 * cos(2.3 * Double($0)) }
        return try ScalarLinearGaussianModel(
            initialMean: 0.3, initialVariance: 2, transition: 0.9, processVariance: 0.5, emission: 1.2,
            observationVariance: 0.4, observations: observations)
    }
}

/// Mean and standard error of the mean.
func meanWithError(_ values: [Double]) -> (mean: Double, error: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / (n - 1) / n).squareRoot())
}
