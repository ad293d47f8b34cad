internal import Foundation
internal import NumericalMethods

/// Expectation maximisation for hidden Markov models, from several sequences.
///
/// ```swift
/// let method = BaumWelch<GaussianEmissions>(emissionPrior: .init(variance: 0.1, weight: 1))
/// let fit = try method.fit(from: start, to: sequences)
/// ```
///
/// Each step raises log p(x) + log p(parameters) or leaves it where it is.
///
/// - Source: L. Baum, T. Petrie, G. Soules and N. Weiss, 1970.
public struct BaumWelch<Emissions: EmissionModel>: Sendable {
    /// The parameters that a fit may change.
    public struct Parameters: OptionSet, Sendable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }

        public static var initial: Parameters { Parameters(rawValue: 1) }
        public static var transition: Parameters { Parameters(rawValue: 2) }
        public static var emissions: Parameters { Parameters(rawValue: 4) }
        public static var all: Parameters { [.initial, .transition, .emissions] }
    }

    public var learned: Parameters
    /// As if each possible first state had been seen that many times more.
    public var initialPseudoCount: Double
    /// As if each possible transition had been seen that many times more.
    public var transitionPseudoCount: Double
    public var emissionPrior: Emissions.Prior
    /// A fit has converged when a step raises the objective by no more than this, for each observation, in nats.
    public var tolerance: Double
    /// The most steps of a fit.
    public var steps: Int

    public init(
        learned: Parameters = .all, initialPseudoCount: Double = 0, transitionPseudoCount: Double = 0,
        emissionPrior: Emissions.Prior, tolerance: Double = 1e-8, steps: Int = 200
    ) {
        self.learned = learned
        self.initialPseudoCount = initialPseudoCount
        self.transitionPseudoCount = transitionPseudoCount
        self.emissionPrior = emissionPrior
        self.tolerance = tolerance
        self.steps = steps
    }

    /// Where a fit stands.
    public struct State: Sendable {
        public internal(set) var model: HiddenMarkovModel<Emissions>
        /// Steps taken.
        public internal(set) var steps = 0
    }

    /// What a step saw of the model that it began with.
    public struct Info: Sendable, Equatable {
        /// log p(x) of all sequences, in nats.
        public let logLikelihood: Double
        /// log p(x) + log p(parameters), up to a constant: what the steps raise.
        public let objective: Double
        /// The expected number of observations in each state, `[states]`.
        public let occupancy: [Double]
        /// States that explain nothing (less than 1e-9 observations); they keep their parameters.
        public var emptyStates: [Int] { occupancy.indices.filter { occupancy[$0] < 1e-9 } }
    }

    /// A fitted model and how it came about.
    public struct Fit: Sendable {
        public let model: HiddenMarkovModel<Emissions>
        /// One for each step, of the model before it.
        public let history: [Info]
        public let hasConverged: Bool
    }

    /// Begins at a model.
    ///
    /// - Throws: ``InferenceError`` for negative or infinite pseudo-counts.
    public func start(_ model: HiddenMarkovModel<Emissions>) throws -> State {
        for (name, count) in [
            ("the pseudo-count of first states", initialPseudoCount),
            ("the pseudo-count of transitions", transitionPseudoCount),
        ] where !(count >= 0 && count < .infinity) {
            throw InferenceError.improperParameter(
                name: name, value: "\(count)", expected: "a finite number of at least 0")
        }
        return State(model: model)
    }

    /// One step: expectations under the present model, then the parameters that suit them best.
    ///
    /// - Throws: ``InferenceError`` for no or empty sequences and for observations that are not the model's or
    ///   impossible under it, with sequence and time; for a covariance that has collapsed, with its state.
    public func step(_ state: inout State, on sequences: [Emissions.Observations]) throws -> Info {
        let expected = try ExpectedCounts(model: state.model, sequences: sequences)
        let model = state.model
        let info = Info(
            logLikelihood: expected.logLikelihood, objective: expected.logLikelihood + logPrior(model),
            occupancy: expected.occupancy)
        let initial =
            learned.contains(.initial)
            ? Self.row(expected.first, model.initial, pseudoCount: initialPseudoCount) : model.initial
        var transition = model.transition
        if learned.contains(.transition) {
            for from in 0..<model.states {
                let row = Self.row(
                    Array(expected.transitions.row(from)), Array(model.transition.row(from)),
                    pseudoCount: transitionPseudoCount)
                for to in 0..<model.states { transition[from, to] = row[to] }
            }
        }
        let emissions =
            learned.contains(.emissions)
            ? try model.emissions.maximised(expected.statistics, prior: emissionPrior) : model.emissions
        state.model = try HiddenMarkovModel(initial: initial, transition: transition, emissions: emissions)
        state.steps += 1
        return info
    }

    /// Steps until the objective rises no more, or the steps are used up.
    ///
    /// - Throws: as ``start(_:)`` and ``step(_:on:)``.
    public func fit(from model: HiddenMarkovModel<Emissions>, to sequences: [Emissions.Observations]) throws -> Fit {
        var state = try start(model)
        var history: [Info] = []
        let observations = sequences.reduce(0) { $0 + Emissions.length(of: $1) }
        while history.count < steps {
            let info = try step(&state, on: sequences)
            let rise = info.objective - (history.last?.objective ?? -.infinity)
            history.append(info)
            if rise <= tolerance * Double(observations) {
                return Fit(model: state.model, history: history, hasConverged: true)
            }
        }
        return Fit(model: state.model, history: history, hasConverged: false)
    }

    /// The prior's log-density of a model's learned parameters, up to a constant.
    private func logPrior(_ model: HiddenMarkovModel<Emissions>) -> Double {
        func sum(_ probabilities: [Double], _ count: Double) -> Double {
            count > 0 ? probabilities.reduce(0) { $1 > 0 ? $0 + count * log($1) : $0 } : 0
        }
        return (learned.contains(.initial) ? sum(model.initial, initialPseudoCount) : 0)
            + (learned.contains(.transition) ? sum(model.transition.storage, transitionPseudoCount) : 0)
            + (learned.contains(.emissions) ? model.emissions.logPrior(emissionPrior) : 0)
    }

    /// A row of probabilities from expected counts; what was 0 stays so, and a row without counts keeps the old one.
    private static func row(_ counts: [Double], _ old: [Double], pseudoCount: Double) -> [Double] {
        let counts = zip(counts, old).map { $0 + ($1 > 0 ? pseudoCount : 0) }
        let total = counts.reduce(0, +)
        return total > 0 ? counts.map { $0 / total } : old
    }
}
