import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `studies of populations` {
    @Test func `put categories into sentences`() {
        let bird = TypicalityStudy.categories[0].contrasts
        #expect(bird[0].expected == .init(prompt: "A robin is a", continuation: " bird"))
        #expect(bird[1].other == .init(prompt: "An ostrich is a", continuation: " bird"))
        let sport = TypicalityStudy.categories.last!.contrasts
        #expect(sport[0].expected == .init(prompt: "Football is a", continuation: " sport"))
        #expect(TypicalityStudy.categories[3].contrasts[0].expected.prompt == "A chair is a piece of")
        for category in TypicalityStudy.categories {
            #expect(Set(category.typical + category.untypical).count == 16 && category.contrasts.count == 8)
        }
    }

    @Test func `prime sentences that share no content with their targets`() {
        var random = Random(seed: 4)
        let contrasts = PrimingStudy.contrasts(50, using: &random)
        #expect(contrasts.count == 200)
        let function: Set<String> = ["The", "the", "a", "to", "was", "by"]
        func words(_ text: String) -> [String] { text.split { !$0.isLetter }.map(String.init) }
        for contrast in contrasts {
            #expect(contrast.expected.continuation == contrast.other.continuation)
            let target = Set(words(contrast.expected.continuation)).subtracting(function)
            #expect(target.isDisjoint(with: words(contrast.expected.prompt)))
            // Both primes say the same: the same words but for those that make the structure.
            #expect(
                Set(words(contrast.expected.prompt)).subtracting(function)
                    == Set(words(contrast.other.prompt)).subtracting(function))
            #expect(contrast.expected.prompt != contrast.other.prompt)
            let isLike = words(contrast.expected.prompt).count == words(contrast.expected.continuation).count
            #expect(isLike && words(contrast.other.prompt).count != words(contrast.expected.prompt).count)
        }
    }

    @Test func `measure contrasts on every member`() async throws {
        // Members that like b's by so much.
        func member(_ liking: Double) -> TableModel {
            TableModel(logProbability: { continuation, prompt in
                prompt == .text("x") ? -1 : -1 - liking * Double(continuation.count)
            })
        }
        let contrasts = ["bb", "b"].map { text in
            LikelihoodContrast(
                group: "g", expected: .init(prompt: "x", continuation: text),
                other: .init(prompt: "y", continuation: text))
        }
        let effects = try await ModelPopulation([member(1), member(2), member(-3)]).effects(of: contrasts)
        #expect(effects.values == [[2, 1], [4, 2], [-6, -3]])
        #expect(abs(effects.membersAbove - 2.0 / 3) < 1e-12)
        let silent = TableModel(logProbability: { _, _ in .nan })
        await #expect(throws: LanguageError.self) { try await ModelPopulation([silent]).effects(of: contrasts) }
    }
}

@Suite(
    "A population of a model in the process", .serialized,
    .enabled(if: TestModels.smollm2 != nil, "needs `cascade models get smollm2-135m`"))
struct PopulationOfAModelTests {
    @Test func membersDifferByTheirSeedAndStrengthAlone() async throws {
        let model = try TestModels.load()
        func scores(_ strength: Double, _ seed: UInt64) async throws -> [[Double?]] {
            var rows: [[Double?]] = []
            for member in try ModelPopulation(model, count: 2, strength: strength, seed: seed).members {
                rows.append(
                    try await member.score(" is in France, and is a large city.", after: .text("Paris"))
                        .map(\.logProbability))
            }
            return rows
        }
        let plain = try await EmbeddedLanguageModel(
            try EmbeddedContext(model, ContextConfiguration(cells: 512, sequences: 8, threads: 1))
        )
        .score(" is in France, and is a large city.", after: .text("Paris")).map(\.logProbability)
        let (none, some) = (try await scores(0, 1), try await scores(0.02, 1))
        #expect(none[0] == plain && none[1] == plain)
        #expect(some[0] != plain && some[0] != some[1])
        #expect(try await scores(0.02, 1) == some)
        #expect(try await scores(0.02, 2) != some)
    }

    @Test func theStrengthIsTheOneAtWhichPerplexityRisesSoMuch() async throws {
        let model = try TestModels.load()
        let text = "The road to the village runs along the river for three miles and then climbs slowly."
        let strength = try await ModelPopulation.strength(of: model, ratio: 1.2, text: text, seed: 3)
        func loss(_ strength: Double) async throws -> Double {
            var sum = 0.0
            for member in try ModelPopulation(model, count: 3, strength: strength, seed: 3).members {
                let tokens = try await member.score(text, after: .text(""))
                sum -= tokens.reduce(0) { $0 + $1.logProbability! } / Double(tokens.count) / 3
            }
            return sum
        }
        let own = try await loss(0)
        // The strength is known to within 5 %, and a rise of loss goes like its square, but for rounding of a few hundredths.
        let risen = try await loss(strength) - own - log(1.2)
        #expect(abs(risen) < 0.05)
        #expect(try await loss(strength / 2) < own + log(1.2))
        #expect(try await loss(strength * 2) > own + log(1.2))
        await #expect(throws: LanguageError.self) {
            try await ModelPopulation.strength(of: model, ratio: 1, text: text, seed: 3)
        }
    }

    @Test func shiftsThatDoNotFitAreRefused() throws {
        let model = try TestModels.load()
        #expect(throws: LanguageError.self) {
            try EmbeddedContext(model, ContextConfiguration(cells: 256, sequences: 2, threads: 1), layerShifts: [1, 2])
        }
    }
}
