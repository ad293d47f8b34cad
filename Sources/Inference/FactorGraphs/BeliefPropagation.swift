internal import Foundation
internal import NumericalMethods

/// Belief propagation on a graph of discrete factors: exact on forests, iterated with damping on graphs with loops.
///
/// On a forest two passes, to the roots and back, give exact beliefs. With loops each sweep lets every factor answer what
/// the others said, until beliefs stand still; the result says whether they did, and its log-partition is Bethe's
/// approximation.
///
/// - Source: J. Pearl, 1988; F. Kschischang, B. Frey and H.-A. Loeliger, 2001; J. Yedidia, W. Freeman and Y. Weiss, 2005.
public struct BeliefPropagation: Sendable, Equatable {
    /// How much of the message before is kept, on a scale of logarithms, in [0, 1). More of it settles more slowly but
    /// more often. Not used on forests.
    public var damping: Double
    /// Messages stand still when no probability changes by more than this.
    public var tolerance: Double
    /// The most sweeps over a graph with loops.
    public var sweeps: Int

    public init(damping: Double = 0.3, tolerance: Double = 1e-10, sweeps: Int = 1000) {
        self.damping = damping
        self.tolerance = tolerance
        self.sweeps = sweeps
    }

    /// Where a run on a graph with loops stands.
    public struct State: Sendable {
        var messages: FactorMessages
        /// Sweeps made.
        public internal(set) var sweeps = 0
    }

    /// What a sweep changed.
    public struct Info: Sendable, Equatable {
        /// The largest change of a probability in a message.
        public let change: Double
    }

    /// Messages that say nothing yet.
    ///
    /// - Throws: ``InferenceError`` for a damping outside [0, 1) and other settings out of range.
    public func start(on graph: FactorGraph) throws -> State {
        try start(on: graph, semiring: .sum)
    }

    func start(on graph: FactorGraph, semiring: Semiring) throws(InferenceError) -> State {
        guard damping >= 0, damping < 1 else {
            throw .improperParameter(name: "the damping", value: "\(damping)", expected: "in [0, 1)")
        }
        guard tolerance > 0 else {
            throw .improperParameter(name: "the tolerance", value: "\(tolerance)", expected: "above 0")
        }
        guard sweeps > 0 else {
            throw .improperParameter(name: "the number of sweeps", value: "\(sweeps)", expected: "at least 1")
        }
        return State(messages: FactorMessages(graph, semiring: semiring))
    }

    /// Lets every factor, in order, answer its variables once.
    ///
    /// - Throws: ``InferenceError/zeroTotalWeight(place:)`` where the factors leave a variable no value.
    public func step(_ state: inout State) throws -> Info {
        let graph = state.messages.graph
        var change = 0.0
        for (number, factor) in graph.factors.enumerated() {
            for place in factor.variables.indices { try state.messages.sendToFactor(graph.firstEdges[number] + place) }
            for place in factor.variables.indices {
                change = max(
                    change, try state.messages.sendToVariable(factor: number, place: place, damping: damping))
            }
        }
        state.sweeps += 1
        return Info(change: change)
    }

    /// Marginals and log Z: exact on forests.
    ///
    /// - Throws: ``InferenceError`` as ``start(on:)`` and ``step(_:)``. A run that did not settle is no error: see
    ///   ``Beliefs/hasConverged`` and ``Beliefs/converged()``.
    public func run(on graph: FactorGraph) throws -> Beliefs {
        let (state, change) = try settle(graph, semiring: .sum)
        return try Beliefs(
            state.messages, sweeps: state.sweeps, change: change, hasConverged: change <= tolerance)
    }

    /// The most probable assignment: exact on forests, where ties are broken consistently; on graphs with loops each
    /// variable takes the best value of its max-marginal, which need not be the optimum.
    ///
    /// - Throws: as ``run(on:)``.
    public func mostProbable(on graph: FactorGraph) throws -> ProbableAssignment {
        let (state, change) = try settle(graph, semiring: .maximum)
        let messages = state.messages
        var values = (0..<graph.count).map { variable in
            let belief = messages.product(at: variable)
            return belief.firstIndex(of: belief.max() ?? 0) ?? 0
        }
        if graph.isForest { values = TreeSchedule(graph).decoded(messages) }
        return ProbableAssignment(
            values: values, logValue: graph.logValue(of: values), isExact: graph.isForest,
            hasConverged: change <= tolerance, sweeps: state.sweeps)
    }

    private func settle(_ graph: FactorGraph, semiring: Semiring) throws -> (State, Double) {
        var state = try start(on: graph, semiring: semiring)
        if graph.isForest {
            try TreeSchedule(graph).pass(&state.messages)
            return (state, 0)
        }
        var change = Double.infinity
        while state.sweeps < sweeps && change > tolerance { change = try step(&state).change }
        // What variables last said to factors goes with what factors last said.
        for edge in 0..<graph.factors.reduce(0, { $0 + $1.variables.count }) { try state.messages.sendToFactor(edge) }
        return (state, change)
    }
}

/// An assignment of a value to each variable.
public struct ProbableAssignment: Sendable, Equatable {
    /// `[variables]`.
    public let values: [Int]
    /// The logarithm of the product of all factors.
    public let logValue: Double
    /// Whether it is certainly the most probable.
    public let isExact: Bool
    /// Whether messages stood still.
    public let hasConverged: Bool
    /// Sweeps made; 0 on a forest.
    public let sweeps: Int
}
