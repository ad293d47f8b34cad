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
                // Thoughts and candidates are lines.
                ScriptedAnswer("52 is twice 26.\n", probability: 0.7),
                ScriptedAnswer("52 ends in 5.\n", probability: 0.3),
            ]
        }
        let isRight = text.contains("52 is twice 26.")
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

        let votes = try await SelfConsistency(chain.program, samples: 2000).vote("Is 52 even?", using: &random)
        let law = try await chain.marginal("Is 52 even?", thoughts: 2000, using: &random)
        // p(yes) = 0.69: votes have a standard error of 0.0103, thoughts one of 0.7 sqrt(0.21 / 2000) = 0.0072; 6 of each.
        #expect(abs((votes.answers.first { $0.text == "yes" }?.share ?? 0) - 0.69) < 0.062)
        #expect(abs(law["yes"]! - 0.69) < 0.043 && abs(law["yes"]! + law["no"]! - 1) < 1e-9)
        // Each thought's answers are summed exactly: the law is 0.2 and 0.7 times a share of 2000.
        let share = (law["yes"]! - 0.2) / 0.7 * 2000
        #expect(abs(share - share.rounded()) < 1e-6)
        // With thoughts that can be listed nothing is left to chance.
        var listed = chain
        listed.thought = form.chosen("Thought", among: ["52 is twice 26.", "52 ends in 5."], by: model)
        let exact = try await listed.marginal("Is 52 even?", thoughts: 1, using: &random)
        #expect(abs(exact["yes"]! - 0.69) < 1e-12)
        let posterior = try await ProgramEnumeration().run(listed.program, "Is 52 even?").posterior
        #expect(abs(posterior.probabilities["yes"]! - 0.69) < 1e-12)

        let answer = form.chosen("Answer", among: ["yes", "no"], by: model)
        let reason = Program<String, String> { scope, question in
            var known = [Field("Question", question)]
            known.append(Field("Thought", try await scope.ask("thought", chain.thought, known).output))
            try await scope.observe("answer", answer, known, "yes")
            return known["Thought"] ?? ""
        }
        let given = try await ReexecutionSMC(particles: 400).run(reason, "Is 52 even?", using: &random)
        // 0.63 / 0.69, with a standard error of at most 0.03: 6 of them.
        #expect(abs(given.probabilities["52 is twice 26."]! - 0.63 / 0.69) < 0.18)
    }
}
