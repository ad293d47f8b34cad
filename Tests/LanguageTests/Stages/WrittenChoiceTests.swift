import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `choices in writing` {
    @Test func `a reply says the longest text that it begins with`() {
        let choices = WrittenChoices(["no", "yes", "Rex is a dog.", "Rex is a dog in Rome."])
        let cases: [(String, Int?)] = [
            ("yes", 1), (" Yes.", 1), ("**No**, it is not.", 0), ("Correct: yes", 1), ("rex is a dog", 2),
            ("Rex is a dog in Rome, I think", 3), ("nothing", nil), ("There is no doubt.", nil), ("", nil),
            ("yesno", nil),
        ]
        for (text, index) in cases { #expect(choices.index(of: text) == index, "\(text)") }
        // Where letters and digits don't tell them apart, all of the text counts.
        let signs = WrittenChoices(["+", "-", "-7", "7"])
        for (text, index) in [(" + ", 0), ("-7", 2), ("7", 3), ("seven", nil)] as [(String, Int?)] {
            #expect(signs.index(of: text) == index, "\(text)")
        }
    }

    private func token(_ likeliest: KeyValuePairs<String, Double>) -> GeneratedToken {
        var token = GeneratedToken(text: likeliest.first?.key ?? "")
        token.likeliest = likeliest.map { LikelyToken($0.key, logProbability: log($0.value)) }
        return token
    }

    @Test func `the law is read from the likeliest tokens where the reply begins`() throws {
        let choices = WrittenChoices(["yes", "no"])
        let (logs, mass) = try #require(
            choices.law(of: [token(["\n": 0.9, "yes": 0.1]), token([" Yes": 0.5, "no": 0.2, "y": 0.1, "Well": 0.1])]))
        #expect(abs(exp(logs[0]) - 0.6 / 0.8) < 1e-12 && abs(exp(logs[1]) - 0.2 / 0.8) < 1e-12)
        #expect(abs(exp(mass) - 0.8) < 1e-12)
        // What is not told shares what is left, up to the least that is told.
        let (few, _) = try #require(choices.law(of: [token(["yes": 0.9, "Sure": 0.04])]))
        #expect(abs(exp(few[1]) - 0.04 / 0.94) < 1e-12)
        let (most, _) = try #require(choices.law(of: [token(["yes": 0.99])]))
        #expect(abs(exp(most[1]) - 0.01) < 1e-12)
        // A reply that begins with something else, tokens that begin several texts, and tokens that nobody tells.
        #expect(choices.law(of: [token(["I": 0.5, "yes": 0.4])]) == nil)
        #expect(WrittenChoices(["391", "392"]).law(of: [token(["39": 0.9, "391": 0.1])]) == nil)
        #expect(choices.law(of: [GeneratedToken(text: "yes")]) == nil && choices.law(of: []) == nil)
    }

    @Test func `replies are counted so that nothing is impossible`() {
        let choices = WrittenChoices(["a", "b", "c"])
        let (logs, mass) = choices.law(votes: [0, 0, nil, 1])
        #expect(zip(logs, [2.5, 1.5, 0.5]).allSatisfy { abs(exp($0) - $1 / 4.5) < 1e-12 })
        #expect(abs(exp(mass) - 0.75) < 1e-12)
        #expect(choices.law(votes: [nil]).mass == -.infinity)
    }

    /// A model that says "yes" with probability 0.7, "no" with 0.2, and else nonsense.
    private func model(_ tells: ModelCapabilities.Probabilities) -> ScriptedLanguageModel {
        var model = ScriptedLanguageModel { _ in
            [
                ScriptedAnswer("Yes.", probability: 0.7), ScriptedAnswer("no", probability: 0.2),
                ScriptedAnswer("Hm", probability: 0.1),
            ]
        }
        model.capabilities = ModelCapabilities(probabilities: tells)
        return model
    }

    private func stage(_ model: any LanguageModel) -> WrittenChoiceStage<String> {
        WrittenChoiceStage(model, candidates: { _ in ["yes", "no"] }) { input, _ in .text(input) }
    }

    @Test func `a stage has the model's own law where tokens tell it`() async throws {
        let stage = stage(model(.topTokens(5)))
        var random = Random(seed: 1)
        #expect(await checkStage(stage, inputs: ["?"], using: &random).isEmpty)
        #expect(await checkScoredStage(stage, inputs: ["?"], using: &random).isEmpty)
        let answer = try await stage.scored("yes", given: "?")
        #expect(abs(exp(answer.logScore!) - 0.7 / 0.9) < 1e-12 && abs(exp(answer.evidence["labelMass"]!) - 0.9) < 1e-12)
        #expect(try await stage.scored("maybe", given: "?").logScore == -.infinity)
        #expect(try await stage.answer("?").output == "yes")
    }

    @Test func `a stage draws by what it writes where tokens tell nothing`() async throws {
        var stage = stage(model(.none))
        var random = Random(seed: 2)
        let share: Double = 0.7 / 0.9
        func error(_ count: Double) -> Double { (share * (1 - share) / count).squareRoot() }
        var yes = 0.0
        for _ in 0..<2000 where try await stage.run("?", using: &random).decision.output == "yes" { yes += 1 }
        // What can't be read is asked again: 0.7 / 0.9, up to 6 standard errors.
        #expect(abs(yes / 2000 - share) < 6 * error(2000))
        // The more replies, the nearer the score.
        stage.samples = 4000
        let score = exp(try await stage.scored("yes", given: "?").logScore!)
        #expect(abs(score - share) < 6 * error(3600))
        #expect(try await stage.answer("?").output == "yes")
    }

    @Test func `one text needs no question, none is an error, and so are replies that say none`() async throws {
        var mute = ScriptedLanguageModel { _ in ["I can't tell."] }
        mute.capabilities = ModelCapabilities(probabilities: .topTokens(5))
        var random = Random(seed: 3)
        let only = WrittenChoiceStage<String>(mute, candidates: { _ in ["it"] }) { input, _ in .text(input) }
        let run = try await only.run("?", using: &random)
        #expect(run.decision.output == "it" && run.logScore == 0 && run.cost == .zero)
        let none = WrittenChoiceStage<String>(mute, candidates: { _ in [] }) { input, _ in .text(input) }
        await #expect(throws: LanguageError.self) { try await none.answer("?") }
        do {
            _ = try await stage(mute).run("?", using: &random)
            Issue.record("it chose")
        } catch {
            #expect("\(error)".contains("one of yes, no, and wrote \"I can't tell.\""), "\(error)")
        }
        // As a verdict it says nothing: all texts are worth the same.
        let scored = try await stage(mute).scored("yes", given: "?")
        #expect(abs(exp(scored.logScore!) - 0.5) < 1e-12 && scored.evidence["labelMass"] == -.infinity)
    }
}
