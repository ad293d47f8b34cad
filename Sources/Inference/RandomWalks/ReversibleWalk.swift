internal import Foundation
public import NumericalMethods
public import Probability

/// A reversible Markov chain on the nodes of a graph: πᵢ Pᵢⱼ = πⱼ Pⱼᵢ.
public struct ReversibleWalk: Sendable, Equatable {
    /// The number of nodes.
    public let nodeCount: Int
    /// π: the share of time at each node, `[nodeCount]`.
    public let stationary: [Double]
    /// Where a node's targets begin, `[nodeCount + 1]`.
    @usableFromInline let starts: [Int]
    /// The nodes that can follow, itself among them where it may stay.
    @usableFromInline let targets: [Int]
    /// P, in the order of `targets`.
    @usableFromInline let probabilities: [Double]

    private init(_ rows: [[(node: Int, probability: Double)]], stationary: [Double]) {
        nodeCount = rows.count
        self.stationary = stationary
        var starts = [0]
        var targets: [Int] = []
        var probabilities: [Double] = []
        for row in rows {
            for entry in row where entry.probability > 0 {
                targets.append(entry.node)
                probabilities.append(entry.probability)
            }
            starts.append(targets.count)
        }
        self.starts = starts
        self.targets = targets
        self.probabilities = probabilities
    }

    /// The simple random walk: every neighbour alike; π is proportional to the degree.
    ///
    /// - Throws: `InferenceError.disconnected` for a single node, which has nowhere to go.
    public static func simple(on graph: WalkGraph) throws(InferenceError) -> ReversibleWalk {
        guard !graph.neighbours.isEmpty else { throw .disconnected(what: "a graph without edges", parts: ["0"]) }
        return ReversibleWalk(
            (0..<graph.nodeCount).map { node in
                graph.neighbours(of: node).map { ($0, 1 / Double(graph.degree(node))) }
            },
            stationary: (0..<graph.nodeCount).map { Double(graph.degree($0)) / Double(graph.neighbours.count) })
    }

    /// The Metropolis-Hastings walk to `weights`: a neighbour is proposed evenly and taken with probability
    /// min(1, wⱼ dᵢ / (wᵢ dⱼ)), else the walk stays.
    ///
    /// - Parameter weights: `[nodeCount]`, above 0, not normalised; all equal where nil.
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter`.
    public static func metropolisHastings(
        on graph: WalkGraph, weights: [Double]? = nil
    ) throws(InferenceError) -> ReversibleWalk {
        let weights = weights ?? [Double](repeating: 1, count: graph.nodeCount)
        guard weights.count == graph.nodeCount else {
            throw .wrongShape(what: "weights", found: "[\(weights.count)]", expected: "[\(graph.nodeCount)]")
        }
        for (node, weight) in weights.enumerated() { try KernelCheck.positive(weight, "the weight of node \(node)") }
        let total = weights.reduce(0, +)
        let rows = (0..<graph.nodeCount).map { node in
            let degree = Double(graph.degree(node))
            var row: [(node: Int, probability: Double)] = []
            var stay = 1.0
            for next in graph.neighbours(of: node) {
                let ratio = weights[next] * degree / (weights[node] * Double(graph.degree(next)))
                let probability = min(1, ratio) / degree
                stay -= probability
                row.append((next, probability))
            }
            // What rounding leaves of 1 is no reason to stay.
            if stay > 1e-12 { row.append((node, stay)) }
            return row
        }
        return ReversibleWalk(rows, stationary: weights.map { $0 / total })
    }

    /// P, `[nodeCount, nodeCount]`.
    public var transitionMatrix: Matrix {
        var matrix = Matrix(rows: nodeCount, columns: nodeCount)
        for node in 0..<nodeCount {
            for place in starts[node]..<starts[node + 1] { matrix[node, targets[place]] = probabilities[place] }
        }
        return matrix
    }

    /// The node after `node`.
    public func next(_ node: Int, using random: inout Random) -> Int {
        let range = starts[node]..<starts[node + 1]
        var rest = random.uniform()
        for place in range {
            rest -= probabilities[place]
            if rest < 0 { return targets[place] }
        }
        return targets[range.upperBound - 1]
    }
}

/// The walk that never goes straight back along the edge it came by, unless there is no other.
///
/// A chain on directed edges; its nodes are visited in proportion to their degrees, as by the simple walk.
///
/// - Source: N. Alon, I. Benjamini, E. Lubetzky and S. Sodin, "Non-backtracking random walks mix faster", 2007.
public struct NonBacktrackingWalk: Sendable, Equatable {
    /// The graph.
    public let graph: WalkGraph

    /// A walk on `graph`.
    ///
    /// - Throws: `InferenceError.disconnected` for a single node.
    public init(on graph: WalkGraph) throws(InferenceError) {
        guard !graph.neighbours.isEmpty else { throw .disconnected(what: "a graph without edges", parts: ["0"]) }
        self.graph = graph
    }

    /// The node after `node`, reached from `previous` (any node that is no neighbour for none).
    public func next(_ node: Int, from previous: Int, using random: inout Random) -> Int {
        let choices = graph.neighbours(of: node)
        let back = choices.firstIndex(of: previous)
        if back == nil || choices.count == 1 {
            return choices[choices.startIndex + random.integer(below: choices.count)]
        }
        // The last choice stands in for the one that is forbidden.
        let pick = choices.startIndex + random.integer(below: choices.count - 1)
        return choices[pick == back ? choices.endIndex - 1 : pick]
    }
}
