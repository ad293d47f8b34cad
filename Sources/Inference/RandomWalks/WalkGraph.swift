/// A connected graph without directions, self-loops or double edges, for tokens to walk on.
public struct WalkGraph: Sendable, Equatable {
    /// The number of nodes.
    public let nodeCount: Int
    /// Where the neighbours of a node begin in ``neighbours``, `[nodeCount + 1]`.
    public let starts: [Int]
    /// The neighbours of all nodes, ascending within a node, `[2 · edges]`.
    public let neighbours: [Int]

    /// A graph of `nodeCount` nodes and `edges`; an edge named twice counts once.
    ///
    /// - Throws: `InferenceError.empty` without nodes; `.improperParameter` for an edge to a node that is not there or to
    ///   itself; `.disconnected` with the parts where a walk can't reach every node.
    public init(nodeCount: Int, edges: [(Int, Int)]) throws(InferenceError) {
        guard nodeCount >= 1 else { throw .empty(what: "the graph") }
        var lists = [Set<Int>](repeating: [], count: nodeCount)
        for (index, edge) in edges.enumerated() {
            for node in [edge.0, edge.1] where !(0..<nodeCount).contains(node) {
                throw .improperParameter(
                    name: "edge \(index)", value: "\(edge)", expected: "nodes from 0 to \(nodeCount - 1)")
            }
            guard edge.0 != edge.1 else {
                throw .improperParameter(name: "edge \(index)", value: "\(edge)", expected: "two different nodes")
            }
            lists[edge.0].insert(edge.1)
            lists[edge.1].insert(edge.0)
        }
        var starts = [0]
        var all: [Int] = []
        for list in lists {
            all += list.sorted()
            starts.append(all.count)
        }
        self.nodeCount = nodeCount
        self.starts = starts
        neighbours = all
        let parts = self.parts
        guard parts.count == 1 else {
            throw .disconnected(
                what: "the graph",
                parts: parts.map { part in
                    part.prefix(8).map(String.init).joined(separator: ", ") + (part.count > 8 ? ", ..." : "")
                })
        }
    }

    /// The neighbours of `node`.
    public func neighbours(of node: Int) -> ArraySlice<Int> { neighbours[starts[node]..<starts[node + 1]] }

    /// The number of neighbours of `node`.
    public func degree(_ node: Int) -> Int { starts[node + 1] - starts[node] }

    /// The connected parts, each ascending.
    private var parts: [[Int]] {
        var isSeen = [Bool](repeating: false, count: nodeCount)
        var parts: [[Int]] = []
        for node in 0..<nodeCount where !isSeen[node] {
            var part = [node]
            isSeen[node] = true
            var place = 0
            while place < part.count {
                for next in neighbours(of: part[place]) where !isSeen[next] {
                    isSeen[next] = true
                    part.append(next)
                }
                place += 1
            }
            parts.append(part.sorted())
        }
        return parts
    }

    /// `count` cliques of `size` nodes in a ring, each joined to the next by one edge: quick within, slow around.
    ///
    /// - Throws: `InferenceError.improperParameter` for fewer than 2 cliques of 2 nodes.
    public static func ringOfCliques(_ count: Int, of size: Int) throws(InferenceError) -> WalkGraph {
        try KernelCheck.count(count, "count", atLeast: 2)
        try KernelCheck.count(size, "size", atLeast: 2)
        var edges: [(Int, Int)] = []
        for clique in 0..<count {
            let first = clique * size
            for a in 0..<size { for b in 0..<a { edges.append((first + a, first + b)) } }
            let next = (clique + 1) % count * size
            edges.append((first + size - 1, next))
        }
        return try WalkGraph(nodeCount: count * size, edges: edges)
    }
}
