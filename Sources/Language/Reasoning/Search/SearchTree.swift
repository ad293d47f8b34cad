import Cascades

/// What a tree search has found out.
public struct SearchTree<State: Sendable>: Sendable {
    /// A state and what is known of it.
    public struct Node: Sendable {
        /// The state.
        public let state: State
        /// The node that it follows; nil at the root.
        public let parent: Int?
        /// How many nodes are above it.
        public let depth: Int
        /// `ln` of its probability among its siblings, before anything was tried.
        public let logPrior: Double
        /// The nodes that follow; nil before it was opened, empty at an end.
        public internal(set) var children: Range<Int>?
        /// How many simulations came through.
        public internal(set) var visits = 0
        /// The sum of their values.
        public internal(set) var total = 0.0

        /// The mean value of the simulations that came through; 0 before the first.
        public var mean: Double { visits > 0 ? total / Double(visits) : 0 }
    }

    /// The nodes, the root first; children of a node are next to each other.
    public private(set) var nodes: [Node]

    init(_ root: State) { nodes = [Node(state: root, parent: nil, depth: 0, logPrior: 0)] }

    mutating func open(_ node: Int, _ successors: [Weighted<State>]) {
        let start = nodes.count
        for successor in successors {
            nodes.append(
                Node(
                    state: successor.value, parent: node, depth: nodes[node].depth + 1,
                    logPrior: successor.logWeight))
        }
        nodes[node].children = start..<nodes.count
    }

    mutating func add(_ value: Double, along path: [Int]) {
        for node in path {
            nodes[node].visits += 1
            nodes[node].total += value
        }
    }

    /// From the root always to the child with the most visits, among equals the one with the larger mean, then the first.
    public var mostVisitedPath: [Int] {
        path { node in [Double(node.visits), node.mean] }
    }

    /// From the root always to the child with the largest mean among those that were visited.
    public var bestPath: [Int] { path { node in [node.visits > 0 ? node.mean : -.infinity, Double(node.visits)] } }

    private func path(by rank: (Node) -> [Double]) -> [Int] {
        var path = [0]
        while let children = nodes[path[path.count - 1]].children, !children.isEmpty {
            var best = children.lowerBound
            for child in children where rank(nodes[best]).lexicographicallyPrecedes(rank(nodes[child])) { best = child }
            guard nodes[best].visits > 0 else { break }
            path.append(best)
        }
        return path
    }
}
