internal import Foundation
internal import NumericalMethods

/// What belief propagation found out.
public struct Beliefs: Sendable {
    /// The marginal of each variable, `[variables]` of `[its values]`.
    public let marginals: [[Double]]
    /// log Z in nats: exact on a forest, else Bethe's approximation.
    public let logPartition: Double
    /// Whether everything here is exact: the graph is a forest.
    public let isExact: Bool
    /// Whether messages stood still; always on a forest. Where they did not, the beliefs are no fixed point.
    public let hasConverged: Bool
    /// Sweeps made; 0 on a forest.
    public let sweeps: Int
    /// The largest change of a probability in the last sweep.
    public let lastChange: Double
    private let messages: FactorMessages

    init(
        _ messages: FactorMessages, sweeps: Int, change: Double, hasConverged: Bool
    ) throws(InferenceError) {
        self.messages = messages
        logPartition = try messages.logPartition()
        marginals = (0..<messages.graph.count).map { softmax(messages.product(at: $0)) }
        isExact = messages.graph.isForest
        self.sweeps = sweeps
        self.hasConverged = hasConverged
        lastChange = change
    }

    /// These beliefs, if messages stood still.
    ///
    /// - Throws: ``InferenceError/notConverged(method:after:remedy:)``.
    public func converged() throws -> Beliefs {
        guard hasConverged else {
            throw InferenceError.notConverged(
                method: "belief propagation",
                after: "\(sweeps) sweeps, the last of which changed a message by \(lastChange)",
                remedy: "Raise the damping or the sweeps, or use VariableElimination.")
        }
        return self
    }

    /// The marginal of all variables of a factor, as large as its table.
    public func factorMarginal(_ factor: Int) -> [Double] {
        precondition(messages.graph.factors.indices.contains(factor), "the graph has no factor \(factor)")
        return softmax(messages.table(of: factor))
    }

    /// The joint marginal of two variables that share a factor, `[values of a, values of b]` row-major.
    ///
    /// - Throws: ``InferenceError/unsupported(what:place:remedy:)`` where no factor holds both.
    public func pairMarginal(_ a: Int, _ b: Int) throws -> [Double] {
        let graph = messages.graph
        for (number, factor) in graph.factors.enumerated() {
            guard let first = factor.variables.firstIndex(of: a), let second = factor.variables.firstIndex(of: b),
                a != b
            else { continue }
            let table = messages.table(of: number)
            return softmax(messages.reduced(table, factor: number, to: [first, second]))
        }
        throw InferenceError.unsupported(
            what: "a pair marginal of variables that share no factor", place: "variables \(a) and \(b)",
            remedy: "Use VariableElimination.marginal(of:).")
    }
}
