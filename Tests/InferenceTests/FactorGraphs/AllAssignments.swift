import Foundation
import NumericalMethods
import Probability

@testable import Inference

/// Everything about a small factor graph, by walking through all assignments.
struct AllAssignments {
    var logPartition: Double
    var best: Double
    var assignments: [[Int]]
    var probabilities: [Double]

    init(_ graph: FactorGraph) {
        var all: [[Int]] = [[]]
        for values in graph.cardinalities { all = all.flatMap { head in (0..<values).map { head + [$0] } } }
        let logs = all.map(graph.logValue)
        let total = logSumExp(logs)
        assignments = all
        logPartition = total
        best = logs.max()!
        probabilities = logs.map { total > -.infinity ? exp($0 - total) : 0 }
    }

    /// The joint marginal of `variables`, row-major.
    func marginal(_ variables: [Int], _ graph: FactorGraph) -> [Double] {
        var table = [Double](repeating: 0, count: variables.reduce(1) { $0 * graph.cardinalities[$1] })
        for (assignment, probability) in zip(assignments, probabilities) {
            table[variables.reduce(0) { $0 * graph.cardinalities[$1] + assignment[$1] }] += probability
        }
        return table
    }
}

/// Random graphs for tests.
enum RandomGraphs {
    static func factor(
        _ variables: [Int], _ cardinalities: [Int], zeros: Double, scale: Double = 1.5, using random: inout Random
    )
        -> DiscreteFactor
    {
        let size = variables.reduce(1) { $0 * cardinalities[$1] }
        return DiscreteFactor(
            variables,
            logValues: (0..<size).map { _ in random.uniform() < zeros ? -.infinity : scale * random.normal() })
    }

    /// A forest: each variable but a few hangs on an earlier one by a factor, some of them of three variables.
    static func forest(count: Int, zeros: Double, using random: inout Random) throws -> FactorGraph {
        let cardinalities = (0..<count).map { _ in 1 + random.integer(below: 3) }
        var factors: [DiscreteFactor] = []
        var variable = 1
        while variable < count {
            let parent = random.integer(below: variable)
            if random.uniform() < 0.2 {
                variable += 1  // A new part of the graph.
            } else if random.uniform() < 0.3, variable + 1 < count {
                let order = [variable, parent, variable + 1]
                factors.append(factor(order, cardinalities, zeros: zeros, using: &random))
                variable += 2
            } else {
                factors.append(factor([parent, variable], cardinalities, zeros: zeros, using: &random))
                variable += 1
            }
        }
        for variable in 0..<count where random.uniform() < 0.6 {
            factors.append(factor([variable], cardinalities, zeros: 0, using: &random))
        }
        return try FactorGraph(cardinalities: cardinalities, factors: factors)
    }

    /// Any graph: random pairs and triples.
    static func loopy(count: Int, factors: Int, zeros: Double, scale: Double = 1.5, using random: inout Random) throws
        -> FactorGraph
    {
        let cardinalities = (0..<count).map { _ in 2 + random.integer(below: 2) }
        return try FactorGraph(
            cardinalities: cardinalities,
            factors: (0..<factors).map { _ in
                var variables: [Int] = []
                while variables.count < (random.uniform() < 0.3 ? 3 : 2) {
                    let next = random.integer(below: count)
                    if !variables.contains(next) { variables.append(next) }
                }
                return factor(variables, cardinalities, zeros: zeros, scale: scale, using: &random)
            })
    }
}

/// The largest difference between two tables.
func distance(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count)
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
