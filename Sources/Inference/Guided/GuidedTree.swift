public import Cascades

/// A tree, or a chain, of nodes joined by rules of one kind, with observations at some of them.
///
/// Node 0 is the root; every other node comes after its parent.
///
///     let tree = try GuidedTree(parents: [nil, 0, 1, 1], edges: [a, b, c])
///     let posterior = try tree.filtered(root: x0, observations: [2: left, 3: right])
///     let cloud = try GuidedCloud(of: posterior, count: 1000, using: &random)
public struct GuidedTree<Edge: GuidedKernel>: Sendable where Edge.Before == Edge.After {
    /// The function of a node's state.
    public typealias Function = Edge.Before

    /// The parent of each node; nil for the root alone.
    public let parents: [Int?]
    /// The rule from a node's parent to it, for nodes 1 and up: `edges[node - 1]`.
    public let edges: [Edge]

    /// A tree.
    /// - Throws: `InferenceError.empty`, `.wrongShape`; `.improperParameter` for a parent that doesn't come first.
    public init(parents: [Int?], edges: [Edge]) throws {
        guard !parents.isEmpty else { throw InferenceError.empty(what: "the tree") }
        guard edges.count == parents.count - 1 else {
            throw InferenceError.wrongShape(
                what: "the number of edges", found: "\(edges.count)",
                expected: "\(parents.count - 1), one for each node but the root")
        }
        for (node, parent) in parents.enumerated() {
            let isProper = node == 0 ? parent == nil : parent.map { $0 >= 0 && $0 < node } ?? false
            guard isProper else {
                throw InferenceError.improperParameter(
                    name: "the parent of node \(node)", value: parent.map(String.init) ?? "nil",
                    expected: node == 0 ? "nil" : "a node from 0 to \(node - 1)")
            }
        }
        self.parents = parents
        self.edges = edges
    }

    /// A chain of `edges`.
    public init(chain edges: [Edge]) throws {
        try self.init(parents: [nil] + edges.indices.map(Optional.some), edges: edges)
    }

    /// Filters backward from the leaves to the root.
    ///
    /// - Parameters:
    ///   - root: the state of the root. A random root is the end of an edge from a fixed one.
    ///   - observations: likelihoods by node; every leaf needs one.
    /// - Throws: `InferenceError.unsupported` for a leaf without observation, `.improperParameter` for a node that
    ///   doesn't exist, `.impossibleObservation` where the root can't lead to them, and what the rules throw.
    public func filtered(root: Function.State, observations: [Int: Function]) throws -> FilteredTree<Edge> {
        for node in observations.keys.sorted() where !parents.indices.contains(node) {
            throw InferenceError.improperParameter(
                name: "the observed node", value: "\(node)", expected: "0 to \(parents.count - 1)")
        }
        var functions = parents.indices.map { observations[$0] }
        var messages: [Edge.Message] = []
        for node in parents.indices.dropFirst().reversed() {
            guard let function = functions[node] else {
                throw InferenceError.unsupported(
                    what: "a leaf without observation", place: "node \(node)",
                    remedy: "Observe it, with a flat function if need be, or cut it off.")
            }
            let back = try edges[node - 1].pullBack(function)
            messages.append(back.message)
            let parent = parents[node]!
            functions[parent] = try functions[parent].map { try $0.fused(with: back.function) } ?? back.function
        }
        guard let function = functions[0] else {
            throw InferenceError.unsupported(
                what: "a tree without observation", place: "node 0", remedy: "Observe a node.")
        }
        let logValue = function.logValue(at: root)
        guard logValue < .infinity else {
            throw InferenceError.nonFinite(what: "the guiding function", place: "node 0", value: logValue)
        }
        guard logValue > -.infinity else { throw InferenceError.impossibleObservation(place: "the leaves") }
        return FilteredTree(
            tree: self, root: root, functions: functions.map { $0! }, messages: messages.reversed(),
            rootLogValue: logValue)
    }
}

/// A tree with its observations, filtered backward and ready to be guided forward.
public struct FilteredTree<Edge: GuidedKernel>: GuidedTarget where Edge.Before == Edge.After {
    /// The tree.
    public let tree: GuidedTree<Edge>
    /// The state of the root.
    public let root: Edge.Before.State
    /// What is known at each node of it and of all beyond.
    public let functions: [Edge.Before]
    /// The message of each edge, for nodes 1 and up.
    public let messages: [Edge.Message]
    /// ln g(root): the log-likelihood of the observations where all rules are exact.
    public let rootLogValue: Double

    public var innovationCount: Int { tree.edges.reduce(0) { $0 + $1.innovationCount } }

    /// The states of all nodes, with the log-weight: ln g(root) and the sum over the edges.
    public func run(_ innovations: UnsafePointer<Double>) -> Weighted<[Edge.Before.State]> {
        var reader = InnovationReader(innovations)
        var states = [root]
        states.reserveCapacity(tree.parents.count)
        var logWeight = rootLogValue
        for node in 1..<max(tree.parents.count, 1) {
            let next = tree.edges[node - 1].push(states[tree.parents[node]!], messages[node - 1], &reader)
            states.append(next.value)
            logWeight += next.logWeight
        }
        return Weighted(states, logWeight: logWeight)
    }
}
