internal import Foundation
internal import NumericalMethods

/// A function of a few discrete variables.
public struct DiscreteFactor: Sendable, Equatable {
    /// The variables that it looks at, each once.
    public let variables: [Int]
    /// The logarithm of its value for each choice of values, the last variable's running fastest; −infinity for 0.
    public let logValues: [Double]

    /// - Parameter logValues: in nats, `[values of the first variable, …, of the last]` row-major.
    public init(_ variables: [Int], logValues: [Double]) {
        self.variables = variables
        self.logValues = logValues
    }

    /// - Parameter values: not negative, `[values of the first variable, …, of the last]` row-major. A negative value
    ///   becomes NaN, which ``FactorGraph`` refuses.
    public init(_ variables: [Int], values: [Double]) {
        self.init(variables, logValues: values.map { $0 < 0 ? .nan : log($0) })
    }
}

/// A product of factors over discrete variables: p(x) = ∏ f(x of f) / Z.
///
/// ```swift
/// let graph = try FactorGraph(
///     cardinalities: [2, 2],
///     factors: [DiscreteFactor([0], values: [0.3, 0.7]), DiscreteFactor([0, 1], values: [2, 1, 1, 2])])
/// let result = try BeliefPropagation().run(on: graph)      // exact: the graph is a tree
/// ```
public struct FactorGraph: Sendable, Equatable {
    /// How many values each variable has, `[variables]`; values count from 0.
    public let cardinalities: [Int]
    public let factors: [DiscreteFactor]
    /// The sets of variables that factors connect, each ascending, in the order of their first.
    public let components: [[Int]]
    /// Whether there is one way at most from any node to any other: then belief propagation is exact.
    public let isForest: Bool
    /// Where the table of each factor's p-th variable steps, `[factors]` of `[its variables]`.
    let strides: [[Int]]
    /// The number of the first edge of each factor; its p-th variable is edge `firstEdges[f] + p`.
    let firstEdges: [Int]
    /// The edges of each variable.
    let edges: [[Int]]

    /// - Throws: ``InferenceError`` for no variables or values, a factor whose variables do not exist or repeat, whose
    ///   table has another size, or that holds NaN or +infinity, naming the factor.
    public init(cardinalities: [Int], factors: [DiscreteFactor]) throws(InferenceError) {
        guard !cardinalities.isEmpty else { throw .empty(what: "the list of variables") }
        if let variable = cardinalities.firstIndex(where: { $0 < 1 }) {
            throw .improperParameter(
                name: "the number of values of variable \(variable)", value: "\(cardinalities[variable])",
                expected: "at least 1")
        }
        var strides: [[Int]] = []
        var firstEdges: [Int] = []
        var edges = [[Int]](repeating: [], count: cardinalities.count)
        var edgeCount = 0
        for (number, factor) in factors.enumerated() {
            for variable in factor.variables {
                guard cardinalities.indices.contains(variable) else {
                    throw .improperParameter(
                        name: "a variable of factor \(number)", value: "\(variable)",
                        expected: "in 0 ..< \(cardinalities.count)")
                }
            }
            guard Set(factor.variables).count == factor.variables.count else {
                throw .improperParameter(
                    name: "the variables of factor \(number)", value: "\(factor.variables)", expected: "each once")
            }
            var size = 1
            var steps = [Int](repeating: 1, count: factor.variables.count)
            for place in factor.variables.indices.reversed() {
                steps[place] = size
                let (product, isOver) = size.multipliedReportingOverflow(by: cardinalities[factor.variables[place]])
                size = isOver ? Int.max : product
            }
            guard factor.logValues.count == size else {
                throw .wrongShape(
                    what: "the table of factor \(number)", found: "of \(factor.logValues.count) values",
                    expected: "\(size), one for each choice of its variables' values")
            }
            if let index = factor.logValues.firstIndex(where: { !($0 < .infinity) }) {
                throw .nonFinite(
                    what: "the logarithm of a value", place: "factor \(number), element \(index)",
                    value: factor.logValues[index])
            }
            strides.append(steps)
            firstEdges.append(edgeCount)
            for variable in factor.variables {
                edges[variable].append(edgeCount)
                edgeCount += 1
            }
        }
        self.cardinalities = cardinalities
        self.factors = factors
        self.strides = strides
        self.firstEdges = firstEdges
        self.edges = edges
        let parts = Self.components(cardinalities.count, factors)
        components = parts
        // A graph is a forest when it has as many edges as nodes less one for each part; a factor without variables is a
        // part of its own.
        let connected = factors.count { !$0.variables.isEmpty }
        isForest = edgeCount == cardinalities.count + connected - parts.count
    }

    private static func components(_ count: Int, _ factors: [DiscreteFactor]) -> [[Int]] {
        var parents = Array(0..<count)
        func root(_ variable: Int) -> Int {
            var place = variable
            while parents[place] != place {
                parents[place] = parents[parents[place]]
                place = parents[place]
            }
            return place
        }
        for factor in factors {
            for variable in factor.variables.dropFirst() {
                let (a, b) = (root(factor.variables[0]), root(variable))
                parents[max(a, b)] = min(a, b)
            }
        }
        var members = [[Int]](repeating: [], count: count)
        for variable in 0..<count { members[root(variable)].append(variable) }
        return members.filter { !$0.isEmpty }
    }

    /// The number of variables.
    public var count: Int { cardinalities.count }

    /// The logarithm of the product of all factors, −infinity where one is 0.
    ///
    /// - Parameter assignment: a value for each variable.
    public func logValue(of assignment: [Int]) -> Double {
        precondition(
            assignment.count == count && zip(assignment, cardinalities).allSatisfy { $0 >= 0 && $0 < $1 },
            "an assignment has a value for each variable")
        var sum = 0.0
        for (factor, steps) in zip(factors, strides) {
            var index = 0
            for (variable, step) in zip(factor.variables, steps) { index += assignment[variable] * step }
            sum += factor.logValues[index]
        }
        return sum
    }

    /// The graph with some variables seen: each gets a factor that forbids its other values.
    ///
    /// The partition of that graph divided by this one's is the probability of what was seen.
    ///
    /// - Throws: ``InferenceError`` for variables or values that do not exist.
    public func observing(_ values: [Int: Int]) throws(InferenceError) -> FactorGraph {
        var added = factors
        for (variable, value) in values.sorted(by: { $0.key < $1.key }) {
            guard cardinalities.indices.contains(variable), value >= 0, value < cardinalities[variable] else {
                throw .improperParameter(
                    name: "what was seen of variable \(variable)", value: "\(value)",
                    expected: "a variable of the graph and one of its values")
            }
            added.append(
                DiscreteFactor(
                    [variable], logValues: (0..<cardinalities[variable]).map { $0 == value ? 0 : -.infinity }))
        }
        return try FactorGraph(cardinalities: cardinalities, factors: added)
    }

    /// What an error calls the part of the graph that holds a variable.
    func partName(of variable: Int) -> String {
        let part = components.first { $0.contains(variable) } ?? [variable]
        let names = part.prefix(12).map(String.init).joined(separator: ", ")
        return "the part of the graph with variables \(names)\(part.count > 12 ? ", …" : "")"
    }
}
