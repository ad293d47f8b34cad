import Cascades
import Foundation
import Language
import Testing

@Suite struct `a scripted model` {
    let capitals = ScriptedLanguageModel(
        "capitals", prices: PriceList(perMillionTokensIn: 1, perMillionTokensOut: 2),
        rules: [
            .when("2 + 2 =", say: "4"),
            .when(
                .containing("capital of France"), say: ScriptedAnswer("Paris", probability: 0.5),
                ScriptedAnswer("Paris, of course", probability: 0.2), ScriptedAnswer("Lyon", probability: 0.3)),
            .when(.ending("?"), say: ScriptedAnswer("maybe", probability: 0.25)),
        ])

    @Test func `the first rule that matches answers, in plain text and in conversations`() async throws {
        #expect(try await capitals.generate(GenerationRequest("2 + 2 =")).text == "4")
        let chat = Prompt.chat([.system("Be short."), .user("2 + 2 =")])
        let text = try await capitals.generate(GenerationRequest(chat))
        #expect(text.text == "4" && text.reason == .stop && text.logProbabilities == [0])
        #expect(try await capitals.generate(GenerationRequest("Really?")).text == "maybe")
    }

    @Test func `a prompt that no rule matches is an error that shows it`() async throws {
        do {
            _ = try await capitals.generate(GenerationRequest(.chat([.system("Be short."), .user("3 + 3 =")])))
            Issue.record("it answered")
        } catch let error as LanguageError {
            #expect(error == .unknownPrompt(model: "capitals", prompt: "system: Be short.\nuser: 3 + 3 ="))
            #expect("\(error)".contains("3 + 3 ="))
        }
        await #expect(throws: LanguageError.self) { try await capitals.score("6", after: "3 + 3 =") }
    }

    @Test func `seeds choose each answer as often as its probability says`() async throws {
        var counts: [String: Double] = [:]
        let draws = 4000
        for seed in 0..<draws {
            let text = try await capitals.generate(
                GenerationRequest("The capital of France?", seed: UInt64(seed)))
            counts[text.text, default: 0] += 1
            // The tokens' log-probabilities and the end's are the answer's; only the end after "Paris" is in doubt.
            let end = text.text == "Paris" ? log(0.5 / 0.7) : 0
            let whole = log(["Paris": 0.5, "Lyon": 0.3][text.text] ?? 0.2)
            #expect(abs(text.logProbabilities!.reduce(0, +) + end - whole) < 1e-12)
        }
        // Five standard errors of a share are 0.04 at most: one false alarm in a million.
        for (text, probability) in ["Paris": 0.5, "Paris, of course": 0.2, "Lyon": 0.3] {
            #expect(abs((counts[text] ?? 0) / Double(draws) - probability) < 0.04, "\(text)")
        }
        let again = try await capitals.generate(GenerationRequest("The capital of France?", seed: 7))
        let once = try await capitals.generate(GenerationRequest("The capital of France?", seed: 7))
        #expect(again == once)
        let likeliest = try await capitals.generate(
            GenerationRequest("The capital of France?", sampling: .greedy, seed: 3))
        #expect(likeliest.text == "Paris")
    }

    @Test func `tokens say how sure the table is`() async throws {
        let text = try await capitals.generate(GenerationRequest("The capital of France?", sampling: .greedy))
        let first = try #require(text.tokens.first)
        #expect(abs(first.margin! - 0.4) < 1e-12)
        #expect(abs(first.entropy! + 0.7 * log(0.7) + 0.3 * log(0.3)) < 1e-12)
        #expect(text.usage.promptTokens == 5 && text.usage.completionTokens == 1)
        // 5 tokens at a dollar a million and 1 at two.
        #expect(abs(capitals.cost(of: text.usage).money - 7e-6) < 1e-15)
        // What the table does not know counts as one more outcome.
        let unsure = try await capitals.generate(GenerationRequest("Really?"))
        #expect(unsure.text == "maybe" && abs(unsure.logProbabilities![0] - log(0.25)) < 1e-12)
        #expect(abs(unsure.tokens[0].entropy! + 0.25 * log(0.25) + 0.75 * log(0.75)) < 1e-12)
    }

    @Test func `given texts are scored by the answers that begin with them`() async throws {
        let prompt = Prompt.text("The capital of France?")
        let expected = ["Paris": 0.7, " Paris": 0.7, "Paris, of": 0.2, "Lyon": 0.3, "Rome": 0, "Paris, in": 0, "": 1]
        let scores = try await capitals.scores(of: Array(expected.keys), after: prompt)
        for (score, value) in zip(scores.logProbabilities, expected.values) {
            #expect(abs(exp(score) - value) < 1e-12)
        }
        #expect(scores.usage.promptTokens == 5)
        let stage = LabelStage(capitals, labels: ["Paris", "Lyon"]) { (text: String) in .chat([.user(text)]) }
        let answer = try await stage.answer("capital of France")
        #expect(answer.output == "Paris" && abs(answer.evidence["topProbability"]! - 0.7) < 1e-12)
    }

    @Test func `an answer ends at a stop, at the most tokens, and is what a constraint asks for`() async throws {
        let model = ScriptedLanguageModel { _ in ["one two three. four"] }
        let stopped = try await model.generate(GenerationRequest("x", stops: ["."]))
        #expect(stopped.text == "one two three" && stopped.reason == .stop)
        // What could have begun a stop and did not belongs to its token.
        let held = try await model.generate(GenerationRequest("x", stops: [" four five", "three. x"]))
        #expect(held.text == "one two three. four" && held.tokens.map(\.text).joined() == held.text)
        #expect(held.tokens.count == held.usage.completionTokens)
        let cut = try await model.generate(GenerationRequest("x", maximumTokens: 2))
        #expect(cut.text == "one two" && cut.reason == .length && cut.tokens.map(\.text) == ["one", " two"])
        for seed: UInt64 in 0..<20 {
            let text = try await capitals.generate(
                GenerationRequest("The capital of France?", constraint: .regularExpression("L[a-z]+"), seed: seed))
            #expect(text.text == "Lyon")
        }
        await #expect(throws: LanguageError.self) {
            try await capitals.generate(GenerationRequest("The capital of France?", constraint: .words(["Rome"])))
        }
    }

    @Test func `answers come as a stream that can be left`() async throws {
        let model = ScriptedLanguageModel { prompt in [ScriptedAnswer("you said \(prompt.lastText)")] }
        var pieces: [String] = []
        for try await event in model.events(GenerationRequest("a b")) {
            guard case .token(let token) = event else { continue }
            pieces.append(token.text)
            if pieces.count == 3 { break }
        }
        #expect(pieces == ["you", " said", " a"])
    }

    @Test func `answers that are no distribution are an error`() async throws {
        for answers: [ScriptedAnswer] in [
            [], [ScriptedAnswer("a", probability: 0.7), ScriptedAnswer("b", probability: 0.4)],
            [ScriptedAnswer("a", probability: 0)], [ScriptedAnswer("a", logProbability: .nan)],
        ] {
            let model = ScriptedLanguageModel { _ in answers }
            await #expect(throws: LanguageError.self) { try await model.generate(GenerationRequest("x")) }
        }
        var parameters = SamplingParameters()
        parameters.repetitionPenalty = 1.1
        await #expect(throws: LanguageError.self) {
            try await capitals.generate(GenerationRequest("2 + 2 =", sampling: parameters))
        }
    }

    @Test func `what a model is not capable of is refused, with what to do`() async throws {
        var model = capitals
        model.capabilities = ModelCapabilities()
        let text = try await model.generate(GenerationRequest("2 + 2 ="))
        #expect(text.text == "4" && text.tokens[0].logProbability == nil && text.tokens[0].margin == nil)
        let needs: [ModelCapabilities.Need] = [
            .probabilities(.chosenToken), .probabilities(.allTokens), .scoring, .tools, .conversations, .embeddings,
        ]
        for need in needs {
            do {
                try model.require(need)
                Issue.record("\(need) was granted")
            } catch {
                guard case .unsupported(let name, let what, let remedy) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(name == "capitals" && !what.isEmpty && remedy.hasSuffix("."))
            }
        }
        await #expect(throws: LanguageError.self) { try await model.score("4", after: "2 + 2 =") }
        await #expect(throws: LanguageError.self) {
            try await model.generate(GenerationRequest(.chat([.user("2 + 2 =")])))
        }
        await #expect(throws: LanguageError.self) { try await model.embeddings(of: ["x"]) }
        let stage = LabelStage(model, labels: ["4", "5"]) { (text: String) in .text(text) }
        await #expect(throws: LanguageError.self) { try await stage.answer("2 + 2 =") }
    }

    @Test(arguments: [
        (ModelCapabilities.Probabilities.none, 0), (.chosenToken, 1), (.topTokens(5), 2), (.topTokens(20), 3),
        (.allTokens, 4),
    ])
    func `telling more includes telling less`(tells: ModelCapabilities.Probabilities, place: Int) {
        let all: [ModelCapabilities.Probabilities] = [.none, .chosenToken, .topTokens(5), .topTokens(20), .allTokens]
        let capabilities = ModelCapabilities(probabilities: tells)
        #expect(all.map { capabilities.serve(.probabilities($0)) } == all.indices.map { $0 <= place })
    }
}
