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
        try Self.check(thoughts)
        let known = [Field(FieldName.question, question)]
        var law: [String: Double] = [:]
        for thought in try await weighed(known, thoughts, &random) {
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

    /// `ln` of the probability of one answer with the thought summed out, in nats.
    ///
    /// Where answers can be listed or scored, it is exact for each thought; thoughts are listed or drawn as in
    /// ``marginal(_:thoughts:using:)``. Where a model only writes, `thoughts` runs are made, of which n give the answer, and
    /// `(n + 1/2) / (thoughts + 1)` is the estimate: above 0 after few runs, too.
    ///
    /// - Parameters:
    ///   - answer: the answer.
    ///   - thoughts: how many thoughts are drawn where they can't be listed.
    ///   - isSame: whether a text that was written is the answer.
    public func logProbability(
        of answer: String, to question: String, thoughts: Int, isSame: (String) -> Bool, using random: inout Random
    ) async throws -> Double {
        if self.answer is any FiniteStage<[Field], String> {
            return log(try await marginal(question, thoughts: thoughts, using: &random)[answer] ?? 0)
        }
        try Self.check(thoughts)
        let known = [Field(FieldName.question, question)]
        guard let scoring = self.answer as? any ScoredFieldStage else {
            var hits = 0
            for _ in 0..<thoughts {
                try Task.checkCancellation()
                let output = try await thought.run(known, using: &random).decision.output ?? ""
                let after = known + [Field(FieldName.thought, output)]
                if let written = try await self.answer.run(after, using: &random).decision.output, isSame(written) {
                    hits += 1
                }
            }
            return log((Double(hits) + 0.5) / Double(thoughts + 1))
        }
        var probability = 0.0
        for thought in try await weighed(known, thoughts, &random) {
            let after = known + [Field(FieldName.thought, thought.value)]
            let score = try await scoring.scored(answer, given: after).logScore ?? -.infinity
            probability += exp(thought.logWeight + score)
        }
        return log(probability)
    }

    private static func check(_ thoughts: Int) throws(LanguageError) {
        guard thoughts >= 1 else {
            throw .improperParameter(name: "thoughts", value: "\(thoughts)", expected: "1 or more")
        }
    }

    /// The thoughts that are listed with their weights, or as many as are asked for, drawn.
    private func weighed(_ known: [Field], _ thoughts: Int, _ random: inout Random) async throws -> [Weighted<String>] {
        if let listed = try await (thought as? any FiniteStage<[Field], String>)?.outcomes(given: known) {
            return listed.runs.filter { $0.logWeight > -.infinity }
                .map { Weighted($0.value.decision.output ?? "", logWeight: $0.logWeight) }
        }
        var drawn: [Weighted<String>] = []
        for _ in 0..<thoughts {
            try Task.checkCancellation()
            let output = try await thought.run(known, using: &random).decision.output ?? ""
            drawn.append(Weighted(output, logWeight: -log(Double(thoughts))))
        }
        return drawn
    }
}
