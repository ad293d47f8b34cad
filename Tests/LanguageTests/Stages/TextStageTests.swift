import Cascades
import Foundation
import Language
import Probability
import Testing

extension Double {
    /// The natural logarithm.
    var logarithm: Double { log(self) }
}

@Suite struct `stages that write` {
    @Test func `evidence is what its names say`() async throws {
        let model = TableModel(write: { _ in
            [
                GeneratedToken("A", 0.5, entropy: 1, margin: 0.1), GeneratedToken("B", 0.25, entropy: 2, margin: 0.9),
                GeneratedToken("C", 1, entropy: 0, margin: 1),
            ]
        })
        let stage = GenerationStage(model) { (text: String) in .text(text) }
        let answer = try await stage.answer("x")
        #expect(answer.output == "ABC")
        #expect(answer.evidence.names == stage.evidenceNames)
        let expected: [String: Double] = [
            "meanLogProbability": log(0.125) / 3, "minimumLogProbability": log(0.25), "length": 3,
            "uncertainty50": -log(0.5), "uncertainty90": -0.2 * log(0.5) - 0.8 * log(0.25), "meanEntropy": 1,
            "maximumEntropy": 2, "firstMargin": 0.1,
        ]
        for (name, value) in expected { #expect(abs(answer.evidence[name]! - value) < 1e-12, "\(name)") }
        #expect(expected.count == answer.evidence.names.count)
        #expect(abs(answer.logScore! - log(0.125)) < 1e-12)
    }

    @Test func `agreement is the share of samples with the same answer`() async throws {
        // Seeds 1 and 3 of the samples say the same in other words of punctuation, 2 and 4 something else.
        let model = TableModel(write: { request in
            [GeneratedToken(["Paris.", "paris", "Rome", " Paris!", "Oslo"][Int(request.seed)], 0.5)]
        })
        var stage = GenerationStage(model) { (text: String) in .text(text) }
        stage.evidence.samples = 4
        let answer = try await stage.answer("x")
        #expect(answer.output == "Paris.")
        #expect(answer.evidence["agreement4"] == 0.5)
        // Samples read and write, too; side by side they take no longer.
        #expect(answer.cost.tokensIn == 50 && answer.cost.tokensOut == 5 && answer.cost.seconds == 0.5)
    }

    @Test func `self-assessment compares true with false after the answer`() async throws {
        let model = TableModel(
            write: { _ in [GeneratedToken("Paris", 0.5)] },
            logProbability: { word, prompt in
                guard case .chat(let messages) = prompt, messages.count == 3, messages[1] == .assistant("Paris") else {
                    return .nan
                }
                return word == "true" ? log(0.06) : log(0.02)
            })
        var stage = GenerationStage(model) { (text: String) in .chat([.user(text)]) }
        stage.evidence.assessesItself = true
        let answer = try await stage.answer("The capital of France?")
        #expect(abs(answer.evidence["selfAssessment"]! - 0.75) < 1e-12)
    }

    @Test func `a model that can't score writes whether its answer is right`() async throws {
        let isAsked: @Sendable (Prompt) -> Bool = { $0.lastText.contains("true or false") }
        var model = ScriptedLanguageModel { prompt in
            isAsked(prompt)
                ? [ScriptedAnswer("True.", probability: 0.6), ScriptedAnswer("false", probability: 0.2)] : ["Paris"]
        }
        model.capabilities = ModelCapabilities(probabilities: .topTokens(5), holdsConversations: true)
        var stage = GenerationStage(model) { (text: String) in .chat([.user(text)]) }
        stage.evidence.assessesItself = true
        let told = try await stage.answer("The capital of France?")
        #expect(told.output == "Paris" && abs(told.evidence["selfAssessment"]! - 0.75) < 1e-12)
        // Both questions are paid for.
        #expect(told.cost.tokensOut == 3)

        // Without tokens' probabilities replies are counted: of these 5 three say true, one false, one neither.
        let replies = ["true", "False.", "I think so", "True", "true, it is"]
        var silent = TableModel(write: { request in
            guard isAsked(request.prompt) else { return [GeneratedToken(text: "Paris")] }
            return [GeneratedToken(text: replies[Int(request.seed) - 1])]
        })
        silent.capabilities = ModelCapabilities(holdsConversations: true)
        var written = GenerationStage(silent) { (text: String) in .text(text) }
        written.evidence.assessesItself = true
        #expect(abs(try await written.answer("x").evidence["selfAssessment"]! - 3.5 / 5) < 1e-12)

        // Who says neither leaves it open.
        var mute = TableModel(write: { _ in [GeneratedToken(text: "Who knows?")] })
        mute.capabilities = ModelCapabilities()
        var open = GenerationStage(mute) { (text: String) in .text(text) }
        open.evidence.assessesItself = true
        #expect(try await open.answer("x").evidence["selfAssessment"]!.isNaN)
    }

    @Test func `the same stream gives the same seed, another one another`() async throws {
        let model = TableModel(write: { [GeneratedToken("\($0.seed)", 0.5)] })
        let stage = GenerationStage(model) { (text: String) in .text(text) }
        var outputs: [String] = []
        for stream in [1, 1, 2] as [UInt64] {
            var random = Random(seed: stream)
            outputs.append(try await stage.run("x", using: &random).decision.output!)
        }
        #expect(outputs[0] == outputs[1] && outputs[1] != outputs[2])
    }

    @Test func `money follows the price list`() async throws {
        let model = TableModel(
            prices: PriceList(perMillionTokensIn: 2, perMillionTokensOut: 6),
            write: { _ in [GeneratedToken("A", 0.5), GeneratedToken("B", 0.5)] })
        let answer = try await GenerationStage(model) { (text: String) in .text(text) }.answer("x")
        #expect(abs(answer.cost.money - 32e-6) < 1e-18)
    }

    @Test func `names say which evidence is meant`() throws {
        var evidence = TextEvidence()
        evidence.samples = 5
        evidence.assessesItself = true
        evidence.percentiles = [10, 75]
        #expect(try TextEvidence(names: evidence.names) == evidence)
        #expect(try TextEvidence(names: []) == .none)
        for names in [["nonsense"], ["length"], ["uncertainty101"], ["agreement0"], ["uncertainty5", "uncertainty5"]] {
            #expect(throws: LanguageError.self, "\(names)") { try TextEvidence(names: names) }
        }
    }

    @Test func `what was held back for a stop is no token, a certain token of a far model is one`() throws {
        var embedded = GeneratedText()
        embedded.append(.token(GeneratedToken("A", 0.5)))
        embedded.append(.token(GeneratedToken(text: "rest", logProbability: 0)))
        #expect(try TextEvidence().evidence(of: embedded)["length"] == 1)
        var remote = GeneratedText()
        for value in [-0.5, 0] { remote.append(.token(GeneratedToken(text: "w", logProbability: value))) }
        let evidence = try TextEvidence().evidence(of: remote)
        #expect(evidence["length"] == 2 && evidence["meanLogProbability"] == -0.25)
    }

    @Test func `a text without log-probabilities has missing numbers, not zeros`() throws {
        var text = GeneratedText()
        text.append(.token(GeneratedToken(text: "word")))
        let evidence = try TextEvidence().evidence(of: text)
        #expect(evidence["length"] == 1)
        for name in evidence.names where name != "length" { #expect(evidence[name]!.isNaN, "\(name)") }
    }
}
