import Cascades
import Foundation
import Inference
import Probability
import Testing

@Suite("Every interpreter agrees with enumeration") struct InterpreterLawTests {
    @Test("the paths' probabilities add up to one without weights", arguments: LawProgram.all)
    func enumerationIsComplete(law: LawProgram) throws {
        let exact = try law.enumeration.run(law.program, law.input)
        #expect(exact.posterior.weights.reduce(0, +) > 1 - 1e-12)
        if law.enumeration.logProbabilityBound == -.infinity {
            #expect(exact.cuts == 0 && exact.logCut == -.infinity)
        } else {
            #expect(exact.cuts > 0 && exact.logCut < -20)
        }
    }

    @Test("likelihood weighting", arguments: LawProgram.all)
    func likelihoodWeighting(law: LawProgram) throws {
        let exact = try law.enumeration.run(law.program, law.input).posterior
        var test = ReplicateTest(exact, isNormalised: false)
        var random = Random(seed: 11)
        for _ in 0..<ReplicateTest.replicates {
            do {
                test.add(try LikelihoodWeighting(samples: law.samples).run(law.program, law.input, using: &random))
            } catch InferenceError.zeroTotalWeight { test.addNoWeight() }
        }
        #expect(test.failures == [])
    }

    @Test("rejection", arguments: LawProgram.all)
    func rejection(law: LawProgram) throws {
        let exact = try law.enumeration.run(law.program, law.input).posterior
        var test = ReplicateTest(exact, isNormalised: true)
        var random = Random(seed: 12)
        // About 3,000 runs a replicate.
        let logBound = if case .total(let bound) = law.bound { bound } else { 0.0 }
        let draws = min(200, max(6, Int(3000 * exp((exact.logEvidence ?? 0) - logBound))))
        for _ in 0..<ReplicateTest.replicates {
            let method = RejectionSampling(samples: draws, bound: law.bound)
            test.add(try method.run(law.program, law.input, using: &random).runs.map(\.output))
        }
        #expect(test.failures == [])
    }

    @Test("SMC that runs ahead", arguments: LawProgram.all, [0.5, 1])
    func smc(law: LawProgram, threshold: Double) throws {
        let exact = try law.enumeration.run(law.program, law.input).posterior
        var test = ReplicateTest(exact, isNormalised: false)
        var random = Random(seed: 13)
        for _ in 0..<ReplicateTest.replicates {
            let method = ReexecutionSMC(particles: 100, threshold: threshold)
            do {
                test.add(try method.run(law.program, law.input, using: &random))
            } catch InferenceError.zeroTotalWeight { test.addNoWeight() }
        }
        #expect(test.failures == [])
    }

    @Test("SMC that waits at every weight", arguments: LawProgram.all)
    func waitingSMC(law: LawProgram) async throws {
        let exact = try await law.enumeration.run(law.program, law.input).posterior
        var test = ReplicateTest(exact, isNormalised: false)
        var random = Random(seed: 14)
        for _ in 0..<ReplicateTest.replicates {
            do {
                test.add(
                    try await ReexecutionSMC(particles: 50).run(law.asynchronous, law.input, using: &random))
            } catch InferenceError.zeroTotalWeight { test.addNoWeight() }
        }
        #expect(test.failures == [])
    }

    @Test("Metropolis-Hastings", arguments: LawProgram.all)
    func metropolisHastings(law: LawProgram) throws {
        let exact = try law.enumeration.run(law.program, law.input).posterior
        var random = Random(seed: 15)
        for moves in [[ProgramMetropolisHastings.Move.oneChoice], [.oneChoice, .everything, .drift(1)]] {
            var test = ReplicateTest(exact, isNormalised: true)
            let chains = ProgramChains(
                ProgramMetropolisHastings(moves: moves, startTries: 1_000_000), chains: ReplicateTest.replicates,
                steps: 700, warmup: 200)
            for chain in try chains.run(law.program, law.input, using: &random) { test.add(chain.outputs) }
            #expect(test.failures == [])
        }
    }

    @Test("blocks of addresses")
    func blocks() throws {
        let law = LawProgram.all[3]
        let exact = try law.enumeration.run(law.program, law.input).posterior
        let blocks = (0..<5).map { ProgramMetropolisHastings.Move.block([.at("state", $0), .at("state", $0 + 1)]) }
        var test = ReplicateTest(exact, isNormalised: true)
        var random = Random(seed: 16)
        let chains = ProgramChains(
            ProgramMetropolisHastings(moves: blocks), chains: ReplicateTest.replicates, steps: 2000)
        for chain in try chains.run(law.program, law.input, using: &random) { test.add(chain.outputs) }
        #expect(test.failures == [])
    }

    @Test("a wrong method is found out")
    func negativeControl() throws {
        let law = LawProgram.all[3]
        let exact = try law.enumeration.run(law.program, law.input).posterior
        // The prior, weights left out.
        var test = ReplicateTest(exact, isNormalised: true)
        var random = Random(seed: 17)
        for _ in 0..<ReplicateTest.replicates {
            test.add(try (0..<200).map { _ in try law.program.simulate(law.input, using: &random) })
        }
        #expect(test.failures != [])
    }

    @Test("a hidden Markov program has the evidence of the forward algorithm")
    func forwardAlgorithm() throws {
        let law = LawProgram.all[3]
        let readings = [0, 1, 1, 2, 0, 2]
        let logs = [[2.0, 0, -1], [0, 2, 0], [-1, 0, 2]]
        let moves = logs.map { row in row.map { exp($0) / row.reduce(0) { $0 + exp($1) } } }
        var alpha = [0.0, 1, 0]
        for reading in readings {
            alpha = (0..<3).map { state in
                let ahead = (0..<3).map { alpha[$0] * moves[$0][state] }.reduce(0, +)
                return ahead * (state == reading ? 4.0 / 6 : 1.0 / 6)
            }
        }
        let evidence = alpha.reduce(0, +)
        let exact = try law.enumeration.run(law.program, law.input).posterior
        #expect(abs((exact.logEvidence ?? 0) - log(evidence)) < 1e-12)
        for state in 0..<3 { #expect(abs(exact.probability { $0 == state } - alpha[state] / evidence) < 1e-12) }
    }

    @Test("drift moves real numbers to the posterior of a normal mean")
    func drift() throws {
        // Prior N(0, 1), two readings of standard deviation 0.5: the posterior mean is 8 / 9, its variance 1 / 9.
        let program = Program<Int, Double> { scope, _ in
            let mean = try scope.sample("mean", Normal.standard)
            for (index, reading) in [0.8, 1.2].enumerated() {
                try scope.observe(.at("reading", index), Normal(mean: mean, standardDeviation: 0.5), reading)
            }
            return mean
        }
        var random = Random(seed: 18)
        let chains = try ProgramChains(
            ProgramMetropolisHastings(moves: [.drift(0.6)]), chains: 64, steps: 3000
        ).run(program, 0, using: &random)
        for (power, exact) in [(1, 8.0 / 9), (2, 1.0 / 9 + 64.0 / 81)] {
            let means = chains.map { chain in
                chain.outputs.map { pow($0, Double(power)) }.reduce(0, +) / Double(chain.outputs.count)
            }
            let mean = means.reduce(0, +) / 64
            let squares = means.map { ($0 - mean) * ($0 - mean) }
            let error = (squares.reduce(0, +) / 63 / 64).squareRoot()
            // 7.5 standard errors of 64 chains: false alarm 3e-10.
            #expect(abs(mean - exact) < 7.5 * error)
            #expect(error < 0.02)
        }
    }
}
