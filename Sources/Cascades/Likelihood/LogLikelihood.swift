public import NumericalMethods

/// The log-likelihood of a model on data, as a function of the model's parameters.
///
///     l(θ) = sum_i ln p_θ(y_i | x_i)
///
/// On the data of a composition with everything observed, ``JointKernel``, it is the sum of the parts' log-likelihoods on
/// their data, ``parts``; on that of two models side by side, ``ProductKernel``, likewise. So the parts can be fitted
/// apart.
public struct LogLikelihood<Model: ParametricKernel> {
    /// The family of kernels; its own parameters are where ``maximized(tolerance:maximumEvaluations:)`` begins.
    public var model: Model
    /// Inputs (`first`) and outputs (`second`).
    public var data: [Pair<Model.Input, Model.Output>]

    /// The log-likelihood of `model` on `data`.
    @inlinable
    public init(_ model: Model, data: [Pair<Model.Input, Model.Output>]) {
        self.model = model
        self.data = data
    }

    /// `l(parameters)` in nats; −infinity where an item is impossible, 0 without data.
    /// - Throws: `SmoothMapError.notFinite` naming the item whose log-density is `NaN` or +infinity.
    @inlinable
    public func value(_ parameters: [Double]) throws(SmoothMapError) -> Double {
        let kernel = model.with(parameters: parameters)
        var total = 0.0
        for (index, item) in data.enumerated() {
            let term = kernel.logDensity(of: item.second, given: item.first)
            if !(term < .infinity) { throw .notFinite(what: "the log-density", place: "item \(index)") }
            total += term
        }
        return total
    }

    /// `dl/dθ` at `parameters`, `[parameterCount]`.
    @inlinable
    public func gradient(_ parameters: [Double]) -> [Double] {
        let kernel = model.with(parameters: parameters)
        var gradient = [Double](repeating: 0, count: model.parameterCount)
        for item in data {
            kernel.addGradient(of: item.second, given: item.first, scale: 1, to: &gradient, at: 0)
        }
        return gradient
    }

    /// The model with the parameters that make the data most likely, as far as L-BFGS finds them from where the model is.
    ///
    /// - Parameters:
    ///   - tolerance: relative change at which the search has converged.
    /// - Throws: `SmoothMapError.noData`, `.notFinite` where an item is impossible to begin with; `NumericalError`.
    @inlinable
    public func maximized(tolerance: Double = 1e-12, maximumEvaluations: Int = 10_000) throws -> Model {
        if data.isEmpty { throw SmoothMapError.noData(what: "the data of a likelihood") }
        for (index, item) in data.enumerated() where model.logDensity(of: item.second, given: item.first) == -.infinity
        {
            throw SmoothMapError.notFinite(what: "the log-density", place: "item \(index)")
        }
        let count = Double(data.count)
        let minimum = try minimize(
            withGradient: { point, gradient in
                let slope = self.gradient(point)
                for index in slope.indices { gradient[index] = -slope[index] / count }
                return try -value(point) / count
            }, from: model.parameters, tolerance: tolerance, maximumEvaluations: maximumEvaluations)
        return model.with(parameters: minimum.point)
    }
}

extension LogLikelihood: Sendable where Model.Input: Sendable, Model.Output: Sendable {}

extension LogLikelihood {
    /// The likelihoods of the two steps of a composition, each on what it took and gave.
    @inlinable
    public func parts<First, Second>() -> Pair<LogLikelihood<First>, LogLikelihood<Second>>
    where Model == JointKernel<First, Second> {
        Pair(
            LogLikelihood<First>(model.first, data: data.map { Pair($0.first, $0.second.first) }),
            LogLikelihood<Second>(model.second, data: data.map { Pair($0.second.first, $0.second.second) }))
    }
}
