import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("factor graphs against all assignments") struct FactorGraphTests {
    @Test("belief propagation is exact on forests, of one part or several", arguments: 0..<60)
    func forests(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let graph = try RandomGraphs.forest(count: 1 + seed % 9, zeros: seed % 3 == 0 ? 0.15 : 0, using: &random)
        #expect(graph.isForest)
        let truth = AllAssignments(graph)
        guard truth.logPartition > -.infinity else {
            #expect(throws: InferenceError.self) { try BeliefPropagation().run(on: graph) }
            #expect(throws: InferenceError.self) { try VariableElimination(graph).logPartition() }
            return
        }
        let beliefs = try BeliefPropagation().run(on: graph)
        #expect(beliefs.isExact && beliefs.hasConverged)
        #expect(abs(beliefs.logPartition - truth.logPartition) < 1e-10)
        for variable in 0..<graph.count {
            #expect(distance(beliefs.marginals[variable], truth.marginal([variable], graph)) < 1e-12)
        }
        for (number, factor) in graph.factors.enumerated() {
            #expect(distance(beliefs.factorMarginal(number), truth.marginal(factor.variables, graph)) < 1e-12)
            if factor.variables.count > 1 {
                let (a, b) = (factor.variables[1], factor.variables[0])
                #expect(distance(try beliefs.pairMarginal(a, b), truth.marginal([a, b], graph)) < 1e-12)
            }
        }
        let best = try BeliefPropagation().mostProbable(on: graph)
        #expect(best.isExact)
        #expect(abs(best.logValue - truth.best) < 1e-10)
    }

    @Test("ties on a tree are broken consistently")
    func ties() throws {
        // Two assignments are equally good; a mixture of them is worthless.
        let equal = DiscreteFactor([0, 1], values: [1, 0, 0, 1])
        let graph = try FactorGraph(
            cardinalities: [2, 2, 2], factors: [equal, DiscreteFactor([2, 1], values: [0, 1, 1, 0])])
        #expect(try BeliefPropagation().mostProbable(on: graph).logValue == 0)
        #expect(try VariableElimination(graph).mostProbable().logValue == 0)
    }

    @Test("elimination is exact on any graph", arguments: 0..<60)
    func elimination(seed: Int) throws {
        var random = Random(seed: UInt64(1000 + seed))
        let graph = try RandomGraphs.loopy(
            count: 3 + seed % 5, factors: 2 + seed % 9, zeros: seed % 3 == 0 ? 0.2 : 0, using: &random)
        let truth = AllAssignments(graph)
        let method = VariableElimination(graph)
        guard truth.logPartition > -.infinity else {
            #expect(throws: InferenceError.self) { try method.logPartition() }
            #expect(throws: InferenceError.self) { try method.mostProbable() }
            return
        }
        #expect(abs(try method.logPartition() - truth.logPartition) < 1e-10)
        #expect(distance(try method.marginal(of: [1]), truth.marginal([1], graph)) < 1e-12)
        #expect(distance(try method.marginal(of: [2, 0]), truth.marginal([2, 0], graph)) < 1e-12)
        #expect(abs(try method.mostProbable().logValue - truth.best) < 1e-10)
        let value = random.integer(below: graph.cardinalities[0])
        let seen = try graph.observing([0: value])
        let probability = truth.marginal([0], graph)[value]
        if probability > 0 {
            let ratio = try VariableElimination(seen).logPartition() - truth.logPartition
            #expect(abs(exp(ratio) - probability) < 1e-12)
        }
    }

    @Test(
        "with loops, propagation settles for weak factors, and its error falls with their strength", arguments: 0..<30)
    func loops(seed: Int) throws {
        var random = Random(seed: UInt64(2000 + seed))
        let graph = try RandomGraphs.loopy(count: 6, factors: 8, zeros: 0, scale: 0.2, using: &random)
        func error(_ strength: Double) throws -> Double {
            let scaled = try FactorGraph(
                cardinalities: graph.cardinalities,
                factors: graph.factors.map {
                    DiscreteFactor($0.variables, logValues: $0.logValues.map { $0 * strength })
                })
            let beliefs = try BeliefPropagation(tolerance: 1e-14).run(on: scaled).converged()
            #expect(beliefs.isExact == graph.isForest)
            // At a fixed point the factors' marginals agree with the variables'.
            for (number, factor) in graph.factors.enumerated() {
                let table = beliefs.factorMarginal(number)
                let block = table.count / graph.cardinalities[factor.variables[0]]
                let sums = stride(from: 0, to: table.count, by: block).map { table[$0..<$0 + block].reduce(0, +) }
                #expect(distance(sums, beliefs.marginals[factor.variables[0]]) < 1e-10)
            }
            return abs(beliefs.logPartition - AllAssignments(scaled).logPartition)
        }
        // A loop carries at least two factors, so the error is of second order at least: a quarter of the strength leaves
        // about a sixteenth of it.
        #expect(try error(0.25) < max(1e-9, error(1) / 8))
    }

    @Test("on one cycle the log-partition is that of the dominant eigenvalue", arguments: 0..<10)
    func cycle(seed: Int) throws {
        // Around a single loop Z is the trace of the product of the pairs' tables, the sum of its eigenvalues; belief
        // propagation keeps the largest (Y. Weiss, 2000).
        var random = Random(seed: UInt64(3000 + seed))
        let length = 3 + seed % 3
        let tables = (0..<length).map { _ in (0..<4).map { _ in exp(random.normal()) } }
        let graph = try FactorGraph(
            cardinalities: [Int](repeating: 2, count: length),
            factors: tables.enumerated().map {
                DiscreteFactor([$0.offset, ($0.offset + 1) % length], values: $0.element)
            })
        let product = tables.map { Matrix(rows: 2, columns: 2, storage: $0) }.reduce(.identity(2), *)
        let half = (product[0, 0] + product[1, 1]) / 2
        let determinant = product[0, 0] * product[1, 1] - product[0, 1] * product[1, 0]
        let largest = half + (half * half - determinant).squareRoot()
        let beliefs = try BeliefPropagation(tolerance: 1e-14).run(on: graph).converged()
        #expect(abs(beliefs.logPartition - log(largest)) < 1e-10)
        #expect(abs(AllAssignments(graph).logPartition - log(2 * half)) < 1e-12)
    }

    @Test("one loop of strong frustration does not settle without damping, and the result says so")
    func frustration() throws {
        // Three variables, each of which wants to differ from the next: with no damping messages turn for ever.
        let differ = { (a: Int, b: Int) in DiscreteFactor([a, b], logValues: [0, 60, 60, 0]) }
        let graph = try FactorGraph(
            cardinalities: [2, 2, 2],
            factors: [differ(0, 1), differ(1, 2), differ(2, 0), DiscreteFactor([0], values: [2, 1])])
        let beliefs = try BeliefPropagation(damping: 0, sweeps: 20).run(on: graph)
        #expect(!beliefs.hasConverged)
        #expect(!beliefs.isExact)
        #expect(beliefs.sweeps == 20)
        let error = #expect(throws: InferenceError.self) { try beliefs.converged() }
        #expect("\(error!)".contains("20 sweeps"))
        #expect(try BeliefPropagation(damping: 0.5).run(on: graph).hasConverged)
    }

    @Test("draws follow the joint distribution")
    func sampling() throws {
        var random = Random(seed: 77)
        let graph = try RandomGraphs.forest(count: 4, zeros: 0, using: &random)
        let loopy = try RandomGraphs.loopy(count: 4, factors: 5, zeros: 0.1, scale: 0.7, using: &random)
        for graph in [graph, loopy] {
            let truth = AllAssignments(graph)
            let count = 50_000
            var seen: [[Int]: Int] = [:]
            for draw in try VariableElimination(graph).sample(count: count, using: &random) {
                seen[draw, default: 0] += 1
            }
            // At most 162 deviates in all; beyond 6.5 with probability 1.3e-8 together; 1e-4 covers rare assignments.
            for (assignment, probability) in zip(truth.assignments, truth.probabilities) {
                let error = (probability * (1 - probability) / Double(count)).squareRoot()
                let share = Double(seen[assignment] ?? 0) / Double(count)
                #expect(abs(share - probability) < 6.5 * error + 1e-4)
                if probability == 0 { #expect(share == 0) }
            }
        }
    }

    @Test("long chains and wide stars stay exact: the chain's evidence is that of a hidden Markov model")
    func chain() throws {
        var random = Random(seed: 5)
        let model = try RandomModels.categorical(states: 3, symbols: 4, using: &random)
        let symbols = model.simulate(length: 400, using: &random).observations
        var factors = [DiscreteFactor([0], values: model.initial)]
        for (time, symbol) in symbols.enumerated() {
            if time > 0 { factors.append(DiscreteFactor([time - 1, time], values: model.transition.storage)) }
            factors.append(DiscreteFactor([time], values: model.emissions.probabilities.column(symbol)))
        }
        let graph = try FactorGraph(cardinalities: [Int](repeating: 3, count: 400), factors: factors)
        let posterior = try model.posterior(of: symbols)
        let beliefs = try BeliefPropagation().run(on: graph)
        #expect(abs(beliefs.logPartition - posterior.logLikelihood) < 1e-8)
        #expect(abs(try VariableElimination(graph).logPartition() - posterior.logLikelihood) < 1e-8)
        for time in 0..<400 { #expect(distance(beliefs.marginals[time], Array(posterior.marginals.row(time))) < 1e-9) }
        let path = try model.mostProbablePath(of: symbols)
        #expect(abs(try BeliefPropagation().mostProbable(on: graph).logValue - path.logDensity) < 1e-8)
        // A star: the hub has 60 leaves, of which elimination must take the leaves first.
        let leaves = (1...60).map { DiscreteFactor([0, $0], values: [3, 1, 1, 2]) }
        let star = try FactorGraph(cardinalities: [Int](repeating: 2, count: 61), factors: leaves)
        let total = log(pow(4.0, 60) + pow(3.0, 60))
        #expect(abs(try BeliefPropagation().run(on: star).logPartition - total) < 1e-10)
        #expect(abs(try VariableElimination(star).logPartition() - total) < 1e-10)
    }

    @Test("graphs without factors, and factors without variables, count as they should")
    func degenerate() throws {
        let bare = try FactorGraph(cardinalities: [2, 3], factors: [])
        #expect(bare.components == [[0], [1]])
        #expect(abs(try BeliefPropagation().run(on: bare).logPartition - log(6)) < 1e-14)
        let constant = try FactorGraph(cardinalities: [2], factors: [DiscreteFactor([], values: [3])])
        #expect(constant.isForest)
        #expect(abs(try BeliefPropagation().run(on: constant).logPartition - log(6)) < 1e-14)
        #expect(abs(try VariableElimination(constant).logPartition() - log(6)) < 1e-14)
    }

    @Test("bad input is named")
    func badInput() throws {
        func message(_ body: () throws -> some Any) -> String {
            do {
                _ = try body()
                return "none"
            } catch { return "\(error)" }
        }
        #expect(message { try FactorGraph(cardinalities: [], factors: []) }.contains("empty"))
        #expect(message { try FactorGraph(cardinalities: [2, 0], factors: []) }.contains("variable 1"))
        let wrong: [(DiscreteFactor, String)] = [
            (DiscreteFactor([0, 2], values: [1, 1, 1, 1]), "in 0 ..< 2"),
            (DiscreteFactor([0, 0], values: [1, 1, 1, 1]), "each once"),
            (DiscreteFactor([0, 1], values: [1, 1]), "of 2 values"),
            (DiscreteFactor([0], values: [1, -1]), "factor 1, element 1"),
            (DiscreteFactor([0], logValues: [0, .infinity]), "factor 1, element 1"),
        ]
        for (factor, expected) in wrong {
            let first = DiscreteFactor([0], values: [1, 1])
            #expect(message { try FactorGraph(cardinalities: [2, 2], factors: [first, factor]) }.contains(expected))
        }
        // The second part is impossible: variable 1 must be 0 and 1 at once.
        let impossible = try FactorGraph(
            cardinalities: [2, 2, 2],
            factors: [
                DiscreteFactor([1, 2], values: [1, 1, 0, 0]), DiscreteFactor([1], values: [0, 1]),
            ])
        for text in [
            message { try BeliefPropagation().run(on: impossible) },
            message { try BeliefPropagation().mostProbable(on: impossible) },
            message { try VariableElimination(impossible).logPartition() },
            message {
                var random = Random(seed: 0)
                return try VariableElimination(impossible).sample(count: 1, using: &random)
            },
        ] {
            #expect(text.contains("variables 1, 2"))
        }
        #expect(message { try BeliefPropagation(damping: 1).run(on: impossible) }.contains("damping"))
        let pair = try FactorGraph(cardinalities: [2, 2, 2], factors: [DiscreteFactor([0, 1], values: [1, 2, 3, 4])])
        #expect(message { try BeliefPropagation().run(on: pair).pairMarginal(0, 2) }.contains("variables 0 and 2"))
        #expect(message { try VariableElimination(pair).marginal(of: [0, 0]) }.contains("each once"))
        #expect(message { try VariableElimination(pair, limit: 3).logPartition() }.contains("more than 3"))
        #expect(message { try pair.observing([0: 2]) }.contains("variable 0"))
    }
}
