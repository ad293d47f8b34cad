public import Cascades
import Foundation

/// A question taken apart, its parts answered one after the other, each with the ones before it in view.
///
///     parts ~ p(. | question);  part i's answer ~ p(. | question, parts and answers before);  answer ~ p(. | all of it)
///
/// - Source: Zhou et al., 2022, least-to-most prompting; a program in the sense of paper 1.
public struct LeastToMost: Sendable {
    /// Takes the question apart: parts with ``separator`` between them.
    public var parts: any FieldStage
    /// Answers a part.
    public var part: any FieldStage
    /// Answers the question.
    public var answer: any FieldStage
    /// What is between parts.
    public var separator: String
    /// The most parts; further ones are left out.
    public var maximumParts: Int

    /// A decomposition.
    public init(
        parts: any FieldStage, part: any FieldStage, answer: any FieldStage, separator: String = ";",
        maximumParts: Int = 6
    ) {
        self.parts = parts
        self.part = part
        self.answer = answer
        self.separator = separator
        self.maximumParts = maximumParts
    }

    /// The program: a question to its answer. Its choices are at `parts`, `part[i]` and `answer`.
    public var program: QuestionProgram {
        QuestionProgram { scope, question in
            var known = [Field(FieldName.question, question)]
            let list = try await scope.ask("parts", parts, known).output
            let all = list.components(separatedBy: separator).map { $0.trimmingCharacters(in: .whitespaces) }
            for (index, text) in all.filter({ !$0.isEmpty }).prefix(maximumParts).enumerated() {
                known.append(Field(FieldName.part, text))
                known.append(Field(FieldName.result, try await scope.ask(.at("part", index), part, known).output))
            }
            return try await scope.ask("answer", answer, known).output
        }
    }
}
