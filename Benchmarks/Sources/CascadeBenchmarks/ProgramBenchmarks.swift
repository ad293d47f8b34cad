import Cascades
import Foundation
import Inference
import Probability

/// What a choice of a program costs, and what SMC by re-execution does.
enum ProgramBenchmarks {
    /// A hidden Markov chain of three states with a normal reading a step.
    static func hiddenMarkov() throws -> Program<[Double], Int> {
        let move = try CategoricalKernel(transitions: [[2, 0, -1], [0, 2, 0], [-1, 0, 2]])
        let readings = try (0..<3).map { try Normal(mean: Double($0), standardDeviation: 0.8) }
        return Program { scope, data in
            var state = 1
            for t in data.indices {
                state = try scope.sample(.at("state", t), move, state)
                try scope.observe(.at("reading", t), readings[state], data[t])
            }
            return state
        }
    }

    static func run() throws -> [Row] {
        var rows: [Row] = []
        let draws = 1000
        let walk = Program<Int, Double> { scope, steps in
            var x = 0.0
            for t in 0..<steps { x += try scope.sample(.at("x", t), Normal.standard) }
            return x
        }
        var random = Random(seed: 1)
        var sink = 0.0
        func perChoice(_ name: String, target: Double? = nil, note: String = "", _ body: () throws -> Double) throws {
            let seconds = try bestSeconds(runs: 5) { for _ in 0..<200 { sink += try body() } }
            rows.append(
                Row(name: name, value: seconds / 200 / Double(draws) * 1e9, unit: "ns", target: target, note: note))
        }
        try perChoice("program, a normal choice, simulated", target: 100) {
            try walk.simulate(draws, using: &random)
        }
        try perChoice("program, a normal choice, recorded with its score") {
            try walk.record(draws, using: &random).output
        }
        let trace = try walk.record(draws, using: &random).trace
        try perChoice("program, a normal choice, replayed and scored") { try walk.replay(trace, draws).output }
        try perChoice("the same draws without a program", note: "the floor") {
            var x = 0.0
            for _ in 0..<draws { x += Normal.standard.sample(using: &random) }
            return x
        }
        let method = ProgramMetropolisHastings()
        var state = try method.start(walk, draws, using: &random)
        try perChoice("program, Metropolis-Hastings step, a choice of 1,000") {
            _ = try method.step(&state, walk, draws, using: &random)
            return state.output
        }

        let model = try hiddenMarkov()
        var data: [Double] = []
        var source = Random(seed: 2)
        for t in 0..<100 { data.append(Double(t / 20 % 3) + 0.8 * source.normal()) }
        var logEvidence = 0.0
        let seconds = try bestSeconds(runs: 5) {
            var random = Random(seed: 3)
            logEvidence = try ReexecutionSMC(particles: 1000).run(model, data, using: &random).logEvidence ?? .nan
        }
        let plain = try bestSeconds(runs: 5) {
            var random = Random(seed: 3)
            _ = try LikelihoodWeighting(samples: 1000).run(model, data, using: &random)
        }
        let evidences = try (0..<50).map { seed in
            var random = Random(seed: 100 + UInt64(seed))
            return try ReexecutionSMC(particles: 1000).run(model, data, using: &random).logEvidence ?? .nan
        }
        let mean = evidences.reduce(0, +) / 50
        let deviation = (evidences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 49).squareRoot()
        rows.append(
            Row(
                name: "program, SMC by re-execution, 100-step HMM, N = 1,000", value: seconds * 1e3, unit: "ms",
                note: String(
                    format: "ln Z %.3f, exact %.3f, sd %.3f; all runs once %.2f ms", mean,
                    forward(data), deviation, plain * 1e3)))
        if sink.isNaN || logEvidence.isNaN { print("not a number") }
        return rows
    }

    /// `ln` of the evidence by the forward recursion.
    private static func forward(_ data: [Double]) -> Double {
        let logs = [[2.0, 0, -1], [0, 2, 0], [-1, 0, 2]]
        let moves = logs.map { row in row.map { exp($0) / row.map { exp($0) }.reduce(0, +) } }
        var alpha = [0.0, 1, 0]
        var total = 0.0
        for value in data {
            alpha = (0..<3).map { state in
                let ahead = (0..<3).map { alpha[$0] * moves[$0][state] }.reduce(0, +)
                let z = (value - Double(state)) / 0.8
                return ahead * exp(-0.5 * z * z) / (0.8 * (2 * Double.pi).squareRoot())
            }
            let sum = alpha.reduce(0, +)
            total += log(sum)
            alpha = alpha.map { $0 / sum }
        }
        return total
    }
}
