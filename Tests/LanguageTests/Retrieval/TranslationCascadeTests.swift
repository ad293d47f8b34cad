import Cascades
import Language
import Testing

@Suite struct `cascaded translation` {
    private let into = DictionaryTranslator("from pig latin", ["atcay": "cat", "ogday": "dog", "ayssay": "says"])
    private let back = DictionaryTranslator("to pig latin", ["meow": "eowmay", "woof": "oofway"])

    @Test func `known words are translated, others and all between stay`() async throws {
        let answer = try await into.answer("Atcay, xyz -- ayssay!")
        #expect(answer.output == "Cat, xyz -- says!")
        #expect(abs(answer.evidence["coverage"]! - 2.0 / 3) < 1e-15)
        #expect(try await into.answer("").evidence["coverage"] == 1)
    }

    @Test func `a question goes in, is answered and comes out; costs add up`() async throws {
        let animal = FunctionStage<String, String>("animal") { question in
            Answer(question.contains("Cat") ? "Meow" : "Woof", cost: Cost(tokensIn: 3, seconds: 0.5))
        }
        let cascade = TranslationCascade(into: into, answer: animal, back: back)
        let answer = try await cascade.stage.answer("Atcay ayssay")
        #expect(answer.output == "Eowmay")
        #expect(answer.cost == Cost(tokensIn: 3, seconds: 0.5))
        #expect(cascade.stage.name == "from pig latin > animal > to pig latin")
    }

    @Test func `a failing step says where`() async throws {
        let silent = FunctionStage<String, String>("silent") { _ in
            throw LanguageError.noTokenLeft(reason: "nothing to say")
        }
        do {
            _ = try await TranslationCascade(into: into, answer: silent, back: back).stage.answer("x")
            Issue.record("it answered")
        } catch let error as ProgramError {
            guard case .stageFailed(let address, "silent", _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(address == "answer")
        }
    }
}
