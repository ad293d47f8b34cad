import Cascades
import EndpointTesting
import Foundation
import Inference
import Probability
import Testing

@testable import Language

/// What a solver of one sum says to the last form of a prompt: an answer for each field that the named programs ask for.
private func reply(to prompt: String) -> String {
    if prompt.hasSuffix("Calculation:") { return "17 * 23" }
    if prompt.hasSuffix("Correct:") { return prompt.hasSuffix("Answer: 392\nCorrect:") ? "no" : "yes" }
    if prompt.hasSuffix("Selected:") { return prompt.contains("Selected: A is b.") ? "B is c." : "A is b." }
    if prompt.hasSuffix("Work:") { return prompt.hasSuffix("Work: 17 * 23 = 391\nWork:") ? "done" : "17 * 23 = 391" }
    return prompt.hasSuffix("Answer:") ? "391" : "17 * 23 = 391"
}

@Suite(.timeLimit(.minutes(3))) struct `named programs` {
    static func question(_ program: NamedProgram) -> String {
        program == .selectionInference ? "A is b. B is c. What is A?" : "What is 17 times 23?"
    }

    static let levels: [ModelCapabilities] = [
        ModelCapabilities(probabilities: .allTokens, scoresText: true), ModelCapabilities(probabilities: .topTokens(5)),
        ModelCapabilities(), ModelCapabilities(holdsConversations: true, completesText: false),
    ]

    @Test(arguments: NamedProgram.allCases, levels)
    func `answer over any model, whatever it tells`(program: NamedProgram, capabilities: ModelCapabilities) async throws
    {
        var model = ScriptedLanguageModel { prompt in
            if case .text = prompt, !capabilities.completesText {
                throw LanguageError.unsupported(model: "scripted", what: "it was asked with a text", remedy: "")
            }
            return [ScriptedAnswer(reply(to: prompt.lastText) + "\n")]
        }
        model.capabilities = capabilities
        var settings = NamedProgram.Settings()
        settings.samples = 4
        var random = Random(seed: 2)
        let result = try await program.answer(
            Self.question(program), model: model, settings: settings, using: &random)
        // Nothing that star learned from has this answer.
        #expect(result.text == "391", "\(program): \(result.text)")
        #expect(result.spent.tokensOut > 0 && !program.summary.isEmpty)
        if [.selfConsistency, .verifier].contains(program) { #expect(abs((result.share ?? 0) - 1) < 1e-12) }
        let isNoted = result.notes.contains { $0.contains("can't score given texts") }
        #expect(
            isNoted
                == (!capabilities.scoresText && [.verifier, .selectionInference, .treeSearch].contains(program)))
        // Labels are chosen from, by whatever means.
        settings.labels = ["390", "391"]
        let chosen = try await program.answer(
            Self.question(program), model: model, settings: settings, using: &random)
        #expect(chosen.text == "391", "\(program): \(chosen.text)")
    }

    @Test func `star learns from questions with free answers, and answers another one in its own words`() async throws {
        // Without examples it guesses; with the right ones shown it works sums out.
        let model = ScriptedLanguageModel { prompt in
            let forms = prompt.wholeText.components(separatedBy: "\n\n")
            let form = forms.last ?? ""
            let numbers = form.split { !$0.isNumber }.compactMap { Int($0) }
            let sum = numbers.prefix(2).reduce(0, +)
            if form.hasSuffix("Thought:") {
                let knows = forms.count > 1 || form.contains("Answer:")
                return [ScriptedAnswer("\(numbers[0]) + \(numbers[1]) = \(knows ? sum : 0).\n")]
            }
            return [
                ScriptedAnswer("\(numbers.last ?? 0)\n", probability: 0.9), ScriptedAnswer("?\n", probability: 0.1),
            ]
        }
        var settings = NamedProgram.Settings()
        settings.problems = [(1, 2), (3, 4), (5, 6)].map { .init("What is \($0) plus \($1)?", "\($0 + $1)") }
        var random = Random(seed: 3)
        let result = try await NamedProgram.star.answer(
            "What is 217 plus 400?", model: model, settings: settings, using: &random)
        #expect(result.text == "617" && result.trace?.choices.count == 2)
        #expect(result.notes.contains("step 1: 0 solved, 3 rationalised; ln p -0.105"), "\(result.notes)")
        #expect(result.notes.contains { $0.hasPrefix("shown: What is 1 plus 2? 1 + 2 = 3.") }, "\(result.notes)")
    }
}

/// An endpoint that holds conversations and refuses all else.
@Suite(.timeLimit(.minutes(3))) struct `named programs over an endpoint` {
    private static func lastMessage(_ request: ScriptedServer.Request) -> String {
        let messages = jsonObject(request.body)["messages"] as? [[String: String]]
        return messages?.last?["content"] ?? ""
    }

    /// - Parameter answers: what it says to a question with a seed; by default what ``reply(to:)`` says.
    private func endpoint(
        tells: Bool, answers: @escaping @Sendable (String, Int) -> String = { question, _ in reply(to: question) }
    ) async throws -> ScriptedServer {
        try await ScriptedServer { request in
            guard request.path == "/v1/chat/completions" else {
                return [.reply(404, #"{"error":{"message":"conversations only"}}"#)]
            }
            let question = Self.lastMessage(request)
            let text = answers(question, jsonObject(request.body)["seed"] as? Int ?? 0)
            guard tells, question.hasSuffix("Correct:") else { return CompletionPiece.answer([text]) }
            let other = text == "yes" ? "no" : "yes"
            return [
                .streamHead(),
                .event(
                    CompletionPiece.text(text, logProbability: log(0.9), top: [text: log(0.9), other: log(0.1)])),
                .event(CompletionPiece.finish()), .event(CompletionPiece.usage(20, 1)), .event("[DONE]"),
                .endOfChunks,
            ]
        }
    }

    @Test(arguments: NamedProgram.allCases, [true, false])
    func `answer in conversations`(program: NamedProgram, tells: Bool) async throws {
        let server = try await endpoint(tells: tells)
        defer { server.stop() }
        let model = try remoteModel(server, tells: tells ? .topTokens(5) : .none)
        var settings = NamedProgram.Settings()
        settings.samples = 3
        settings.problems = [.init("What is 390 + 1?", "391"), .init("What is 391?", "391")]
        var random = Random(seed: 2)
        let result = try await program.answer(
            `named programs`.question(program), model: model, settings: settings, using: &random)
        #expect(result.text == "391", "\(program): \(result.text)")
        #expect(server.counts.requests.allSatisfy { $0.path == "/v1/chat/completions" })
        #expect(result.spent.tokensIn > 0 && result.spent.tokensOut > 0)
        settings.labels = ["390", "391"]
        let chosen = try await program.answer(
            `named programs`.question(program), model: model, settings: settings, using: &random)
        #expect(chosen.text == "391", "\(program): \(chosen.text)")
    }

    @Test(arguments: [true, false]) func `a verifier's verdict weighs as the endpoint tells it`(tells: Bool)
        async throws
    {
        // Every other seed gives a wrong answer, of which the verdict is no.
        let server = try await endpoint(tells: tells) { question, seed in
            question.hasSuffix("Answer:") ? (seed % 2 == 0 ? "391" : "392") : reply(to: question)
        }
        defer { server.stop() }
        var settings = NamedProgram.Settings()
        settings.samples = 12
        var random = Random(seed: 5)
        let result = try await NamedProgram.verifier.answer(
            "What is 17 times 23?", model: try remoteModel(server, tells: tells ? .topTokens(5) : .none),
            settings: settings, using: &random)
        let seeds = server.counts.requests.filter { Self.lastMessage($0).hasSuffix("Answer:") }
            .compactMap { jsonObject($0.body)["seed"] as? Int }
        let right = Double(seeds.count { $0 % 2 == 0 })
        #expect(seeds.count == 12 && right > 0 && right < 12)
        // As told, or after 5 replies of one mind.
        let (yes, no) = tells ? (0.9, 0.1) : (5.5 / 6, 0.5 / 6)
        let share = right * yes / (right * yes + (12 - right) * no)
        #expect(result.notes.contains("\(Int((100 * share).rounded()))% 391"), "\(result.notes)")
        if result.text == "391" { #expect(abs((result.share ?? 0) - share) < 1e-9) }
    }
}

@Suite(
    .serialized, .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"),
    .timeLimit(.minutes(10)))
struct `named programs over a model in the process` {
    /// All in plain text, and some in a conversation.
    static let cases: [(NamedProgram, Bool)] =
        NamedProgram.allCases.map { ($0, false) } + [(.verifier, true), (.selectionInference, true)]

    @Test(arguments: cases) func answer(program: NamedProgram, chat: Bool) async throws {
        let model = EmbeddedLanguageModel(
            try EmbeddedContext(try TestModels.load(), ContextConfiguration(cells: 4096, sequences: 16, threads: 1)))
        var settings = NamedProgram.Settings()
        settings.samples = 2
        settings.chat = chat
        settings.problems = [.init("What is 3 plus 4?", "7"), .init("What is 2 plus 6?", "8")]
        let facts = "All dogs bark. Rex is a dog. Does Rex bark?"
        let question = program == .selectionInference ? facts : "What is 17 times 23?"
        var random = Random(seed: 4)
        let result = try await program.answer(question, model: model, settings: settings, using: &random)
        #expect(!result.text.isEmpty && result.spent.tokensOut > 0, "\(program): \(result)")
        #expect(!result.notes.contains { $0.contains("can't score") })
        // Which words it finds is the model's affair; a calculation is worked out.
        if program == .tools, !chat { #expect(result.text == "391") }
    }
}
