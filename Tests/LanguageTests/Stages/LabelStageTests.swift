import Cascades
import Foundation
import Language
import Synchronization
import Testing

@Suite struct `stages that choose` {
    @Test func `the likeliest label is chosen and says how sure it is`() async throws {
        let model = TableModel(logProbability: { label, _ in [" yes": log(0.3), " no": log(0.1)][label] ?? .nan })
        let stage = LabelStage(model, labels: ["yes", "no"]) { (text: String) in .text("Q: \(text)\nA:") }
        let answer = try await stage.answer("x")
        #expect(answer.output == "yes")
        let expected: [String: Double] = [
            "topProbability": 0.75, "margin": 0.5, "entropy": -0.75 * log(0.75) - 0.25 * log(0.25),
            "labelMass": log(0.4),
        ]
        for (name, value) in expected { #expect(abs(answer.evidence[name]! - value) < 1e-12, "\(name)") }
        #expect(answer.evidence.names == stage.evidenceNames)
        #expect(abs(answer.logScore! - log(0.75)) < 1e-12)
    }

    @Test func `what is liked without content is taken off, and asked for once`() async throws {
        let asked = Counter()
        // It says yes to everything; less so to x.
        let model = TableModel(logProbability: { label, prompt in
            let isEmpty = prompt == .text("N/A:")
            if isEmpty { asked.add() }
            return label == " yes" ? log(isEmpty ? 0.8 : 0.5) : log(isEmpty ? 0.1 : 0.25)
        })
        let stage = LabelStage(model, labels: ["yes", "no"], contentFree: .text("N/A:")) { (text: String) in
            .text("\(text):")
        }
        let answer = try await stage.answer("x")
        #expect(answer.output == "no")
        // 0.25 / 0.1 against 0.5 / 0.8.
        #expect(abs(answer.evidence["topProbability"]! - 0.8) < 1e-12)
        _ = try await stage.answer("y")
        #expect(asked.value == 2)
    }

    @Test func `bad labels and models that do not tell are errors`() async throws {
        let silent = TableModel(logProbability: { _, _ in .nan })
        await #expect(throws: LanguageError.self) {
            try await LabelStage(silent, labels: ["a", "b"]) { (text: String) in .text(text) }.answer("x")
        }
        for labels in [[], ["a"], ["a", "a"]] {
            await #expect(throws: LanguageError.self) {
                try await LabelStage(TableModel(), labels: labels) { (text: String) in .text(text) }.answer("x")
            }
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        func add() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }
}

@Suite(
    "Scores of continuations", .serialized,
    .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"))
struct ContinuationScoreTests {
    @Test func sharingThePromptChangesNothing() async throws {
        let model = EmbeddedLanguageModel(
            try EmbeddedContext(TestModels.load(), ContextConfiguration(threads: 1)))
        let prompt = Prompt.text("The weather today is")
        let labels = [" sunny", " a catastrophe of unknown extent", " rainy", " sunny intervals"]
        let scores = try await model.scores(of: labels, after: prompt)
        for (label, score) in zip(labels, scores.logProbabilities) {
            let tokens = try await model.score(label, after: prompt)
            #expect(abs(score - tokens.reduce(0) { $0 + $1.logProbability! }) < 1e-4, "\(label)")
        }
        // The prompt once; of the two longer labels all tokens but the last.
        let longer = [1, 3].map { model.model.tokens(of: labels[$0]).count - 1 }
        #expect(scores.computedTokens == model.model.tokens(of: "The weather today is").count + longer.reduce(0, +))
        let again = try await model.scores(of: labels, after: prompt)
        #expect(again.usage.cachedTokens == again.usage.promptTokens - 1)
    }

    @Test func aLongTextReadInPiecesScoresTheSame() async throws {
        let model = EmbeddedLanguageModel(
            try EmbeddedContext(TestModels.load(), ContextConfiguration(threads: 1)))
        let text = String(repeating: " one two three four five six seven eight nine ten", count: 40)
        let tokens = model.model.tokens(of: text)
        #expect(tokens.count > 350)
        let whole = try await model.score(text, after: "Count:")
        // The same end, scored after the same beginning.
        let cut = model.model.text(of: tokens.prefix(tokens.count - 30))
        let end = model.model.text(of: tokens.suffix(30))
        let part = try await model.score(end, after: .text("Count:" + cut))
        #expect(part.map(\.token) == whole.suffix(30).map(\.token))
        for (a, b) in zip(part, whole.suffix(30)) { #expect(abs(a.logProbability! - b.logProbability!) < 1e-4) }
    }
}
