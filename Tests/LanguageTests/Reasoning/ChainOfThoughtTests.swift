import Cascades
import CascadesTesting
import Foundation
import Inference
import Language
import Probability
import Testing

@Suite struct `chains of thought` {
    /// Two thoughts; the likelier one leads to the answer that is less likely on the whole.
    static let table = ReasoningTable(log: { field, text, prompt in
        switch field {
        case "Thought": ["left": log(0.3), "right": log(0.25), "up": log(0.2)][text]!
        default:
            (prompt.contains("Thought: left")
                ? ["a": log(0.4), "b": log(0.1)] : ["a": log(0.1), "b": log(0.7)])[text]!
        }
    })

    static func chain(_ model: any LanguageModel) -> ChainOfThought {
        let form = Form()
        return ChainOfThought(
            thought: form.chosen("Thought", among: ["left", "right", "up"], by: model),
            answer: form.chosen("Answer", among: ["a", "b"], by: model))
    }
    /// P(a) = P(left) 0.8 + P(right or up) / 8.
    static let exact = 0.3 / 0.75 * 0.8 + 0.45 / 0.75 / 8

    @Test func `enumeration sums the thought out`() async throws {
        let posterior = try await ProgramEnumeration().run(Self.chain(Self.table.model).program, "?").posterior
        #expect(posterior.runs.count == 6)
        #expect(abs(posterior.probabilities["a"]! - Self.exact) < 1e-12)
        #expect(abs(posterior.logEvidence!) < 1e-12)
        #expect(posterior.mode == "b")
        // The likeliest thought, then the likeliest answer, is another answer.
        let chain = Self.chain(Self.table.model)
        let known = [Field("Question", "?")]
        let thought = try await chain.thought.answer(known).output
        #expect(try await chain.answer.answer(known + [Field("Thought", thought)]).output == "a")
    }

    /// A stage that can't list its outcomes.
    struct Unlisted: Stage {
        let base: any Stage<[Field], String>
        var name: String { base.name }
        var evidenceNames: [String] { base.evidenceNames }
        func answer(_ input: [Field]) async throws -> Answer<String> { try await base.answer(input) }
        func run(_ input: [Field], using random: inout Random) async throws -> Run<String> {
            try await base.run(input, using: &random)
        }
    }

    @Test func `votes and sampled thoughts estimate the same law, the latter with less variance`() async throws {
        let model = RememberingLanguageModel(Self.table.model)
        var chain = Self.chain(model)
        var random = Random(seed: 4)
        #expect(abs(try await chain.marginal("?", thoughts: 1, using: &random)["a"]! - Self.exact) < 1e-12)
        chain.thought = Unlisted(base: chain.thought)
        var votes: [Double] = []
        var sums: [Double] = []
        for _ in 0..<64 {
            let result = try await SelfConsistency(chain.program, samples: 50).vote("?", using: &random)
            votes.append(result.answers.first { $0.text == "a" }?.share ?? 0)
            #expect(abs(result.answers.reduce(0) { $0 + $1.share } - 1) < 1e-12)
            sums.append(try await chain.marginal("?", thoughts: 50, using: &random)["a"]!)
        }
        var variances: [Double] = []
        for values in [votes, sums] {
            let mean = values.reduce(0, +) / 64
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 63
            // 7.5 standard errors of 64 replicates: false alarm 3e-10.
            #expect(abs(mean - Self.exact) < 7.5 * (variance / 64).squareRoot())
            variances.append(variance)
        }
        // 0.24 / 50 against Var(P(a | thought)) = 0.4 * 0.6 * 0.675^2 / 50: 2.2 times. An F(63, 63) ratio is below 1 where
        // it should be 2.2 with probability 1e-3; the seed is fixed.
        #expect(variances[1] < variances[0])
    }

    @Test func `every method agrees with enumeration when the answer is observed`() async throws {
        let chain = Self.chain(RememberingLanguageModel(Self.table.model))
        let answer = try #require(chain.answer as? ChoiceStage<[Field]>)
        // Which thought, given that the answer was b?
        let program = QuestionProgram { scope, question in
            var known = [Field("Question", question)]
            known.append(Field("Thought", try await scope.ask("thought", chain.thought, known).output))
            try await scope.observe("answer", answer, known, "b")
            return known["Thought"]!
        }
        let exact = try await ProgramEnumeration().run(program, "?").posterior
        let joint = [0.4 * 0.2, 0.25 / 0.75 * 0.875, 0.2 / 0.75 * 0.875]
        for (thought, value) in zip(["left", "right", "up"], joint) {
            #expect(abs(exact.probabilities[thought]! - value / joint.reduce(0, +)) < 1e-12)
        }
        var random = Random(seed: 5)
        let count = 4000
        let weighted = try await LikelihoodWeighting(samples: count).run(program, "?", using: &random)
        let smc = try await ReexecutionSMC(particles: count).run(program, "?", using: &random)
        let rejected = try await RejectionSampling(samples: count).run(program, "?", using: &random)
        let chains = try await ProgramChains(chains: 8, steps: count / 2).run(program, "?", using: &random)
        let outputs = chains.flatMap(\.outputs)
        let chained = Double(outputs.count { $0 == "left" }) / Double(outputs.count)
        // At most 0.5 / sqrt(4000) = 0.008 a standard error, for chains with a correlation time below 8: 6 of them, 2e-9.
        for estimate in [weighted, smc, rejected].map({ $0.probabilities["left"] ?? 0 }) + [chained] {
            #expect(abs(estimate - exact.probabilities["left"]!) < 0.048)
        }
    }

    @Test func `choices keep the laws of scored stages, at any temperature`() async throws {
        var random = Random(seed: 6)
        for temperature in [0.5, 1, 3] {
            let stage = try Form().chosen("Answer", by: Self.table.model, temperature: temperature) { _ in ["a", "b"] }
            let inputs = [[Field("Thought", "left")], [Field("Thought", "up")]]
            #expect(await checkStage(stage, inputs: inputs, using: &random).isEmpty)
            #expect(await checkScoredStage(stage, inputs: inputs, using: &random).isEmpty)
            #expect(try await stage.scored("c", given: inputs[0]).logScore == -.infinity)
            let odds =
                try await stage.scored("a", given: inputs[0]).logScore! - stage.scored("b", given: inputs[0]).logScore!
            #expect(abs(odds - log(4) / temperature) < 1e-12)
        }
        #expect(throws: LanguageError.self) {
            try Form().chosen("Answer", by: Self.table.model, temperature: 0) { _ in ["a", "b"] }
        }
        let none = Form().chosen("Answer", by: Self.table.model) { _ in [] }
        await #expect(throws: LanguageError.self) { try await none.answer([]) }
    }

    @Test func `a form is written as a text and as a conversation`() {
        let form = Form(
            instruction: "Answer.",
            examples: [[Field("Question", "1 + 1"), Field("Thought", "one more"), Field("Answer", "2")]])
        let known = [Field("Question", "2 + 2"), Field("Thought", "two more")]
        #expect(
            form.prompt(known, next: "Answer")
                == .text(
                    "Answer.\n\nQuestion: 1 + 1\nThought: one more\nAnswer: 2\n\nQuestion: 2 + 2\nThought: two more\nAnswer:"
                ))
        var chat = form
        chat.chat = true
        #expect(
            chat.prompt([known[0]], next: "Thought")
                == .chat([
                    .system("Answer."), .user("Question: 1 + 1\nThought:"), .assistant("one more"),
                    .user("Question: 2 + 2\nThought:"),
                ]))
    }

    @Test func `a scratchpad works until it says that it is done, or has no more lines`() async throws {
        let lines = ["4 + 4 = 8", "8 + 1 = 9", "done", "more"]
        let model = ReasoningTable(write: { field, prompt, _ in
            field == "Answer"
                ? "\(prompt.components(separatedBy: "Work:").count - 1) lines"
                : lines[prompt.components(separatedBy: "Work:").count - 2]
        }).model
        let form = Form()
        var pad = Scratchpad(work: form.written("Work", by: model), answer: form.written("Answer", by: model))
        var random = Random(seed: 1)
        let run = try await pad.program.record("4 + 5", using: &random)
        #expect(run.output == "3 lines")
        #expect(run.trace.value(at: .at("work", 1), as: String.self) == "8 + 1 = 9")
        #expect(run.trace.choices.count == 4)
        pad.maximumLines = 1
        #expect(try await pad.program.simulate("4 + 5", using: &random) == "1 lines")
    }

    @Test func `what was scored is remembered, and free`() async throws {
        let asked = QuestionLog()
        let counted = TableModel(logProbability: { text, _ in
            asked.add(text)
            return log(0.5)
        })
        let model = RememberingLanguageModel(counted, limit: 2)
        for _ in 0..<3 { _ = try await model.scores(of: ["a", "b"], after: "x") }
        #expect(asked.texts == ["a", "b"])
        let again = try await model.scores(of: ["a", "b"], after: "x")
        #expect(again.logProbabilities == [log(0.5), log(0.5)] && model.cost(of: again) == .zero)
        // Beyond the limit all is forgotten, and asked anew.
        for prompt in ["y", "z", "x"] { _ = try await model.scores(of: ["a"], after: .text(prompt)) }
        _ = try await model.scores(of: ["a", "b"], after: "x")
        #expect(asked.texts.count == 7)
    }
}
