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

    /// The model's own weights with fewer bits, as `--speculate` makes them.
    private static func form(_ form: EmbeddedModel.Quantization) throws -> EmbeddedModel {
        try withForm(form) { try EmbeddedModel(path: $0, name: "smollm2-135m \(form.rawValue)") }
    }

    private static func withForm<Result>(
        _ form: EmbeddedModel.Quantization, _ body: (String) throws -> Result
    ) throws -> Result {
        let path =
            NSTemporaryDirectory() + "cascade-test-\(ProcessInfo.processInfo.processIdentifier)-\(form.rawValue).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try EmbeddedModel.quantize(TestModels.smollm2!, to: path, as: form)
        return try body(path)
    }

    private func context(_ model: EmbeddedModel) throws -> EmbeddedContext {
        try EmbeddedContext(model, ContextConfiguration(cells: 2048, sequences: 32, batch: 32, threads: 1))
    }

    /// Each of `tokens` through the distribution that the target has there by itself, in a cache that nothing else has used:
    /// independent uniform numbers, if the tokens were drawn from it. In order of probability, so that a taste for likely tokens
    /// shows.
    private func uniforms(_ tokens: [Token], after prompt: [Token], _ random: inout Random) async throws -> [Double] {
        let alone = try context()
        let sequence = try await alone.open(prompt + tokens.dropLast())
        let rows = try await alone.logits(after: sequence, rows: tokens.count)
        var uniforms: [Double] = []
        for (row, token) in tokens.enumerated() {
            let p = rows.logProbabilities(row).map { exp($0) }
            let own = p[Int(token)]
            let above = p.reduce(0) { $0 + ($1 > own ? $1 : 0) }
            uniforms.append(above + random.uniform() * own)
        }
        return uniforms
    }

    /// Chi-square over sixteen equal parts.
    private func square(_ uniforms: [Double]) -> Double {
        var counts = [Double](repeating: 0, count: 16)
        for uniform in uniforms { counts[min(15, Int(uniform * 16))] += 1 }
        let expected = Double(uniforms.count) / 16
        return counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    }

    /// Drafts by a real weaker model, or by two. A wrong alarm has probability 1e-6 in each of the two chi-squares, and that the
    /// test finds a wrong law is seen by texts of the weaker model itself.
    @Test func textsWithAWeakerModelsDraftsHaveTheTargetsLaw() async throws {
        let target = try context()
        let (weak, other) = (try Self.form(.q2K), try Self.form(.q4Zero))
        let prompt = target.model.tokens(of: "It was a dark and stormy night, and")
        let each = 64
        var random = Random(seed: 70)
        var all: [Double] = []
        var (taken, refused) = (0, 0)
        for (number, (rule, drafts, isPair, isWithoutReplacement)) in [
            (SelectionRule.optimal, 1, false, false), (.optimal, 3, false, false), (.sequential, 3, false, false),
            (.importanceSampling, 3, false, false), (.recursiveRejection, 3, false, false),
            (.recursiveRejection, 3, false, true), (.optimal, 3, true, false), (.importanceSampling, 3, true, false),
        ].enumerated() {
            var settings = SpeculationSettings()
            settings.length = .fixed(3)
            settings.rule = rule
            settings.drafts = drafts
            settings.isWithoutReplacement = isWithoutReplacement
            let models = try isPair ? [context(weak), context(other)] : [context(weak)]
            var decoder = try SpeculativeDecoder(target: target, drafts: models, settings: settings)
            var state = SpeculativeDecoder.State(
                sampler: try TokenSampler(SamplingParameters()), random: Random(seed: UInt64(number)))
            var text = prompt
            while text.count < prompt.count + each {
                text += try await decoder.next(after: text, limit: prompt.count + each - text.count, state: &state)
                    .map(\.token)
            }
            taken += decoder.statistics.accepted
            refused += decoder.statistics.tried - decoder.statistics.accepted
            all += try await uniforms(Array(text[prompt.count...]), after: prompt, &random)
        }
        // The drafts are real ones: some are taken, some are not.
        #expect(taken > 0 && refused > 0)
        #expect(all.count == 8 * each)
        // With 15 degrees of freedom 56.5 is exceeded with probability 1e-6.
        #expect(square(all) < 56.5, "\(all)")
        // That neighbours are independent: the sum of two uniform numbers modulo 1 is uniform.
        let pairs = stride(from: 0, to: all.count - 1, by: 2).map {
            (all[$0] + all[$0 + 1]).truncatingRemainder(dividingBy: 1)
        }
        #expect(square(pairs) < 56.5)
        var drawn: [Double] = []
        for seed in 0..<2 as Range<UInt64> {
            let tokens = try weak.tokens(
                drawnAfter: prompt, count: 6 * each, sampling: SamplingParameters(), seed: 71 + seed)
            drawn += try await uniforms(tokens, after: prompt, &random)
        }
        #expect(square(drawn) > 56.5, "the weaker model's own law was not found out")
    }

    @Test func whatIsNoWritingIsTheTargetsAnswer() async throws {
        let target = EmbeddedLanguageModel(try context())
        let model = try SpeculativeLanguageModel(target: target, draft: context())
        let continuations = [" Paris", " Rome, of course"]
        let prompt = Prompt.text("The capital of France is")
        let scores = try await model.scores(of: continuations, after: prompt)
        let own = try await EmbeddedLanguageModel(context()).scores(of: continuations, after: prompt)
        #expect(scores.logProbabilities == own.logProbabilities)
        // Each continuation's own tokens are computed, and the prompt once.
        #expect(scores.computedTokens == own.computedTokens && scores.distributions == own.distributions)
        #expect(model.operations(tokens: 7, distributions: 3) == target.operations(tokens: 7, distributions: 3))
        #expect(model.operations(tokens: 7, distributions: 3) > 1e8)
        let request = GenerationRequest(prompt, maximumTokens: 4, seed: 1)
        #expect(try await model.generate(request).usage.cachedTokens > 0)
        let fresh = try SpeculativeLanguageModel(target: EmbeddedLanguageModel(context()), draft: context())
        #expect(try await fresh.generate(request).usage.cachedTokens == 0)
        #expect(try await fresh.generate(request).usage.cachedTokens > 0)
        // What the target thinks likeliest is told as the target itself tells it.
        var telling = request
        telling.likeliestCount = 3
        telling.sampling = .greedy
        let drafted = try await model.generate(telling)
        let written = try await EmbeddedLanguageModel(context()).generate(telling)
        #expect(drafted.tokens.map(\.likeliest) == written.tokens.map(\.likeliest))
        #expect(written.tokens.count == 4 && written.tokens.allSatisfy { $0.likeliest.count == 3 })
        #expect(written.tokens.allSatisfy { abs($0.likeliest[0].logProbability - ($0.logProbability ?? 0)) < 1e-5 })
    }

    @Test func aDraftWithOtherTokensIsAnError() async throws {
        let target = EmbeddedLanguageModel(try context())
        // The same weights, but one token is spelled otherwise.
        let changed = try Self.withForm(.q2K) { path in
            try Self.spell(token: 40_000, in: path)
            return try EmbeddedModel(path: path, name: "changed")
        }
        let (old, new) = (target.model.name(of: 40_000), changed.name(of: 40_000))
        #expect(old != new)
        let mismatch = LanguageError.vocabularyMismatch(
            first: target.model.name, second: "changed", reason: "token 40000 is \"\(old)\" and \"\(new)\"")
        #expect(throws: mismatch) { try SpeculativeLanguageModel(target: target, draft: context(changed)) }
        var settings = SpeculationSettings()
        settings.drafts = 2
        // Among several drafts, too.
        #expect(throws: mismatch) {
            try SpeculativeLanguageModel(
                target: target, drafts: [context(target.model), context(changed)], settings: settings)
        }
        if let path = try? ModelStore().path(of: "gemma-3-270m") {
            let gemma = try EmbeddedModel(path: path, name: "gemma", vocabularyOnly: true)
            #expect(
                throws: LanguageError.vocabularyMismatch(
                    first: target.model.name, second: "gemma",
                    reason: "\(target.model.vocabularyCount) and \(gemma.vocabularyCount) tokens")
            ) { try target.model.requireSameVocabulary(as: gemma) }
        }
    }

    /// Spells a token of a GGUF file otherwise: with as many letters Q.
    private static func spell(token: Int, in path: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let header = try #require(try file.read(upToCount: 4 << 20))
        let key = try #require(header.range(of: Data("tokenizer.ggml.tokens".utf8)))
        func number(at place: Int) -> Int {
            (0..<8).reduce(0) { $0 | Int(header[place + $1]) << (8 * $1) }
        }
        // Behind the key: the types of the value and of its elements, four bytes each, and their number. Then each string, its
        // length first.
        var place = key.upperBound + 16
        for _ in 0..<token { place += 8 + number(at: place) }
        try file.seek(toOffset: UInt64(place + 8))
        try file.write(contentsOf: Data(repeating: UInt8(ascii: "Q"), count: number(at: place)))
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
