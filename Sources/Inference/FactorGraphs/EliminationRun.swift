internal import Foundation
internal import NumericalMethods

/// The product of all factors that held a variable when it was eliminated, that variable last.
struct EliminationBucket: Sendable {
    let variable: Int
    let table: DiscreteFactor

    /// The logarithms of the variable's weights, given the values of the others.
    func weights(given values: [Int], cardinalities: [Int]) -> [Double] {
        var start = 0
        for other in table.variables { start = start * cardinalities[other] + (other == variable ? 0 : values[other]) }
        return Array(table.logValues[start..<start + cardinalities[variable]])
    }
}

/// One elimination of all variables but some.
struct EliminationRun {
    /// In the order of elimination.
    private(set) var buckets: [EliminationBucket] = []
    /// The logarithm of what was summed out completely.
    private(set) var constant = 0.0
    /// What is left over the variables kept.
    private var tables: [DiscreteFactor]
    private let cardinalities: [Int]
    private let limit: Int

    init(
        _ method: VariableElimination, semiring: Semiring, keeping kept: Set<Int>, keepsBuckets: Bool
    ) throws(InferenceError) {
        let graph = method.graph
        cardinalities = graph.cardinalities
        limit = method.limit
        tables = []
        for (number, factor) in graph.factors.enumerated() {
            if factor.variables.isEmpty {
                guard factor.logValues[0] > -.infinity else { throw .zeroTotalWeight(place: "factor \(number)") }
                constant += factor.logValues[0]
            } else {
                tables.append(factor)
            }
        }
        // The variables that share a table with each, kept up to date as tables merge.
        var neighbours = [Set<Int>](repeating: [], count: graph.count)
        for factor in graph.factors {
            for variable in factor.variables { neighbours[variable].formUnion(factor.variables) }
        }
        for variable in neighbours.indices { neighbours[variable].remove(variable) }
        var holders = [[Int]](repeating: [], count: graph.count)
        for (number, table) in tables.enumerated() {
            for variable in table.variables { holders[variable].append(number) }
        }
        var isUsed = [Bool](repeating: false, count: tables.count)
        var left = (0..<graph.count).filter { !kept.contains($0) }
        func logSize(_ variable: Int) -> Double {
            neighbours[variable].reduce(log(Double(graph.cardinalities[variable]))) {
                $0 + log(Double(graph.cardinalities[$1]))
            }
        }
        var sizes = (0..<graph.count).map(logSize)
        while !left.isEmpty {
            var place = 0
            for index in left.indices where sizes[left[index]] < sizes[left[place]] { place = index }
            let variable = left.remove(at: place)
            let scope = neighbours[variable].sorted() + [variable]
            let members = holders[variable].filter { !isUsed[$0] }
            let product = try Self.product(
                members.map { tables[$0] }, scope: scope, cardinalities: cardinalities, limit: limit,
                what: "variable \(variable)")
            for member in members { isUsed[member] = true }
            if keepsBuckets { buckets.append(EliminationBucket(variable: variable, table: product)) }
            let rest = Array(scope.dropLast())
            let values = graph.cardinalities[variable]
            let reduced = stride(from: 0, to: product.logValues.count, by: values).map { start in
                let weights = Array(product.logValues[start..<start + values])
                return semiring == .sum ? logSumExp(weights) : weights.max() ?? -.infinity
            }
            guard reduced.contains(where: { $0 > -.infinity }) else {
                throw .zeroTotalWeight(place: graph.partName(of: variable))
            }
            if rest.isEmpty {
                constant += reduced[0]
            } else {
                for other in rest { holders[other].append(tables.count) }
                tables.append(DiscreteFactor(rest, logValues: reduced))
                isUsed.append(false)
            }
            for other in rest {
                neighbours[other].remove(variable)
                neighbours[other].formUnion(rest)
                neighbours[other].remove(other)
            }
            for other in rest { sizes[other] = logSize(other) }
        }
        tables = tables.indices.filter { !isUsed[$0] }.map { tables[$0] }
    }

    /// The product of what is left, over `scope`.
    func joined(scope: [Int], what: String) throws(InferenceError) -> DiscreteFactor {
        let product = try Self.product(tables, scope: scope, cardinalities: cardinalities, limit: limit, what: what)
        guard product.logValues.contains(where: { $0 > -.infinity }) else {
            throw .zeroTotalWeight(place: what)
        }
        return product
    }

    private static func product(
        _ factors: [DiscreteFactor], scope: [Int], cardinalities: [Int], limit: Int, what: String
    ) throws(InferenceError) -> DiscreteFactor {
        var size = 1
        for variable in scope {
            let (product, isOver) = size.multipliedReportingOverflow(by: cardinalities[variable])
            guard !isOver, product <= limit else {
                throw .unsupported(
                    what: "a table of more than \(limit) numbers", place: what,
                    remedy: "Raise the limit, or use BeliefPropagation.")
            }
            size = product
        }
        var table = [Double](repeating: 0, count: size)
        var digits = [Int](repeating: 0, count: scope.count)
        for factor in factors {
            // How far the factor's index moves with each variable of the scope.
            var steps = [Int](repeating: 0, count: scope.count)
            var step = 1
            for variable in factor.variables.reversed() {
                if let place = scope.firstIndex(of: variable) { steps[place] = step }
                step *= cardinalities[variable]
            }
            var index = 0
            for place in digits.indices { digits[place] = 0 }
            for entry in 0..<size {
                table[entry] += factor.logValues[index]
                var place = scope.count - 1
                while place >= 0 {
                    digits[place] += 1
                    index += steps[place]
                    if digits[place] < cardinalities[scope[place]] { break }
                    index -= digits[place] * steps[place]
                    digits[place] = 0
                    place -= 1
                }
            }
        }
        return DiscreteFactor(scope, logValues: table)
    }
}
