import Foundation
import Probability
import Testing

@testable import Language

@Suite("Models that write together") struct EnsembleTests {
    @Test func productAndMixtureAreWhatTheyAreCalled() async throws {
        let scorers = [1, 2, 3].map { ScriptedScorer(vocabularyCount: 5, seed: $0) }
        let prefixes: [[Token]] = [[0], [1, 2], [4, 4, 3]]
        let weights = [0.5, 0, 1.2]
        for combination in EnsembleScorer.Combination.allCases {
            let ensemble = try EnsembleScorer(scorers, weights: weights, combination: combination)
            let rows = try await ensemble.logits(after: prefixes)
            for (index, prefix) in prefixes.enumerated() {
                let laws = scorers.map { SlowSampling.softmax($0.row(after: prefix).map(Double.init)) }
                var expected = (0..<5).map { token in
                    combination == .product
                        ? zip(laws, weights).reduce(1) { $0 * pow($1.0[token], $1.1) }
                        : zip(laws, weights).reduce(0) { $0 + $1.1 * $1.0[token] }
                }
                let total = expected.reduce(0, +)
                expected = expected.map { $0 / total }
                for token in 0..<5 { #expect(abs(exp(rows.logProbabilities(index)[token]) - expected[token]) < 1e-6) }
            }
        }
        #expect(throws: LanguageError.self) { try EnsembleScorer([]) }
        #expect(throws: LanguageError.self) { try EnsembleScorer(scorers, weights: [1, 2]) }
        #expect(throws: LanguageError.self) { try EnsembleScorer(scorers, weights: [0, 0, 0]) }
    }

    @Test func aDeferralRuleIsTheBestOfAllThresholds() throws {
        var random = Random(seed: 80)
        for _ in 0..<60 {
            let log = (0..<30).map { _ in
                let entropy = Double(random.integer(below: 8))
                return TokenDeferralRule.Record(
                    evidence: TokenEvidence(
                        entropy: entropy, margin: random.uniform(), topLogProbability: -random.uniform()),
                    gain: random.uniform() < 0.1 + 0.1 * entropy ? 1 : random.bernoulli(0.2) ? -1 : 0)
            }
            for share in [0, 0.2, 0.5, 1] {
                let fit = try TokenDeferralRule.fit(log, maximumShare: share)
                var best = 0.0
                for signal in TokenDeferralRule.Signal.allCases {
                    for threshold in log.map({ signal.uncertainty($0.evidence) }) + [-1e9] {
                        let passed = log.filter {
                            TokenDeferralRule(signal: signal, threshold: threshold).defers($0.evidence)
                        }
                        if Double(passed.count) / 30 <= share {
                            best = max(best, passed.reduce(0) { $0 + $1.gain } / 30)
                        }
                    }
                }
                #expect(abs(fit.gain - best) < 1e-12 && fit.share <= share)
                let passed = log.filter { fit.rule.defers($0.evidence) }
                #expect(abs(fit.share - Double(passed.count) / 30) < 1e-12)
                #expect(abs(fit.gain - passed.reduce(0) { $0 + $1.gain } / 30) < 1e-12)
            }
        }
        #expect(throws: LanguageError.self) { try TokenDeferralRule.fit([], maximumShare: 0.5) }
    }

    @Test func thePenPassesWhereTheSmallModelIsUnsure() async throws {
        let small = ScriptedScorer(vocabularyCount: 5, seed: 5, scale: 2)
        let large = ScriptedScorer(vocabularyCount: 5, seed: 6)
        let rule = TokenDeferralRule(signal: .entropy, threshold: 0.9)
        let both = try DeferringScorer(small: small, large: large, rule: rule)
        let prefixes = (0..<5).flatMap { a in (0..<5).map { [Token(a), Token($0)] } }
        let rows = try await both.logits(after: prefixes)
        var passed = 0
        for (index, prefix) in prefixes.enumerated() {
            let law = SlowSampling.softmax(small.row(after: prefix).map(Double.init))
            let entropy = law.reduce(0) { $0 - $1 * log($1) }
            let expected = entropy > 0.9 ? large.row(after: prefix) : small.row(after: prefix)
            #expect(Array(rows[index]) == expected)
            if entropy > 0.9 { passed += 1 }
            // The evidence itself.
            let evidence = TokenEvidence(logits: small.row(after: prefix))
            let sorted = law.sorted(by: >)
            // Exponentials in single precision, as the logits are.
            #expect(abs(evidence.entropy - entropy) < 2e-6 && abs(evidence.margin - (sorted[0] - sorted[1])) < 1e-6)
            #expect(abs(evidence.topLogProbability - log(sorted[0])) < 1e-6)
        }
        #expect(passed > 3 && passed < 22)
    }
}

@Suite(
    "A small model and a large one", .serialized,
    .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"))
struct DeferralModelTests {
    @Test func thePenPassesByARuleLearnedFromALog() async throws {
        let model = try TestModels.load()
        let path = NSTemporaryDirectory() + "cascade-test-\(ProcessInfo.processInfo.processIdentifier)-q2k.gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try EmbeddedModel.quantize(TestModels.smollm2!, to: path, as: .q2K)
        let worse = try EmbeddedModel(path: path, name: "worse")
        try model.requireSameVocabulary(as: worse)
        let configuration = ContextConfiguration(cells: 1024, sequences: 8, threads: 1)
        let (small, large) = (try EmbeddedContext(worse, configuration), try EmbeddedContext(model, configuration))
        let text = model.tokens(
            of: "The capital of France is Paris. Water boils at one hundred degrees, and ice melts at zero degrees.")
        let log = try await TokenDeferralRule.records(of: text, from: 3, small: small, large: large)
        #expect(log.count == text.count - 3)
        // The large model is better on this text as a whole.
        #expect(log.reduce(0) { $0 + $1.gain } > 0)
        let fit = try TokenDeferralRule.fit(log, maximumShare: 0.5)
        #expect(fit.share <= 0.5 && fit.gain > 0)
        let both = ScorerLanguageModel(
            "both", try DeferringScorer(small: small, large: large, rule: fit.rule), vocabulary: model)
        let prompt = Prompt.text("The capital of Italy is")
        let score = try await both.score(" Rome, and", after: prompt)
        let alone = [
            try await EmbeddedLanguageModel(small).score(" Rome, and", after: prompt),
            try await EmbeddedLanguageModel(large).score(" Rome, and", after: prompt),
        ]
        for (place, token) in score.enumerated() {
            // The last bits of an activation depend on where a cache's cells lie; quantised weights make more of that.
            #expect(alone.contains { abs($0[place].logProbability! - token.logProbability!) < 0.3 })
        }
        let request = GenerationRequest(prompt, sampling: .greedy, maximumTokens: 12)
        let written = try await both.generate(request)
        #expect(written.tokens.count == 12)
        // A rule that always passes the pen writes what the large model writes.
        let always = ScorerLanguageModel(
            "large",
            try DeferringScorer(
                small: small, large: try EmbeddedContext(model, configuration),
                rule: TokenDeferralRule(signal: .entropy, threshold: -1)),
            vocabulary: model)
        let largeAlone = EmbeddedLanguageModel(try EmbeddedContext(model, configuration))
        #expect(try await always.generate(request).text == largeAlone.generate(request).text)
    }
}
