public import Cascades
import Foundation
import NumericalMethods
public import Probability

/// A thought, then the answer.
///
///     thought ~ p(. | question);  answer ~ p(. | question, thought)
///
/// The answer's law has the thought summed out: exactly where thoughts and answers are chosen among candidates
/// (`ProgramEnumeration` on ``program``), over sampled thoughts with the answer's own law (``marginal(_:thoughts:using:)``),
/// or by sampling both and counting votes (``SelfConsistency``).
///
/// - Source: paper 1, Language Model Cascades, sections 3 and 4.1.
public struct ChainOfThought: Sendable {
    /// Thinks.
    public var thought: any FieldStage
    /// Answers given the thought.
    public var answer: any FieldStage

    /// A chain of these.
    public init(thought: any FieldStage, answer: any FieldStage) {
        self.thought = thought
        self.answer = answer
    }

    /// The program: a question to its answer. Its choices are at `thought` and `answer`.
    public var program: QuestionProgram {
        QuestionProgram { [self] scope, question in
            var known = [Field(FieldName.question, question)]
            known.append(Field(FieldName.thought, try await scope.ask("thought", thought, known).output))
            return try await scope.ask("answer", answer, known).output
        }
    }

    /// The answers' law with thoughts sampled and each thought's answers summed up exactly:
    /// `(1/n) Σ_i p(answer | question, thought_i)`, without bias and with less variance than votes.
    ///
    /// - Returns: the probability of each answer that can be listed.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where the answers can't be listed, or without
    ///   thoughts.
    public func marginal(
        _ question: String, thoughts: Int, using random: inout Random
    ) async throws -> [String: Double] {
        guard let answer = answer as? any FiniteStage<[Field], String> else {
            throw LanguageError.improperParameter(
                name: "answer", value: answer.name, expected: "a stage that can list its answers, such as ChoiceStage")
        }
        guard thoughts >= 1 else {
            throw LanguageError.improperParameter(name: "thoughts", value: "\(thoughts)", expected: "1 or more")
        }
        let known = [Field(FieldName.question, question)]
        var law: [String: Double] = [:]
        for _ in 0..<thoughts {
            try Task.checkCancellation()
            let run = try await thought.run(known, using: &random)
            let after = known + [Field(FieldName.thought, run.decision.output ?? "")]
            guard let listed = try await answer.outcomes(given: after) else {
                throw LanguageError.improperParameter(
                    name: "answer", value: answer.name, expected: "a stage with finitely many answers")
            }
            for outcome in listed.runs {
                law[outcome.value.decision.output ?? "", default: 0] += exp(outcome.logWeight) / Double(thoughts)
            }
        }
        return law
    }
}
