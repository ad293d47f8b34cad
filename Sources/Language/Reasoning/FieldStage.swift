public import Cascades

/// What fills in a field of a form: a language model by way of a ``Form``, a tool, a person, a cascade of models.
public typealias FieldStage = Stage<[Field], String>

/// A program that answers questions in words.
public typealias QuestionProgram = Program<String, String>

/// A stage that fills in a field and knows how likely any text is.
public typealias ScoredFieldStage = ScoredStage<[Field], String>

extension Stage where Input == [Field], Output == String {
    /// What it says without chance: its answer, or of a stage that draws tokens the likeliest ones.
    func likeliest(_ known: [Field]) async throws -> Answer<String> {
        guard let written = self as? GenerationStage<[Field]> else { return try await answer(known) }
        return try await written.withoutChance.answer(known)
    }
}

/// The names that fields have in the programs of this folder.
public enum FieldName {
    public static let question = "Question"
    public static let work = "Work"
    public static let thought = "Thought"
    public static let answer = "Answer"
    public static let verdict = "Correct"
    public static let part = "Part"
    public static let fact = "Fact"
    public static let inference = "Inference"
    public static let calculation = "Calculation"
    public static let result = "Result"
}
