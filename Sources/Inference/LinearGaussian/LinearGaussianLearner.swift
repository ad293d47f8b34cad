internal import Foundation
public import NumericalMethods

/// Expectation maximisation for the parameters of a linear Gaussian chain, from several series with or without gaps.
///
/// Each step raises log p(y) or leaves it where it is.
///
/// - Source: R. Shumway and D. Stoffer, 1982.
public struct LinearGaussianLearner: Sendable {
    /// The parameters that a fit may change.
    public struct Parameters: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let initialMean = Parameters(rawValue: 1)
        public static let initialCovariance = Parameters(rawValue: 2)
        public static let transitionMatrix = Parameters(rawValue: 4)
        public static let transitionOffset = Parameters(rawValue: 8)
        public static let transitionNoise = Parameters(rawValue: 16)
        public static let observationMatrix = Parameters(rawValue: 32)
        public static let observationOffset = Parameters(rawValue: 64)
        public static let observationNoise = Parameters(rawValue: 128)
        public static let all = Parameters(rawValue: 255)
    }

    public var learned: Parameters
    /// A fit has converged when a step raises log p(y) by no more than this, for each time, in nats.
    public var tolerance: Double
    /// The most steps of a fit.
    public var steps: Int

    public init(learned: Parameters = .all, tolerance: Double = 1e-8, steps: Int = 500) {
        self.learned = learned
        self.tolerance = tolerance
        self.steps = steps
    }

    /// Where a fit stands.
    public struct State: Sendable, Equatable {
        public internal(set) var model: LinearGaussianModel
        /// Steps taken.
        public internal(set) var steps = 0
    }

    /// What a step saw of the model that it began with.
    public struct Info: Sendable, Equatable {
        /// log p(y) of all series, in nats.
        public let logLikelihood: Double
    }

    /// A fitted model and how it came about.
    public struct Fit: Sendable, Equatable {
        public let model: LinearGaussianModel
        /// One for each step, of the model before it.
        public let history: [Info]
        public let hasConverged: Bool
    }

    /// Begins at a model whose matrices stay the same.
    ///
    /// - Throws: ``InferenceError/unsupported(what:place:remedy:)`` for one whose matrices change.
    public func start(_ model: LinearGaussianModel) throws -> State {
        guard model.length == nil else {
            throw InferenceError.unsupported(
                what: "learning matrices that change with time", place: "the model",
                remedy: "Give one transition and one observation for all times.")
        }
        return State(model: model)
    }

    /// One step.
    ///
    /// - Parameter series: `[times, outputs]` each (NaN: missing).
    /// - Throws: ``InferenceError`` for no series, and what filtering throws, naming the series.
    public func step(_ state: inout State, on series: [Matrix]) throws -> Info {
        guard !series.isEmpty else { throw InferenceError.empty(what: "the list of series") }
        let model = state.model
        let moments = try Parallel.reduce(
            count: series.count,
            body: { range in
                var sums = ChainMoments(model)
                for index in range {
                    sums.add(
                        try model.smooth(series[index], name: "series \(index)"), series[index], model: model)
                }
                return sums
            },
            combine: { total, part in total.adding(part) })!
        state.model = try moments.maximised(model, learned: learned)
        state.steps += 1
        return Info(logLikelihood: moments.logLikelihood)
    }

    /// Steps until log p(y) rises no more, or the steps are used up.
    ///
    /// - Throws: as ``start(_:)`` and ``step(_:on:)``.
    public func fit(from model: LinearGaussianModel, to series: [Matrix]) throws -> Fit {
        var state = try start(model)
        var history: [Info] = []
        let times = series.reduce(0) { $0 + $1.rows }
        while history.count < steps {
            let info = try step(&state, on: series)
            let rise = info.logLikelihood - (history.last?.logLikelihood ?? -.infinity)
            history.append(info)
            if rise <= tolerance * Double(times) {
                return Fit(model: state.model, history: history, hasConverged: true)
            }
        }
        return Fit(model: state.model, history: history, hasConverged: false)
    }
}
