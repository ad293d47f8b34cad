public import Cascades
import Foundation

/// Reasoning over given facts in turns: some facts are selected, one more is inferred from these alone and added; in the
/// end the question is answered from all facts.
///
///     selected ~ p(. | facts, question) without replacement;  inferred ~ p(. | selected);  facts += inferred
///
/// The inference sees no more than what was selected, so that a chain says what it rests on. Selections are choices among
/// the facts and can be enumerated.
///
/// - Source: Creswell et al., 2022; as a program in paper 1, Language Model Cascades, section 4.1.
public struct SelectionInference: Sendable {
    /// Selects one of the facts: a stage that is given what is known, with the facts selected in this turn last, in fields
    /// called `Selected`.
    public var select: any FieldStage
    /// Infers a fact from the selected ones.
    public var infer: any FieldStage
    /// Answers from all facts.
    public var answer: any FieldStage
    /// How many turns.
    public var turns: Int
    /// How many facts are selected in a turn.
    public var selections: Int

    /// The name of the fields that hold what was selected.
    public static let selected = "Selected"

    /// Turns of selection and inference.
    public init(
        select: any FieldStage, infer: any FieldStage, answer: any FieldStage, turns: Int = 1, selections: Int = 2
    ) {
        self.select = select
        self.infer = infer
        self.answer = answer
        self.turns = turns
        self.selections = selections
    }

    /// Facts and a question about them.
    public struct Question: Sendable, Hashable {
        /// What is known.
        public var facts: [String]
        /// What is asked.
        public var question: String

        /// A question about facts.
        public init(facts: [String], question: String) {
            self.facts = facts
            self.question = question
        }

        /// The question that a text ends with, and its other sentences as facts.
        public init(_ text: String) {
            var sentences = text.split(whereSeparator: \.isNewline).flatMap { line in
                line.replacing("? ", with: "?\n").replacing(". ", with: ".\n").split(separator: "\n")
            }.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            question = sentences.popLast() ?? ""
            facts = sentences
        }
    }

    /// The facts among `known` that were not selected in this turn: the candidates of a stage that selects.
    public static func candidates(_ known: [Field]) -> [String] {
        let taken = Set(known.texts(selected))
        var seen: Set<String> = []
        return known.texts(FieldName.fact).filter { !taken.contains($0) && seen.insert($0).inserted }
    }

    /// The program: facts and a question to its answer. Its choices are at `turn[t]/select[i]`, `turn[t]/infer`, `answer`.
    public var program: Program<Question, String> {
        Program<Question, String> { scope, question in
            let asked = Field(FieldName.question, question.question)
            var facts = question.facts.map { Field(FieldName.fact, $0) }
            for turn in 0..<turns {
                let place = Address.at("turn", turn)
                var chosen: [Field] = []
                for index in 0..<selections where !Self.candidates(facts + chosen).isEmpty {
                    let known = facts + [asked] + chosen
                    // Without `self` it would be the system's function of that name.
                    let fact = try await scope.ask(place / .at("select", index), self.select, known).output
                    chosen.append(Field(Self.selected, fact))
                }
                facts.append(Field(FieldName.fact, try await scope.ask(place / "infer", infer, chosen).output))
            }
            facts.append(asked)
            return try await scope.ask("answer", answer, facts).output
        }
    }

    /// The program on texts: sentences, of which the last one is the question.
    public var textProgram: QuestionProgram {
        let program = program
        return QuestionProgram { scope, text in try await scope.call("facts", program, Question(text)) }
    }
}
