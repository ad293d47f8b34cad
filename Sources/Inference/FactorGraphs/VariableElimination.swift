internal import Foundation
internal import NumericalMethods
public import Probability

/// Exact answers on any graph of discrete factors whose loops are not too entangled.
///
/// Variables are summed out (or maximised over) one after another, each time the one whose table is smallest; cost and
/// memory grow with the largest table, which on a tree is no larger than a factor's.
public struct VariableElimination: Sendable {
    public let graph: FactorGraph
    /// The largest table, in numbers.
    public var limit: Int

    public init(_ graph: FactorGraph, limit: Int = 1 << 24) {
        self.graph = graph
        self.limit = limit
    }

    /// log Z, in nats.
    ///
    /// - Throws: ``InferenceError/zeroTotalWeight(place:)`` where Z is 0, naming a part of the graph that has no possible
    ///   assignment; ``InferenceError/unsupported(what:place:remedy:)`` where a table would pass the limit.
    public func logPartition() throws -> Double {
        try EliminationRun(self, semiring: .sum, keeping: [], keepsBuckets: false).constant
    }

    /// The joint marginal of some variables, row-major in the order given, the last running fastest.
    ///
    /// - Throws: as ``logPartition()``; ``InferenceError/improperParameter(name:value:expected:)`` for variables that do
    ///   not exist or repeat.
    public func marginal(of variables: [Int]) throws -> [Double] {
        guard variables.allSatisfy({ graph.cardinalities.indices.contains($0) }),
            Set(variables).count == variables.count
        else {
            throw InferenceError.improperParameter(
                name: "the variables of a marginal", value: "\(variables)",
                expected: "variables of the graph, each once")
        }
        let run = try EliminationRun(self, semiring: .sum, keeping: Set(variables), keepsBuckets: false)
        let table = try run.joined(scope: variables, what: "the variables asked for")
        return softmax(table.logValues)
    }

    /// The most probable assignment.
    ///
    /// - Throws: as ``logPartition()``.
    public func mostProbable() throws -> ProbableAssignment {
        let run = try EliminationRun(self, semiring: .maximum, keeping: [], keepsBuckets: true)
        var values = [Int](repeating: 0, count: graph.count)
        for bucket in run.buckets.reversed() {
            let weights = bucket.weights(given: values, cardinalities: graph.cardinalities)
            values[bucket.variable] = weights.firstIndex(of: weights.max() ?? 0) ?? 0
        }
        return ProbableAssignment(
            values: values, logValue: graph.logValue(of: values), isExact: true, hasConverged: true, sweeps: 0)
    }

    /// Independent draws of all variables, `[count]` of `[variables]`.
    ///
    /// Draw i comes from stream i of a fork of `random`, whatever the number of threads.
    ///
    /// - Throws: as ``logPartition()``.
    public func sample(count: Int, using random: inout Random) throws -> [[Int]] {
        precondition(count >= 0, "there are no \(count) draws")
        let buckets = try EliminationRun(self, semiring: .sum, keeping: [], keepsBuckets: true).buckets
        let streams = random.fork()
        return try Parallel.map(count: count, minimumChunk: max(1, 2_000 / graph.count)) { index in
            var stream = streams.split(UInt64(index))
            var values = [Int](repeating: 0, count: graph.count)
            for bucket in buckets.reversed() {
                values[bucket.variable] = try stream.choose(
                    logWeights: bucket.weights(given: values, cardinalities: graph.cardinalities))
            }
            return values
        }
    }
}
