import Cascades
import Foundation
import Inference
import Language
import Probability
import Testing

@Suite struct `programs over language models` {
    @Test func `a verifier weighs answers, exactly and by sampling, and picks the best of several`() async throws {
        // The generator likes 3; the verifier likes 4.
        let table = ReasoningTable(log: { field, text, prompt in
            field == "Answer"
                ? ["3": log(0.5), "4": log(0.3), "5": log(0.2)][text]!
                : log((text == "yes") == prompt.contains("Answer: 4") ? 0.9 : 0.1)
        })
        let form = Form()
        let generator = QuestionProgram { scope, question in
            try await scope.ask(
                "answer", form.chosen("Answer", among: ["3", "4", "5"], by: table.model), [Field("Question", question)]
            ).output
        }
        let verified = VerifiedAnswer(
            generator, verifier: form.chosen("Correct", among: ["yes", "no"], by: table.model))
        let exact = try await ProgramEnumeration().run(verified.program, "2 + 2").posterior
        let total = 0.5 * 0.1 + 0.3 * 0.9 + 0.2 * 0.1
        #expect(abs(exact.probabilities["4"]! - 0.27 / total) < 1e-12)
        #expect(abs(exact.logEvidence! - log(total)) < 1e-12)
        var random = Random(seed: 1)
        let smc = try await ReexecutionSMC(particles: 4000).run(verified.program, "2 + 2", using: &random)
        let weighted = try await LikelihoodWeighting(samples: 4000).run(verified.program, "2 + 2", using: &random)
        // Standard errors below 0.02; 6 of them.
        for posterior in [smc, weighted] { #expect(abs(posterior.probabilities["4"]! - 0.27 / total) < 0.12) }
        let best = try await verified.best(of: 40, "2 + 2", using: &random)
        // Without 4 among 40 draws: 0.7^40 = 6e-7.
        #expect(best.output == "4" && abs(best.logWeight - log(0.9)) < 1e-12)
        #expect(best.trace?.value(at: "generator" / "answer", as: String.self) == "4")
        // Another check: the answer to another question is the same.
        let twin = VerifiedAnswer(generator, verifier: form.chosen("Answer", among: ["3", "4", "5"], by: table.model)) {
            VerifiedAnswer.Check([Field("Question", $0)], verdict: $1)
        }
        let both = try await ProgramEnumeration().run(twin.program, "2 + 2").posterior
        #expect(abs(both.probabilities["4"]! - 0.09 / 0.38) < 1e-12)
    }

    @Test func `least to most answers parts in order, each with the ones before in view`() async throws {
        let model = ScriptedLanguageModel { prompt in
            let text = prompt.wholeText
            if text.hasSuffix("Parts:") { return ["apples; pears ; all"] }
            if text.hasSuffix("Result:") {
                let count = text.components(separatedBy: "Result:").count - 1
                return [ScriptedAnswer(["2", "3", "5"][count - 1])]
            }
            return text.contains("Result: 2\nPart: pears\nResult: 3\nPart: all\nResult: 5\nAnswer:") ? ["five"] : ["no"]
        }
        let form = Form()
        let program = LeastToMost(
            parts: form.written("Parts", by: model), part: form.written("Result", by: model),
            answer: form.written("Answer", by: model))
        var random = Random(seed: 1)
        let run = try await program.program.record("Two apples and three pears?", using: &random)
        #expect(run.output == "five")
        #expect(run.trace.value(at: .at("part", 1), as: String.self) == "3")
        #expect(run.trace.choices.map(\.address.description) == ["parts", "part[0]", "part[1]", "part[2]", "answer"])
    }

    @Test func `selection and inference see what they should, and selections are enumerated`() async throws {
        let facts = ["Rex is a dog.", "Dogs bark.", "Tom is a cat."]
        let table = ReasoningTable(log: { field, text, prompt in
            switch field {
            case "Selected": facts.contains(text) ? (text.contains("cat") ? log(0.1) : log(0.4)) : -.infinity
            case "Inference":
                // It sees the selected facts alone.
                prompt.contains("Fact:")
                    ? .nan
                    : log((text == "Rex barks.") == (prompt.contains("Rex") && prompt.contains("bark")) ? 0.8 : 0.2)
            default: log((text == "yes") == prompt.contains("Fact: Rex barks.") ? 0.9 : 0.1)
            }
        })
        let form = Form()
        let program = SelectionInference(
            select: form.chosen("Selected", by: table.model, among: SelectionInference.candidates),
            infer: form.chosen("Inference", among: ["Rex barks.", "Nothing."], by: table.model),
            answer: form.chosen("Answer", among: ["yes", "no"], by: table.model))
        let exact = try await ProgramEnumeration().run(
            program.textProgram, facts.joined(separator: " ") + " Does Rex bark?"
        ).posterior
        // Two of three facts without replacement: both right ones with probability 2 (4/9) (4/5).
        let both = 2 * (4.0 / 9) * (4.0 / 5)
        let barks = both * 0.8 + (1 - both) * 0.2
        #expect(abs(exact.probabilities["yes"]! - (barks * 0.9 + (1 - barks) * 0.1)) < 1e-12)
        #expect(exact.runs.count == 6 * 2 * 2)
        let question = SelectionInference.Question("A b. C d.\nIs it so?")
        #expect(question.facts == ["A b.", "C d."] && question.question == "Is it so?")
    }

    @Test func `two agents play twenty questions, each blind to the other's secret`() async throws {
        let words = ["cat", "car", "cup"]
        // The asker asks of the words in turn; the guesser names the first word that was not denied.
        let table = ReasoningTable(
            log: { _, text, prompt in
                let word = prompt.split(separator: "\n").first { $0.hasPrefix("Word: ") }?.dropFirst(6) ?? "?"
                let isIt = prompt.contains("Is it a \(word)?")
                return (text == "yes") == isIt ? 0 : -.infinity
            },
            write: { field, prompt, _ in
                if prompt.contains("Word:") { return "cheat" }
                let turn = prompt.components(separatedBy: "Reply: no").count - 1
                if field == "Question" { return "Is it a \(words[min(turn, 2)])?" }
                return prompt.contains("Reply: yes") ? words[min(turn, 2)] : "nothing"
            })
        let form = Form()
        let game = TwentyQuestions(
            asker: form.written("Question", by: table.model),
            knower: form.chosen("Reply", among: ["yes", "no"], by: table.model),
            guesser: form.written("Guess", by: table.model), turns: 5)
        var random = Random(seed: 1)
        for (index, word) in words.enumerated() {
            #expect(try await game.program.simulate(word, using: &random) == .init(isWon: true, turns: index + 1))
        }
        #expect(try await game.program.simulate("cow", using: &random) == .init(isWon: false, turns: 5))
    }

    @Test func `a tool works out what a model writes, and says what is wrong with it`() async throws {
        let model = ScriptedLanguageModel { prompt in
            let text = prompt.wholeText
            if text.hasSuffix("Calculation:") {
                return text.contains("error") ? ["12 * 3"] : [text.contains("bad") ? "12 * * 3" : "12 * 3"]
            }
            return [ScriptedAnswer(text.contains("Result: 36") ? "It is 36." : "?")]
        }
        let form = Form()
        var program = ToolUse(call: form.written("Calculation", by: model))
        var random = Random(seed: 1)
        #expect(try await program.program.simulate("3 boxes of 12", using: &random) == "36")
        #expect(
            try await program.program.simulate("bad", using: &random).hasPrefix(
                "error: line 1, column 6: expected a number"))
        program.maximumCalls = 2
        program.answer = form.written("Answer", by: model)
        let run = try await program.program.record("bad", using: &random)
        #expect(run.output == "It is 36.")
        #expect(run.trace[.at("result", 0)]?.note?.evidence["isError"] == 1)
        #expect(run.trace[.at("result", 1)]?.note?.evidence["isError"] == 0)
    }

    /// The model knows parity where an example of it is shown, and says more readily what it was told.
    static func student() -> (model: TableModel, problems: [SelfTaughtReasoner.Problem]) {
        let table = ReasoningTable(
            log: { field, text, prompt in
                let isEven = prompt.contains("ends in an even digit")
                return log((text == "even") == isEven ? 0.8 : 0.2)
            },
            write: { field, prompt, seed in
                let number = Int(prompt.split { !$0.isNumber }.first ?? "") ?? 0
                // Told the answer it finds the reason; else in one case of three.
                let isTold = prompt.contains("Answer:")
                let knows = isTold || seed % 3 == 0
                let isEven = number % 2 == 0
                return "ends in an \((isEven == knows) ? "even" : "odd") digit"
            })
        let problems = (10..<22).map {
            SelfTaughtReasoner.Problem("Is \($0) even or odd?", $0 % 2 == 0 ? "even" : "odd")
        }
        return (table.model, problems)
    }

    @Test func `a self-taught reasoner keeps thoughts that lead to right answers, and the best set of those it tried`()
        async throws
    {
        let (model, problems) = Self.student()
        let loop = SelfTaughtReasoner(
            problems: problems, examples: 3, sets: 4, thoughts: 2,
            chain: { examples in
                let form = Form(examples: examples)
                return ChainOfThought(
                    thought: form.written("Thought", by: model),
                    answer: form.chosen("Answer", among: ["even", "odd"], by: model))
            },
            hinted: { Form(examples: $0).written("Thought", by: model) })
        var random = Random(seed: 3)
        var state = try await loop.start()
        var last = state.logLikelihood
        #expect(last < 0)
        for _ in 0..<3 {
            let info = try await loop.step(&state, using: &random)
            #expect(info.solved + info.rationalised == problems.count && info.rationalised > 0)
            #expect(state.logLikelihood >= last && info.isBetter == (state.logLikelihood > last))
            #expect(state.logLikelihood == max(last, info.tried.max()!))
            last = state.logLikelihood
        }
        #expect(state.steps == 3)
        for rationale in state.shown {
            let isEven = problems[rationale.problem].answer == "even"
            #expect(rationale.thought == "ends in an \(isEven ? "even" : "odd") digit")
        }
        #expect(loop.shownFields(state).count == state.shown.count)
        let alone = SelfTaughtReasoner(problems: [problems[0]], chain: loop.chain, hinted: loop.hinted)
        await #expect(throws: LanguageError.self) { try await alone.start() }
    }

    /// A student who finds the reason where a right example is shown, or the answer is told, and else a wrong one; a reason makes
    /// its answer 0.8 likely.
    private func student(_ capabilities: ModelCapabilities) -> ScriptedLanguageModel {
        var model = ScriptedLanguageModel { prompt in
            let forms = prompt.wholeText.components(separatedBy: "\n\n")
            let form = forms.last ?? ""
            let number = Int(form.split { !$0.isNumber }.first ?? "") ?? 0
            if form.hasSuffix("Thought:") {
                let knows = forms.count > 1 || form.contains("Answer:")
                return [ScriptedAnswer("it is \((number % 2 == 0) == knows ? "even" : "odd").\n")]
            }
            let isEven = form.contains("it is even.")
            return [
                ScriptedAnswer("even\n", probability: isEven ? 0.8 : 0.2),
                ScriptedAnswer("odd\n", probability: isEven ? 0.2 : 0.8),
            ]
        }
        model.capabilities = capabilities
        return model
    }

    @Test func `a self-taught reasoner rises from what is wrong to what is right, and stays`() async throws {
        let able = ModelCapabilities(probabilities: .allTokens, scoresText: true)
        let model = student(able)
        let problems = (10..<16).map { SelfTaughtReasoner.Problem("Is \($0) so?", $0 % 2 == 0 ? "even" : "odd") }
        let answers: [@Sendable (Form) -> any FieldStage] = [
            { $0.chosen("Answer", among: ["even", "odd"], by: model) }, { $0.line("Answer", by: model) },
        ]
        for answer in answers {
            let loop = SelfTaughtReasoner(
                problems: problems, examples: 2, sets: 2,
                chain: {
                    let form = Form(examples: $0)
                    return ChainOfThought(thought: form.written("Thought", by: model), answer: answer(form))
                },
                hinted: { examples in
                    Form(examples: examples.map { [$0[0], $0[2], $0[1]] }).written("Thought", by: model)
                })
            var random = Random(seed: 7)
            var state = try await loop.start()
            #expect(abs(state.logLikelihood - log(0.2)) < 1e-12)
            // All reasons are wrong alone and right when told; with any two of them shown every question has its reason.
            let first = try await loop.step(&state, using: &random)
            #expect(first.solved == 0 && first.rationalised == 6 && first.isBetter)
            #expect(first.tried.allSatisfy { abs($0 - log(0.8)) < 1e-12 })
            #expect(abs(state.logLikelihood - log(0.8)) < 1e-12)
            let second = try await loop.step(&state, using: &random)
            #expect(second.solved == 6 && second.rationalised == 0 && !second.isBetter)
            #expect(abs(state.logLikelihood - log(0.8)) < 1e-12)
        }
    }

    @Test func `a self-taught reasoner over a model that only writes counts right answers`() async throws {
        let model = student(ModelCapabilities())
        let problems = (10..<16).map { SelfTaughtReasoner.Problem("Is \($0) so?", $0 % 2 == 0 ? "Even." : "odd") }
        let loop = SelfTaughtReasoner(
            problems: problems, examples: 2, sets: 1, thoughts: 400,
            chain: {
                let form = Form(examples: $0)
                return ChainOfThought(
                    thought: form.written("Thought", by: model), answer: form.written("Answer", by: model))
            },
            hinted: { examples in
                Form(examples: examples.map { [$0[0], $0[2], $0[1]] }).written("Thought", by: model)
            })
        var random = Random(seed: 8)
        var state = try await loop.start()
        // ln of a share of 400 with mean 0.2 has a standard error of 0.1, of 6 of them 0.04; with mean 0.8, 0.01: 6 of each.
        #expect(abs(state.logLikelihood - log(0.2)) < 0.25)
        let info = try await loop.step(&state, using: &random)
        #expect(info.rationalised == 6 && info.isBetter)
        #expect(abs(state.logLikelihood - log(0.8)) < 0.07)
    }
}
