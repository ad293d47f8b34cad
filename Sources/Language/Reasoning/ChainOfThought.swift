public import Cascades
import Foundation
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
        QuestionProgram { scope, question in
            var known = [Field(FieldName.question, question)]
            known.append(Field(FieldName.thought, try await scope.ask("thought", thought, known).output))
            return try await scope.ask("answer", answer, known).output
        }
    }

    /// The answers' law with the thought summed out: exactly where thoughts can be listed, and else over sampled ones,
    /// `(1/n) Σ_i p(answer | question, thought_i)`, without bias and with less variance than votes.
    ///
    /// - Parameter thoughts: how many are sampled where they can't be listed.
    /// - Returns: the probability of each answer.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where the answers can't be listed, or without
    ///   thoughts.
    public func marginal(
        _ question: String, thoughts: Int, using random: inout Random
    ) async throws -> [String: Double] {
        guard thoughts >= 1 else {
            throw LanguageError.improperParameter(name: "thoughts", value: "\(thoughts)", expected: "1 or more")
        }
        let known = [Field(FieldName.question, question)]
        var weighted: [Weighted<String>] = []
        if let listed = try await (thought as? any FiniteStage<[Field], String>)?.outcomes(given: known) {
            weighted = listed.runs.map { Weighted($0.value.decision.output ?? "", logWeight: $0.logWeight) }
        } else {
            for _ in 0..<thoughts {
                try Task.checkCancellation()
                let output = try await thought.run(known, using: &random).decision.output ?? ""
                weighted.append(Weighted(output, logWeight: -log(Double(thoughts))))
            }
        }
        var law: [String: Double] = [:]
        for thought in weighted where thought.logWeight > -.infinity {
            let after = known + [Field(FieldName.thought, thought.value)]
            guard let listed = try await (answer as? any FiniteStage<[Field], String>)?.outcomes(given: after) else {
                throw LanguageError.improperParameter(
                    name: "answer", value: answer.name,
                    expected: "a stage that can list its answers, such as ChoiceStage")
            }
            for outcome in listed.runs {
                law[outcome.value.decision.output ?? "", default: 0] += exp(thought.logWeight + outcome.logWeight)
            }
        }
        return law
    }
}
