import Foundation
import Probability
import Testing

@testable import Language

@Suite(
    "Decoding with a model in the process", .serialized,
    .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"))
struct SpeculativeModelTests {
    private func context() throws -> EmbeddedContext {
        // From 64 tokens a batch on llama.cpp's fused attention rounds in another way.
        try EmbeddedContext(TestModels.load(), ContextConfiguration(cells: 2048, sequences: 32, batch: 32, threads: 1))
    }

    @Test func aTreeIsDecodedToTheSameBitsAsItsTexts() async throws {
        let context = try context()
        let prompt = context.model.tokens(of: "The three largest cities of France are Paris,")
        var tree = DraftTree()
        let a = tree.add(100, after: nil)
        let b = tree.add(200, after: nil)
        let c = tree.add(300, after: a)
        _ = tree.add(400, after: a)
        _ = tree.add(500, after: c)
        _ = tree.add(100, after: b)
        for round in 0..<2 {
            let rows = try await context.logits(after: prompt, tree: tree)
            #expect(rows.count == 7)
            for row in 0..<7 {
                // In a cache of its own, where nothing else has left traces.
                let alone = try await self.context().logits(
                    after: [row == 0 ? prompt : prompt + tree.path(to: row - 1)])
                let difference = zip(rows[row], alone[0]).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(difference == 0, "row \(row), round \(round)")
            }
        }
        // The whole tree cost its seven tokens besides the prompt, the second time as well only what had to be seen again.
        #expect(await context.decodedCount <= prompt.count + 6 + 7)
        // A text that goes on from a leaf finds its cells.
        let before = await context.decodedCount
        let path = tree.path(to: 4)
        _ = try await context.logits(after: [prompt + path + [7]])
        #expect(await context.decodedCount == before + 1)
    }

    /// With several threads llama.cpp sums the attention of a token that is alone in its batch in as many parts, once the cache
    /// has 512 cells; with one thread drafts of long texts are decoded to the same bits (Decoding.md, "Drafts").
    @Test func aDraftOfALongTextIsDecodedToTheSameBitsOnOneThread() async throws {
        let sentence = "The harbour was quiet that morning, and the boats lay still between the piers. "
        let (drafting, alone) = (try context(), try context())
        let prompt = drafting.model.tokens(of: String(repeating: sentence, count: 32))
        #expect(prompt.count > 512)
        var tree = DraftTree()
        _ = tree.add(100, after: nil)
        _ = tree.add(200, after: nil)
        let drafted = try await drafting.logits(after: prompt, tree: tree)
        _ = try await alone.logits(after: [prompt])
        let row = try await alone.logits(after: [prompt + [100]])[0]
        #expect(zip(drafted[1], row).allSatisfy { $0 == $1 })
    }

    @Test func textsWithDraftsHaveTheTargetsLaw() async throws {
        let context = try context()
        let target = EmbeddedLanguageModel(context)
        var settings = SpeculationSettings()
        settings.length = .fixed(3)
        var hot = SamplingParameters()
        hot.temperature = 1.6
        settings.sampling = hot
        var uniforms: [Double] = []
        var random = Random(seed: 70)
        for (rule, drafts, seed) in [
            (SelectionRule.optimal, 2, 1), (.recursiveRejection, 2, 2), (.importanceSampling, 2, 3), (.optimal, 1, 4),
        ] {
            settings.rule = rule
            settings.drafts = drafts
            let model = try SpeculativeLanguageModel(target: target, draft: context, settings: settings)
            let (text, statistics) = try await model.speculate(
                GenerationRequest("It was a dark and stormy night, and", maximumTokens: 32, seed: UInt64(seed)))
            #expect(statistics.acceptance > 0.2 && statistics.acceptance < 1)
            // Each token through the distribution that the target has there by itself: independent uniform numbers, if the
            // token was drawn from it.
            let prompt = try target.tokens(of: "It was a dark and stormy night, and")
            let tokens = text.tokens.compactMap(\.token)
            let sequence = try await context.open(prompt + tokens.dropLast())
            let rows = try await context.logits(after: sequence, rows: tokens.count)
            await context.close([sequence])
            for (row, token) in tokens.enumerated() {
                let p = rows.logProbabilities(row).map { exp($0) }
                // In order of probability, so that a taste for likely tokens shows.
                let own = p[Int(token)]
                let above = p.reduce(0) { $0 + ($1 > own ? $1 : 0) }
                uniforms.append(above + random.uniform() * own)
            }
        }
        #expect(uniforms.count > 60)
        var counts = [Double](repeating: 0, count: 8)
        for uniform in uniforms { counts[min(7, Int(uniform * 8))] += 1 }
        let expected = Double(uniforms.count) / 8
        let square = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
        // Chi-square with 7 degrees of freedom: 51 is exceeded with probability below 1e-8.
        #expect(square < 51, "\(counts)")
    }

    @Test func aModelTakesItsOwnDrafts() async throws {
        let context = try context()
        var settings = SpeculationSettings()
        settings.length = .fixed(4)
        let model = try SpeculativeLanguageModel(
            target: EmbeddedLanguageModel(context), draft: context, settings: settings)
        let request = GenerationRequest("Once upon a time", maximumTokens: 40, seed: 5)
        let (text, statistics) = try await model.speculate(request)
        #expect(statistics.acceptance == 1)
        #expect(text.tokens.count == 40 && statistics.blocks == 8)
        // The same seed, in a cache as empty as the first time's: where cells lie decides about the last bits.
        let again = try self.context()
        let other = try SpeculativeLanguageModel(
            target: EmbeddedLanguageModel(again), draft: again, settings: settings)
        #expect(try await other.generate(request).text == text.text)
    }

    @Test func automaticLengthWritesTheTargetsFavourites() async throws {
        let context = try context()
        let model = try SpeculativeLanguageModel(target: EmbeddedLanguageModel(context), draft: context)
        let (text, statistics) = try await model.speculate(
            GenerationRequest("Once upon a time", sampling: .greedy, maximumTokens: 30))
        #expect(statistics.tokens == 30 && text.tokens.count == 30 && statistics.blocks <= 30)
        // Each token is the favourite of the target but for rounding.
        let scores = try await model.target.score(text.text, after: "Once upon a time")
        let margins = zip(scores, text.tokens).filter {
            $0.token == $1.token && $0.logProbability! < $1.logProbability! - 0.5
        }
        #expect(scores.count == 30 && margins.isEmpty)
    }

    @Test func textUnderAConstraintSatisfiesIt() async throws {
        let context = try context()
        let target = EmbeddedLanguageModel(context)
        var settings = SpeculationSettings()
        settings.length = .fixed(3)
        let speculative = try SpeculativeLanguageModel(target: target, draft: context, settings: settings)
        let schema =
            "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"pattern\":\"^[A-Z][a-z]{2,8}$\"},\"rank\":{\"type\":\"integer\"}},\"required\":[\"city\",\"rank\"]}"
        let cases: [(TextConstraint, String)] = [
            (.regularExpression("[0-9]{4}-[0-9]{2}"), "[0-9]{4}-[0-9]{2}"),
            (.words(["positive", "negative"]), "positive|negative"),
            (.grammar("root ::= \"yes\" (\", \" [a-z]{1,5}){2} \".\""), "yes(, [a-z]{1,5}){2}\\."),
            (.jsonSchema(schema), "\\{\\s*\"city\"\\s*:\\s*\"[A-Z][a-z]{2,8}\"\\s*,\\s*\"rank\"\\s*:\\s*-?\\d+\\s*\\}"),
        ]
        for (constraint, expression) in cases {
            for model in [target as any LanguageModel, speculative] {
                let text = try await model.generate(
                    GenerationRequest(
                        .chat([.user("Answer with one value.")]), maximumTokens: 80, constraint: constraint, seed: 3))
                #expect(
                    text.reason == .length
                        || text.text.range(of: "\\A(?:\(expression))\\z", options: .regularExpression) != nil,
                    "\(text.text) for \(expression)")
                #expect(text.reason == .stop || constraint == cases[3].0)
            }
        }
        await #expect(throws: LanguageError.self) {
            try await target.generate(GenerationRequest("x", constraint: .grammar("root ::= root")))
        }
    }

    @Test func masksOfTheWholeVocabularyHoldWhatTheirTokensSay() throws {
        let model = try TestModels.load()
        var constraint = try model.constraint(.jsonSchema("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"))
        for token in model.tokens(of: "[\"Grüße\", \"a\\n") {
            let mask = try constraint.allowedTokens()
            #expect(mask.contains(token))
            var random = Random(seed: UInt64(token))
            for _ in 0..<300 {
                let other = Token(random.integer(below: model.vocabularyCount))
                #expect(try mask.contains(other) == constraint.allows(other))
            }
            try constraint.accept(token)
        }
    }
}
