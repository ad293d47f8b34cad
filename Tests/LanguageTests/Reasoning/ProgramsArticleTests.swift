import Cascades
import Foundation
import Inference
import Language
import Probability
import Testing

/// The worked example of the page on programs, over a table.
@Suite struct `the page on programs` {
    let model = ScriptedLanguageModel { prompt in
        let text = prompt.wholeText
        if text.hasSuffix("Thought:") {
            return [
                ScriptedAnswer("52 is twice 26.", probability: 0.7), ScriptedAnswer("52 ends in 5.", probability: 0.3),
            ]
        }
        let isRight = text.contains("52 is twice 26.")
        // Candidates are lines.
        return [
            ScriptedAnswer("yes\n", probability: isRight ? 0.9 : 0.2),
            ScriptedAnswer("no\n", probability: isRight ? 0.1 : 0.8),
        ]
    }

    @Test func `the worked example runs and says what it should`() async throws {
        let form = Form(examples: [
            [Field("Question", "Is 18 even?"), Field("Thought", "18 is twice 9."), Field("Answer", "yes")],
            [Field("Question", "Is 35 even?"), Field("Thought", "35 ends in 5."), Field("Answer", "no")],
        ])
        let chain = ChainOfThought(
            thought: form.line("Thought", by: model),
            answer: form.chosen("Answer", among: ["yes", "no"], by: model))

        var random = Random(seed: 1)
        let run = try await chain.program.record("Is 52 even?", using: &random)
        #expect(["yes", "no"].contains(run.output))
        #expect(TraceExplanation(run.trace).description.contains("thought scripted answered 52"))

        let votes = try await SelfConsistency(chain.program, samples: 20).vote("Is 52 even?", using: &random)
        let law = try await chain.marginal("Is 52 even?", thoughts: 20, using: &random)
        // p(yes) = 0.69; 20 runs have a standard error of 0.1, 20 thoughts one of 0.07: 5 and 6 of them.
        #expect(abs((votes.answers.first { $0.text == "yes" }?.share ?? 0) - 0.69) < 0.5)
        #expect(abs(law["yes"]! - 0.69) < 0.43 && abs(law["yes"]! + law["no"]! - 1) < 1e-9)

        let answer = form.chosen("Answer", among: ["yes", "no"], by: model)
        let reason = Program<String, String> { scope, question in
            var known = [Field("Question", question)]
            known.append(Field("Thought", try await scope.ask("thought", chain.thought, known).output))
            try await scope.observe("answer", answer, known, "yes")
            return known["Thought"] ?? ""
        }
        let posterior = try await ReexecutionSMC(particles: 400).run(reason, "Is 52 even?", using: &random)
        // 0.63 / 0.69, with a standard error of at most 0.03: 6 of them.
        #expect(abs(posterior.probabilities["52 is twice 26."]! - 0.63 / 0.69) < 0.18)
    }

    @Test(arguments: NamedProgram.allCases) func `named programs answer over any model`(program: NamedProgram)
        async throws
    {
        // A model that says the same of everything: what matters is that no program needs more than a model.
        let model = ScriptedLanguageModel { prompt in
            let text = prompt.wholeText
            if text.hasSuffix("Calculation:") { return ["17 * 23"] }
            if text.hasSuffix("Correct:") {
                return [ScriptedAnswer("yes\n", probability: 0.6), ScriptedAnswer("no\n", probability: 0.4)]
            }
            if text.hasSuffix("Selected:") { return ["A is b.\n"] }
            if text.hasSuffix("Work:") { return [text.hasSuffix("Work: 391\nWork:") ? "done" : "391"] }
            if text.hasSuffix("Answer:") {
                return [ScriptedAnswer("391", probability: 0.5), ScriptedAnswer("391\n", probability: 0.3)]
            }
            return ["because"]
        }
        var settings = NamedProgram.Settings()
        settings.samples = 6
        if program == .star {
            settings.labels = ["391", "392"]
            settings.problems = [.init("What is 391?", "391"), .init("What is 390 + 1?", "391")]
        }
        var random = Random(seed: 2)
        let question = program == .selectionInference ? "A is b. What is A?" : "What is 17 times 23?"
        let result = try await program.answer(question, model: model, settings: settings, using: &random)
        #expect(result.text == "391", "\(program): \(result.text)")
        #expect(result.spent.tokensOut > 0 && !program.summary.isEmpty)
        if [.selfConsistency, .verifier].contains(program) { #expect(result.share == 1) }
    }
}
