import Foundation
import Probability
import Testing

@testable import Language

/// A model whose next token depends on the last two, from a table made of a seed.
struct ScriptedScorer: TokenScorer {
    let vocabularyCount: Int
    let seed: UInt64
    var scale = 1.0

    func row(after prefix: [Token]) -> [Float] {
        let place = prefix.suffix(2).reduce(UInt64(prefix.count > 1 ? 1 : 0)) { $0 * 64 + UInt64($1) }
        var random = Random(seed: seed).split(place)
        return (0..<vocabularyCount).map { _ in Float(scale * random.normal()) }
    }

    func logits(after prefixes: [[Token]]) async throws -> LogitRows {
        LogitRows(values: prefixes.flatMap(row), vocabularyCount: vocabularyCount)
    }
}

@Suite("Speculation") struct SpeculativeDecoderTests {
    /// The probabilities of all texts of `length` tokens after `prompt`, by number in base `vocabulary`.
    static func texts(
        _ scorer: ScriptedScorer, _ prompt: [Token], _ length: Int, _ sampler: TokenSampler,
        _ constraint: (any TokenConstraint)? = nil
    ) throws -> [Double] {
        let count = scorer.vocabularyCount
        var law = [Double](repeating: 0, count: Int(pow(Double(count), Double(length))))
        func walk(
            _ text: [Token], _ probability: Double, _ number: Int, _ sampler: TokenSampler,
            _ constraint: (any TokenConstraint)?
        ) throws {
            if text.count == prompt.count + length {
                law[number] += probability
                return
            }
            let next = try sampler.next(
                logits: scorer.row(after: text), history: text, allowed: constraint?.allowedTokens())
            for token in next.distribution.tokens {
                var (sampler, constraint) = (sampler, constraint)
                sampler.accept(token, from: next)
                try constraint?.accept(token)
                try walk(
                    text + [token], probability * next.distribution.probability(of: token),
                    number * count + Int(token), sampler, constraint)
            }
        }
        try walk(prompt, 1, 0, sampler, constraint)
        return law
    }

    private static let settings: [SpeculationSettings] = {
        var all: [SpeculationSettings] = []
        for rule in SelectionRule.allCases {
            for (drafts, length) in [(1, 1), (1, 3), (2, 2), (3, 4)] {
                all.append(setting(rule, drafts: drafts, length: length))
            }
        }
        var settings = SpeculationSettings()
        settings.rule = .recursiveRejection
        settings.drafts = 2
        settings.isWithoutReplacement = true
        settings.length = .automatic(maximum: 3)
        return all + [settings]
    }()

    private static func setting(_ rule: SelectionRule, drafts: Int, length: Int) -> SpeculationSettings {
        var settings = SpeculationSettings()
        settings.rule = rule
        settings.drafts = drafts
        settings.length = .fixed(length)
        return settings
    }

    @Test(arguments: settings) func textsHaveTheTargetsLaw(settings: SpeculationSettings) async throws {
        // Penalties, cuts and control of surprise all depend on the text so far, down each branch of the drafts.
        var parameters = SamplingParameters()
        parameters.repetitionPenalty = 1.3
        parameters.topP = 0.95
        parameters.mirostat = Mirostat(target: 1.2, rate: 0.5)
        try await expectTheTargetsLaw(
            settings, [ScriptedScorer(vocabularyCount: 4, seed: 31, scale: 0.7)], parameters)
    }

    private static let severalModels: [SpeculationSettings] = {
        var all: [SpeculationSettings] = []
        for rule in SelectionRule.allCases where rule != .sequential {
            for (drafts, length) in [(2, 1), (3, 3)] { all.append(setting(rule, drafts: drafts, length: length)) }
        }
        for rule in [SelectionRule.recursiveRejection, .optimal] {
            var settings = setting(rule, drafts: 3, length: 2)
            settings.isWithoutReplacement = true
            all.append(settings)
        }
        return all
    }()

    @Test(arguments: severalModels) func textsDraftedBySeveralModelsHaveTheTargetsLaw(
        settings: SpeculationSettings
    ) async throws {
        // Only a temperature: laws are not stored.
        var parameters = SamplingParameters()
        parameters.temperature = 0.9
        let models = [
            ScriptedScorer(vocabularyCount: 4, seed: 31, scale: 0.7), ScriptedScorer(vocabularyCount: 4, seed: 33),
        ]
        try await expectTheTargetsLaw(settings, models, parameters)
    }

    private func expectTheTargetsLaw(
        _ settings: SpeculationSettings, _ drafts: [ScriptedScorer], _ parameters: SamplingParameters
    ) async throws {
        let target = ScriptedScorer(vocabularyCount: 4, seed: 30, scale: 1.2)
        let sampler = try TokenSampler(parameters)
        let law = try Self.texts(target, [0], 4, sampler)
        let runs = 12_000
        var counts = [Double](repeating: 0, count: law.count)
        let root = Random(seed: 32)
        for run in 0..<runs {
            var decoder = try SpeculativeDecoder(target: target, drafts: drafts, settings: settings)
            var state = SpeculativeDecoder.State(sampler: sampler, random: root.split(UInt64(run)))
            var text: [Token] = [0]
            while text.count < 5 {
                text += try await decoder.next(after: text, limit: 5 - text.count, state: &state).map(\.token)
            }
            #expect(text.count == 5)
            counts[text.dropFirst().reduce(0) { $0 * 4 + Int($1) }] += 1
        }
        // Rare texts together.
        var square = 0.0
        var cells = 0.0
        var rare = (expected: 0.0, seen: 0.0)
        for (expected, seen) in zip(law.map { $0 * Double(runs) }, counts) {
            if expected < 10 {
                rare.expected += expected
                rare.seen += seen
                if expected == 0 { #expect(seen == 0) }
            } else {
                square += (seen - expected) * (seen - expected) / expected
                cells += 1
            }
        }
        if rare.expected > 0 { square += (rare.seen - rare.expected) * (rare.seen - rare.expected) / rare.expected }
        // Wilson and Hilferty's normal form of chi-square; z = 6.5 is exceeded with probability below 1e-10, and there are few
        // of these tests.
        let z = (pow(square / cells, 1.0 / 3) - (1 - 2 / (9 * cells))) / (2 / (9 * cells)).squareRoot()
        #expect(z < 6.5, "\(settings)")
    }

    @Test func aTextUnderAConstraintHasTheTargetsLawUnderIt() async throws {
        let tokenizer = SmallTokenizer(pieces: ["a", "b", "ab"])
        let constraint = try AutomatonConstraint(.regularExpression("(ab|b){3,4}"), VocabularyTrie(tokenizer))
        let target = ScriptedScorer(vocabularyCount: 4, seed: 40)
        let draft = ScriptedScorer(vocabularyCount: 4, seed: 41)
        let sampler = try TokenSampler(SamplingParameters())
        let law = try Self.texts(target, [0], 3, sampler, constraint)
        var settings = SpeculationSettings()
        settings.drafts = 2
        settings.length = .fixed(3)
        var counts = [Double](repeating: 0, count: law.count)
        let runs = 12_000
        for run in 0..<runs {
            var decoder = try SpeculativeDecoder(target: target, draft: draft, settings: settings) {
                $0 == tokenizer.end
            }
            var state = SpeculativeDecoder.State(
                sampler: sampler, constraint: constraint, random: Random(seed: 42).split(UInt64(run)))
            var text: [Token] = [0]
            while text.count < 4 {
                text += try await decoder.next(after: text, limit: 4 - text.count, state: &state).map(\.token)
            }
            counts[text.dropFirst().reduce(0) { $0 * 4 + Int($1) }] += 1
        }
        for (probability, seen) in zip(law, counts) {
            let expected = probability * Double(runs)
            // Binomial: 6.5 standard deviations and a half, 64 cells.
            let spread = (expected * (1 - probability)).squareRoot()
            #expect(abs(seen - expected) <= 6.5 * spread + 8 && (probability > 0 || seen == 0))
        }
    }

    @Test func theSameSeedWritesTheSameTextAndATargetAcceptsItsOwnDrafts() async throws {
        let target = ScriptedScorer(vocabularyCount: 6, seed: 50)
        var settings = SpeculationSettings()
        settings.length = .fixed(4)
        settings.drafts = 2
        var texts: [[Token]] = []
        for _ in 0..<2 {
            var decoder = try SpeculativeDecoder(target: target, draft: target, settings: settings)
            var state = SpeculativeDecoder.State(
                sampler: try TokenSampler(SamplingParameters()), random: Random(seed: 51))
            var text: [Token] = [1]
            while text.count < 200 { text += try await decoder.next(after: text, state: &state).map(\.token) }
            #expect(decoder.statistics.acceptance == 1)
            #expect(decoder.statistics.blockEfficiency == 5)
            texts.append(text)
        }
        #expect(texts[0] == texts[1])
    }

    @Test func unequalVocabulariesAreAnError() {
        let target = ScriptedScorer(vocabularyCount: 4, seed: 1)
        let other = ScriptedScorer(vocabularyCount: 5, seed: 1)
        #expect(
            throws: LanguageError.vocabularyMismatch(
                first: "the target", second: "the draft", reason: "4 and 5 tokens")
        ) { try SpeculativeDecoder(target: target, draft: other) }
        var settings = SpeculationSettings()
        settings.drafts = 2
        #expect(
            throws: LanguageError.vocabularyMismatch(first: "the target", second: "draft 2", reason: "4 and 5 tokens")
        ) { try SpeculativeDecoder(target: target, drafts: [target, other], settings: settings) }
    }

    @Test func draftsThatARuleCantTakeAreRefusedBeforeTheFirstToken() throws {
        let large = ScriptedScorer(vocabularyCount: 49_152, seed: 1)
        func refusal(
            _ rule: SelectionRule, drafts: Int, models: Int = 1, isWithoutReplacement: Bool = false
        ) -> LanguageError? {
            var settings = Self.setting(rule, drafts: drafts, length: 2)
            settings.isWithoutReplacement = isWithoutReplacement
            do {
                _ = try SpeculativeDecoder(
                    target: large, drafts: Array(repeating: large, count: models), settings: settings)
                return nil
            } catch { return error }
        }
        // Every rule takes drafts of one model, and one draft in any case.
        for rule in SelectionRule.allCases {
            #expect(refusal(rule, drafts: 4) == nil)
            #expect(refusal(rule, drafts: 1, isWithoutReplacement: true) == nil)
        }
        for rule in [SelectionRule.recursiveRejection, .importanceSampling, .optimal] {
            #expect(refusal(rule, drafts: 4, models: 2) == nil)
        }
        #expect(refusal(.recursiveRejection, drafts: 4, models: 2, isWithoutReplacement: true) == nil)
        let several = try #require(refusal(.sequential, drafts: 2, models: 2))
        #expect("\(several)".contains("Rules that can: recursiveRejection, importanceSampling, optimal"))
        for rule in [SelectionRule.sequential, .importanceSampling, .optimal] {
            let error = try #require(refusal(rule, drafts: 2, isWithoutReplacement: true))
            #expect("\(error)".contains("without replacement") && "\(error)".contains("can: recursiveRejection."))
        }
        #expect(
            refusal(.optimal, drafts: 1, models: 2)
                == .improperParameter(
                    name: "drafts", value: "1", expected: "at least 2, one for each model that drafts"))
        #expect(refusal(.optimal, drafts: 1, models: 0) != nil)
    }
}

@Suite("The length of drafts") struct SpeculationControllerTests {
    /// Runs a controller on a machine with these costs; the drafted lengths.
    private func lengths(
        acceptance: Double, draft: Double, target: (Int) -> Double, blocks: Int, seed: UInt64 = 60
    ) -> [Int] {
        var random = Random(seed: seed)
        var controller = SpeculationController(maximumLength: 8)
        return (0..<blocks).map { _ in
            let length = controller.nextLength
            var accepted = 0
            while accepted < length, random.uniform() < acceptance { accepted += 1 }
            controller.observe(
                length: length, accepted: accepted, written: accepted + 1, draftSeconds: draft * Double(length),
                targetSeconds: target(length))
            return length
        }
    }

    @Test func isTheFastestOne() {
        for (acceptance, draft) in [(0.8, 0.05), (0.6, 0.1), (0.9, 0.02)] {
            let lengths = lengths(
                acceptance: acceptance, draft: draft, target: { 1 + 0.02 * Double($0) }, blocks: 600)
            func rate(_ length: Int) -> Double {
                (1 - pow(acceptance, Double(length + 1))) / (1 - acceptance)
                    / (Double(length) * draft + 1 + 0.02 * Double(length))
            }
            let best = (0...8).map(rate).max()!
            let used = lengths.suffix(300).map(rate).reduce(0, +) / 300
            #expect(used > 0.95 * best)
        }
    }

    @Test func isNoneWhereDraftsDoNotPay() {
        // Four places cost three steps, as on two cores: nothing is gained.
        let lengths = lengths(acceptance: 0.6, draft: 0.5, target: { 1 + 0.7 * Double($0) }, blocks: 3000)
        #expect(lengths.suffix(2000).count { $0 > 0 } < 30)
        // It is tried again all the same.
        #expect(lengths.suffix(2000).contains { $0 > 0 })
    }

    @Test func followsAChangeOfTheText() {
        var random = Random(seed: 61)
        var controller = SpeculationController(maximumLength: 8)
        var late: [Int] = []
        for block in 0..<3000 {
            let acceptance = block < 500 ? 0.05 : 0.95
            let length = controller.nextLength
            var accepted = 0
            while accepted < length, random.uniform() < acceptance { accepted += 1 }
            controller.observe(
                length: length, accepted: accepted, written: accepted + 1, draftSeconds: 0.1 * Double(length),
                targetSeconds: 1 + 0.05 * Double(length))
            if block >= 2500 { late.append(length) }
        }
        #expect(late.count { $0 >= 5 } > 400)
    }
}
