import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@Suite struct `traces` {
    func cascade(_ policy: some Policy) throws -> Cascade<String, String> {
        let context = ItemContext<String>(["length"], group: { $0 == "odd" ? "odd" : "even" }) { [Double($0.count)] }
        return try Cascade("support", stages: support(), policy: policy, context: context, seed: 1)
    }

    @Test func `replay to the same run without asking`() async throws {
        var random = Random(seed: 1)
        for policy in [
            LadderPolicy(threshold: 0.5, stages: 3), LadderPolicy(threshold: 0.5, stages: 2, abstains: true),
        ] {
            #expect(await checkCascade(try cascade(policy), inputs: ["easy", "hard", "odd"], using: &random) == [])
        }
        #expect(await checkCascade(try cascade(CoinPolicy(p: 0.5)), inputs: ["easy", "hard"], using: &random) == [])
        let counted = support()[0] as? ScriptedStage<String, String>
        let stage = try #require(counted).recorded()
        let single = try Cascade("one", stages: [stage], policy: LadderPolicy(threshold: 0, stages: 1), seed: 1)
        let run = try await single.run("easy")
        #expect(try single.replay(try #require(run.trace), "easy") == run)
        #expect(stage.records.count == 1)
    }

    @Test func `a trace that does not fit is a typed error with its address`() async throws {
        let ladder = try cascade(LadderPolicy(threshold: 0.5, stages: 3))
        let trace = try #require(try await ladder.run("hard").trace)
        func mismatch(_ change: (inout Trace<String>) -> Void, input: String = "hard", at address: TraceAddress = []) {
            var changed = trace
            change(&changed)
            let error = #expect(throws: CascadeError.self) { try ladder.replay(changed, input) }
            if case .traceMismatch(let found, _, _)? = error {
                #expect(found == address)
            } else {
                Issue.record("\(String(describing: error))")
            }
        }
        mismatch({ $0.choices[0].evidence = [0.9] })  // the policy would have stopped
        mismatch({ $0.choices.removeLast() }, at: ["middle"])
        mismatch({ $0.choices[1].stage = 2 }, at: ["middle"])
        mismatch({ $0.choices[1].evidence = [] }, at: ["middle"])
        mismatch({ $0.choices.append($0.choices[0]) })
        mismatch({ $0.moves.removeLast() })
        mismatch({ $0.moves.append(.abstain) })
        mismatch({ _ in }, input: "odd")
        mismatch({ $0.schema = LogSchema(stages: []) })
    }

    @Test func `a damaged trace file is refused`() async throws {
        let trace = try #require(try await cascade(LadderPolicy(threshold: 0.5, stages: 3)).run("hard").trace)
        let text = String(decoding: try JSONEncoder().encode(trace), as: UTF8.self)
        for (old, new) in [
            ("\"stage\":0", "\"stage\":9"), ("\"ask\":[0]", "\"ask\":[64]"), ("\"ask\":[0]", "\"go\":[0]"),
        ] {
            #expect(text.contains(old))
            let damaged = text.replacingOccurrences(of: old, with: new)
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(Trace<String>.self, from: Data(damaged.utf8))
            }
        }
    }

    @Test func `become a log with costs, evidence, groups and missing cells`() async throws {
        let ladder = try cascade(LadderPolicy(threshold: 0.5, stages: 3))
        var traces: [Trace<String>] = []
        for input in ["easy", "hard", "odd"] { traces.append(try #require(try await ladder.run(input).trace)) }
        let nan = Double.nan
        let log = try OutcomeLog(
            traces: traces, schema: ladder.schema, ids: ["1", "2", "3"],
            qualities: [1, nan, nan, 0, 1, nan, 0, 1, 1], policy: ladder.policy, text: { $0 })
        #expect(log.money.map { $0.isNaN ? -1 : $0 } == [1, -1, -1, 1, 3, -1, 1, 3, 10])
        #expect(log.evidence.map { $0.isNaN ? -1 : $0 } == [0.9, -1, -1, 0.2, 0.8, -1, 0.1, 0.3, 0.4])
        #expect(log.context == [4, 4, 3])
        #expect(log.groups[2] == "odd" && log.groups[0] == "even")
        #expect(log.answers[1][1] == "yes" && log.answers[1][0] == nil)
        #expect(log.propensities == [1, 0, 0, 1, 1, 0, 1, 1, 1])
        #expect(log.signal(item: 1, 2) == 0.8)
    }

    @Test func `a log of traces refuses what does not fit`() async throws {
        let ladder = try cascade(LadderPolicy(threshold: 0.5, stages: 3))
        let trace = try #require(try await ladder.run("easy").trace)
        func log(_ ids: [String], _ qualities: [Double], _ schema: LogSchema) throws -> OutcomeLog {
            try OutcomeLog(traces: [trace, trace], schema: schema, ids: ids, qualities: qualities)
        }
        let nan = Double.nan
        let good = [1, nan, nan, 1, nan, nan]
        #expect(try log(["a", "b"], good, ladder.schema).count == 2)
        #expect(throws: LogError.self) { try log(["a"], good, ladder.schema) }
        #expect(throws: LogError.self) { try log(["a", "a"], good, ladder.schema) }
        #expect(throws: LogError.self) { try log(["a", "b"], [1, 1, nan, 1, nan, nan], ladder.schema) }
        #expect(throws: LogError.self) { try log(["a", "b"], good, LogSchema(stages: ladder.schema.stages)) }
    }

    @Test func `give the exact propensities of a randomised policy`() async throws {
        let policy = CoinPolicy(p: 0.3137)
        let coin = try cascade(policy)
        // Whichever way its own coin fell, the probabilities are those of the policy.
        for request in 0..<8 {
            let trace = try #require(try await coin.run("hard", request: UInt64(request)).trace)
            let propensities = trace.propensities(of: policy)
            #expect(propensities[0] == 1)
            #expect(abs(propensities[1] - 0.3137) < 1e-12)
            // Had the coin asked the second stage, nobody knows whether it would have asked the third then.
            #expect(propensities[2] == 0 || (trace.choice(of: 1) == nil && propensities[2].isNaN))
        }
    }

    /// One of two stages by the coin, its answer given whatever it says.
    struct RouteByCoin: Policy {
        static var kind: String { "route-by-coin-for-tests" }
        var isSure: Bool

        func next(_ state: PolicyState) -> Move {
            if let asked = state.asked.first { return .stop(answer: asked) }
            return .ask(state.coin < 0.25 ? 1 : 0)
        }

        func formula(_ schema: LogSchema) -> String { "one in four asks the second stage" }
        var reach: StageSet { [0, 1] }
        func settles(on stage: Int, in state: PolicyState) -> Bool { isSure }
    }

    @Test func `propensities are known of a stage whose answer would have been given whatever it said`() {
        for asked in 0..<2 {
            var trace = Trace<String>(schema: LogSchema(stages: [StageSchema(name: "a"), StageSchema(name: "b")]))
            trace.choices = [Trace<String>.Choice(stage: asked, output: "x", evidence: [], cost: .zero)]
            let sure = trace.propensities(of: RouteByCoin(isSure: true))
            #expect(abs(sure[0] - 0.75) < 1e-12 && abs(sure[1] - 0.25) < 1e-12)
            // A policy that does not say so may ask the other one too, for all that is known.
            #expect(trace.propensities(of: RouteByCoin(isSure: false))[asked].isNaN)
        }
    }
}
