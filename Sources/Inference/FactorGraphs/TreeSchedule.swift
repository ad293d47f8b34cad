/// The order in which messages are sent on a forest: each part from its leaves to its first variable, and back.
struct TreeSchedule {
    private let graph: FactorGraph
    /// Factors in the order in which they are reached from the roots, with the place of the variable they hang on.
    private let factors: [(factor: Int, parent: Int)]
    private let roots: [Int]

    init(_ graph: FactorGraph) {
        self.graph = graph
        // Edges are numbered factor after factor.
        var owners: [Int] = []
        for (number, factor) in graph.factors.enumerated() {
            owners += [Int](repeating: number, count: factor.variables.count)
        }
        var factors: [(factor: Int, parent: Int)] = []
        var isReached = [Bool](repeating: false, count: graph.factors.count)
        roots = graph.components.map { $0[0] }
        var open = roots
        var next = 0
        while next < open.count {
            let variable = open[next]
            next += 1
            for edge in graph.edges[variable] where !isReached[owners[edge]] {
                let factor = owners[edge]
                isReached[factor] = true
                factors.append((factor, edge - graph.firstEdges[factor]))
                for child in graph.factors[factor].variables where child != variable { open.append(child) }
            }
        }
        self.factors = factors
    }

    /// Sends every message once, in an order in which each has what it needs.
    func pass(_ messages: inout FactorMessages) throws(InferenceError) {
        for (factor, parent) in factors.reversed() {
            for place in graph.factors[factor].variables.indices where place != parent {
                try messages.sendToFactor(graph.firstEdges[factor] + place)
            }
            try messages.sendToVariable(factor: factor, place: parent)
        }
        for (factor, parent) in factors {
            try messages.sendToFactor(graph.firstEdges[factor] + parent)
            for place in graph.factors[factor].variables.indices where place != parent {
                try messages.sendToVariable(factor: factor, place: place)
            }
        }
    }

    /// The best assignment under max-product messages: from each root on, a factor's children take their best values
    /// given that of the variable it hangs on.
    func decoded(_ messages: FactorMessages) -> [Int] {
        var values = [Int](repeating: 0, count: graph.count)
        for root in roots {
            let belief = messages.product(at: root)
            values[root] = belief.firstIndex(of: belief.max() ?? 0) ?? 0
        }
        for (factor, parent) in factors {
            let table = messages.table(of: factor)
            let (variables, strides) = (graph.factors[factor].variables, graph.strides[factor])
            let fixed = values[variables[parent]]
            var best = -1
            for index in table.indices
            where index / strides[parent] % graph.cardinalities[variables[parent]] == fixed {
                if best < 0 || table[index] > table[best] { best = index }
            }
            for (place, variable) in variables.enumerated() where place != parent {
                values[variable] = best / strides[place] % graph.cardinalities[variable]
            }
        }
        return values
    }
}
