import Cascades
import Foundation
import Inference
import Probability
import Testing

@Suite("Bad input to programs gets an error that names the address") struct ProgramBadInputTests {
    /// Every way to run a program of kernels.
    static func everyWay(_ program: Program<Int, Int>) -> [(name: String, run: @Sendable () throws -> Void)] {
        [
            (
                "simulate",
                {
                    var random = Random(seed: 1); _ = try program.simulate(0, using: &random)
                }
            ),
            (
                "record",
                {
                    var random = Random(seed: 1); _ = try program.record(0, using: &random)
                }
            ),
            (
                "likelihood weighting",
                {
                    var random = Random(seed: 1);
                    _ = try LikelihoodWeighting(samples: 8).run(program, 0, using: &random)
                }
            ),
            (
                "rejection",
                {
                    var random = Random(seed: 1); _ = try RejectionSampling(samples: 8).run(program, 0, using: &random)
                }
            ),
            (
                "SMC",
                {
                    var random = Random(seed: 1); _ = try ReexecutionSMC(particles: 8).run(program, 0, using: &random)
                }
            ),
            (
                "Metropolis-Hastings",
                {
                    var random = Random(seed: 1); _ = try ProgramChains(steps: 8).run(program, 0, using: &random)
                }
            ),
            ("enumeration", { _ = try ProgramEnumeration().run(program, 0) }),
        ]
    }

    @Test("a duplicate address")
    func duplicate() {
        let program = Program<Int, Int> { scope, _ in
            try scope.nested(.at("loop", 1)) { _ = try scope.flip("x", 0.5) }
            for _ in 0..<2 { try scope.nested(.at("loop", 2)) { _ = try scope.flip("x", 0.5) } }
            return 0
        }
        for way in Self.everyWay(program) {
            #expect(throws: ProgramError.duplicateAddress(Address("loop")[2] / "x"), "\(way.name)") { try way.run() }
        }
    }

    @Test("a duplicate address that the program tries to hide")
    func hiddenDuplicate() {
        let program = Program<Int, Int> { scope, _ in
            _ = try scope.flip("x", 0.5)
            _ = try? scope.flip("x", 0.5)
            return 0
        }
        for way in Self.everyWay(program) {
            #expect(throws: ProgramError.duplicateAddress("x"), "\(way.name)") { try way.run() }
        }
    }

    @Test("a factor that is not a number, or +infinity", arguments: [Double.nan, .infinity])
    func badFactor(value: Double) {
        let program = Program<Int, Int> { scope, _ in
            try scope.factor(.at("score", 3), logWeight: value)
            return 0
        }
        for way in Self.everyWay(program) {
            do {
                try way.run()
                Issue.record("\(way.name) took \(value)")
            } catch ProgramError.badWeight(let address, let found) {
                #expect(address == .at("score", 3) && (found == value || found.isNaN && value.isNaN))
            } catch { Issue.record("\(way.name): \(error)") }
        }
    }

    @Test("a choice with zero weights")
    func zeroWeights() {
        let program = Program<Int, Int> { scope, _ in
            try scope.nested("part") { try scope.sample("pick", OfferedWeights([-.infinity, -.infinity]), ()) }
        }
        for way in Self.everyWay(program) {
            #expect(
                throws: ProgramError.badChoice(address: "part" / "pick", reason: .allZero(count: 2)), "\(way.name)"
            ) { try way.run() }
        }
    }

    @Test("a density that is not a number")
    func badDensity() {
        let program = Program<Int, Int> { scope, _ in
            _ = try scope.sample("x", BrokenDensity(), ())
            return 0
        }
        var random = Random(seed: 1)
        #expect(throws: ProgramError.self) { try program.record(0, using: &random) }
        let observing = Program<Int, Int> { scope, _ in
            try scope.observe("y", BrokenDensity(), (), 1)
            return 0
        }
        for way in Self.everyWay(observing) where !["simulate", "enumeration"].contains(way.name) {
            do {
                try way.run()
                Issue.record("\(way.name) took it")
            } catch ProgramError.badWeight(let address, _) {
                #expect(address == "y")
            } catch { Issue.record("\(way.name): \(error)") }
        }
    }

    @Test("no weight left")
    func noWeight() {
        let program = Program<Int, Int> { scope, _ in
            _ = try scope.flip("x", 0.5)
            try scope.require(.at("never", 0), false)
            return 0
        }
        for way in Self.everyWay(program) where !["simulate", "record", "rejection"].contains(way.name) {
            #expect(throws: InferenceError.zeroTotalWeight(place: "never[0]"), "\(way.name)") { try way.run() }
        }
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) {
            try RejectionSampling(samples: 1, triesPerSample: 100).run(program, 0, using: &random)
        }
    }

    @Test("the enumeration of a continuous or endless choice")
    func continuous() {
        let normal = Program<Int, Int> { scope, _ in
            try scope.nested("deep") { _ = try scope.sample(.at("x", 1), Normal.standard) }
            return 0
        }
        do {
            _ = try ProgramEnumeration().run(normal, 0)
            Issue.record("it was enumerated")
        } catch ProgramError.notEnumerable(let address, _) {
            #expect(address == "deep" / Address("x")[1])
        } catch { Issue.record("\(error)") }
        let endless = Program<Int, Int> { scope, _ in try scope.sample("n", Poisson(rate: 2)) }
        #expect(throws: ProgramError.self) { try ProgramEnumeration().run(endless, 0) }
        let kernel = Program<Int, Int> { scope, _ in
            try scope.sample("n", DistributionKernel<Double, Bernoulli>(constant: Bernoulli(probability: 0.5)), 0.5)
        }
        #expect(throws: Never.self) { try ProgramEnumeration().run(kernel, 0) }
    }

    @Test("a bound that does not hold")
    func badBound() {
        let program = Program<Int, Int> { scope, _ in
            try scope.factor("bonus", logWeight: 2)
            return 0
        }
        var random = Random(seed: 1)
        for bound in [RejectionSampling.Bound.noTermAboveZero, .total(1)] {
            do {
                _ = try RejectionSampling(samples: 1, bound: bound).run(program, 0, using: &random)
                Issue.record("\(bound) was taken")
            } catch let error as InferenceError {
                #expect(error.description.contains("bonus"))
            } catch { Issue.record("\(error)") }
        }
    }

    @Test("a program that asks, run without await")
    func needsAwait() {
        let asking = Program<Int, Int> { scope, input in
            try await scope.ask("x", FunctionStage("echo") { Answer($0) }, input).output
        }
        let outer = Program<Int, Int> { scope, input throws in try scope.call("inner", asking, input) }
        var random = Random(seed: 1)
        #expect(throws: ProgramError.needsAwait(address: nil)) { try asking.simulate(1, using: &random) }
        #expect(throws: ProgramError.needsAwait(address: "inner")) { try outer.simulate(1, using: &random) }
        #expect(throws: ProgramError.needsAwait(address: nil)) { try ProgramKernel(asking) }
    }

    @Test("settings out of their range")
    func settings() {
        let program = Program<Int, Int> { _, _ in 0 }
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) { try LikelihoodWeighting(samples: 0).run(program, 0, using: &random) }
        #expect(throws: InferenceError.self) { try RejectionSampling(samples: 0).run(program, 0, using: &random) }
        #expect(throws: InferenceError.self) {
            try RejectionSampling(samples: 1, bound: .total(.nan)).run(program, 0, using: &random)
        }
        #expect(throws: InferenceError.self) { try ReexecutionSMC(particles: 0).run(program, 0, using: &random) }
        #expect(throws: InferenceError.self) {
            try ReexecutionSMC(particles: 2, threshold: .nan).run(program, 0, using: &random)
        }
        #expect(throws: InferenceError.self) {
            try ProgramChains(ProgramMetropolisHastings(moves: []), steps: 1).run(program, 0, using: &random)
        }
        #expect(throws: InferenceError.self) {
            try ProgramChains(ProgramMetropolisHastings(moves: [.drift(0)]), steps: 1).run(program, 0, using: &random)
        }
        #expect(throws: InferenceError.self) { try ProgramEnumeration(maximumPaths: 0).run(program, 0) }
    }
}

/// A choice by the weights that it was given.
struct OfferedWeights: ChoiceKernel {
    var logWeights: [Double]
    init(_ logWeights: [Double]) { self.logWeights = logWeights }
    typealias Input = Void
    typealias Output = Int
    func choose<Source: ChoiceSource>(_ input: Void, using source: inout Source) throws(WeightError) -> Int {
        try source.choose(logWeights: logWeights)
    }
}

struct BrokenDensity: DensityKernel {
    func sample(_ input: Void, using random: inout Random) -> Int { 1 }
    func logDensity(of output: Int, given input: Void) -> Double { .nan }
}
