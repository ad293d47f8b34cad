internal import Foundation
internal import NumericalMethods

/// Whether beliefs are sums over the other variables or the best of them.
enum Semiring: Sendable { case sum, maximum }

/// The messages of belief propagation: logarithms in one flat buffer for each direction, an edge after the other.
///
/// Messages are normalised: their sum, or their largest, is 1.
struct FactorMessages: Sendable {
    let graph: FactorGraph
    let semiring: Semiring
    /// Where each edge's message begins.
    private let offsets: [Int]
    /// The variable of each edge.
    private let variables: [Int]
    private(set) var toVariables: [Double]
    private(set) var toFactors: [Double]

    /// Messages that say nothing.
    init(_ graph: FactorGraph, semiring: Semiring) {
        self.graph = graph
        self.semiring = semiring
        variables = graph.factors.flatMap(\.variables)
        var offsets: [Int] = []
        var uniform: [Double] = []
        for variable in variables {
            offsets.append(uniform.count)
            let values = graph.cardinalities[variable]
            uniform += [Double](repeating: semiring == .sum ? -log(Double(values)) : 0, count: values)
        }
        self.offsets = offsets
        toVariables = uniform
        toFactors = uniform
    }

    private func range(_ edge: Int) -> Range<Int> {
        offsets[edge]..<offsets[edge] + graph.cardinalities[variables[edge]]
    }

    /// Σ or max of a table's exponentials, as a logarithm.
    func total(_ logs: [Double]) -> Double {
        semiring == .sum ? logSumExp(logs) : logs.max() ?? -.infinity
    }

    /// Everything that comes to a variable, but for one edge, not normalised.
    func product(at variable: Int, except edge: Int? = nil) -> [Double] {
        var sum = [Double](repeating: 0, count: graph.cardinalities[variable])
        for other in graph.edges[variable] where other != edge {
            for value in sum.indices { sum[value] += toVariables[offsets[other] + value] }
        }
        return sum
    }

    /// A factor's table times everything that comes to it, but for one place, not normalised.
    func table(of factor: Int, except place: Int? = nil) -> [Double] {
        var table = graph.factors[factor].logValues
        for (other, variable) in graph.factors[factor].variables.enumerated() where other != place {
            let start = offsets[graph.firstEdges[factor] + other]
            let (step, values) = (graph.strides[factor][other], graph.cardinalities[variable])
            var index = 0
            while index < table.count {
                for value in 0..<values {
                    let message = toFactors[start + value]
                    for _ in 0..<step {
                        table[index] += message
                        index += 1
                    }
                }
            }
        }
        return table
    }

    /// Σ or max over all variables of a factor's table but those at `places`, whose order the result keeps.
    func reduced(_ table: [Double], factor: Int, to places: [Int]) -> [Double] {
        let variables = graph.factors[factor].variables
        let strides = graph.strides[factor]
        let sizes = places.map { graph.cardinalities[variables[$0]] }
        var steps = [Int](repeating: 1, count: places.count)
        for index in places.indices.dropLast().reversed() { steps[index] = steps[index + 1] * sizes[index + 1] }
        let count = sizes.reduce(1, *)
        var largest = [Double](repeating: -.infinity, count: count)
        var targets = [Int](repeating: 0, count: table.count)
        for index in table.indices {
            var target = 0
            for (number, place) in places.enumerated() {
                target += index / strides[place] % sizes[number] * steps[number]
            }
            targets[index] = target
            largest[target] = max(largest[target], table[index])
        }
        guard semiring == .sum else { return largest }
        var sums = [Double](repeating: 0, count: count)
        for index in table.indices where table[index] > -.infinity {
            sums[targets[index]] += exp(table[index] - largest[targets[index]])
        }
        return zip(largest, sums).map { $0 == -.infinity ? $0 : $0 + log($1) }
    }

    /// Sends from a variable along one edge.
    ///
    /// - Throws: ``InferenceError/zeroTotalWeight(place:)`` where no value is left.
    mutating func sendToFactor(_ edge: Int) throws(InferenceError) {
        let message = try normalised(product(at: variables[edge], except: edge), variable: variables[edge])
        for (value, index) in range(edge).enumerated() { toFactors[index] = message[value] }
    }

    /// Sends from a factor along one edge, mixed with what was sent before, and returns by how much probabilities changed.
    @discardableResult
    mutating func sendToVariable(factor: Int, place: Int, damping: Double = 0) throws(InferenceError) -> Double {
        let edge = graph.firstEdges[factor] + place
        let table = self.table(of: factor, except: place)
        var message = try normalised(
            reduced(table, factor: factor, to: [place]), variable: variables[edge])
        let range = range(edge)
        var change = 0.0
        for (value, index) in range.enumerated() {
            let old = toVariables[index]
            change = max(change, abs(exp(message[value]) - exp(old)))
            if damping > 0, old > -.infinity, message[value] > -.infinity {
                message[value] = (1 - damping) * message[value] + damping * old
            }
        }
        if damping > 0 { message = try normalised(message, variable: variables[edge]) }
        for (value, index) in range.enumerated() { toVariables[index] = message[value] }
        return change
    }

    private func normalised(_ message: [Double], variable: Int) throws(InferenceError) -> [Double] {
        let total = total(message)
        guard total > -.infinity else { throw .zeroTotalWeight(place: graph.partName(of: variable)) }
        return message.map { $0 - total }
    }

    /// Σ over variables and factors of the logarithms of what their messages sum to, less that of each edge: Bethe's
    /// approximation of log Z where messages have settled, log Z itself on a forest.
    ///
    /// - Throws: ``InferenceError/zeroTotalWeight(place:)`` where nothing is left of a product.
    func logPartition() throws(InferenceError) -> Double {
        var sum = 0.0
        for variable in 0..<graph.count {
            let part = total(product(at: variable))
            guard part > -.infinity else { throw .zeroTotalWeight(place: graph.partName(of: variable)) }
            sum += part
        }
        for (number, factor) in graph.factors.enumerated() {
            let part = total(table(of: number))
            guard part > -.infinity else {
                throw .zeroTotalWeight(
                    place: factor.variables.first.map { graph.partName(of: $0) } ?? "factor \(number)")
            }
            sum += part
        }
        for edge in variables.indices { sum -= total(range(edge).map { toVariables[$0] + toFactors[$0] }) }
        return sum
    }
}
