public import Cascades
public import Inference
public import Probability

/// An answer that a verifier is held to have found right: a generator conditioned on the verdict.
///
///     answer ~ p(. | question);   observe  verdict = accepted  with  p(verdict | question, answer)
///
/// Under a method of inference the answers' law is the generator's times the verdict's. ``best(of:_:using:)`` is the usual
/// shortcut: the one of n answers that the verifier likes best.
///
/// - Source: paper 1, Language Model Cascades, section 4.2, after Cobbe et al., 2021.
public struct VerifiedAnswer: Sendable {
    /// What answers.
    public var generator: QuestionProgram
    /// Says of a question and its answer whether it is right.
    public var verdict: any ScoredFieldStage
    /// The verdict that is observed.
    public var accepted: String

    /// `generator`, held to be found right by `verdict`.
    public init(_ generator: QuestionProgram, verdict: any ScoredFieldStage, accepted: String = "yes") {
        self.generator = generator
        self.verdict = verdict
        self.accepted = accepted
    }

    /// The program: a question to an answer, weighed by the verdict. The generator's choices are inside `generator`; the
    /// verdict is observed at `verdict`.
    public var program: QuestionProgram {
        QuestionProgram { [self] scope, question in
            let answer = try await scope.call("generator", generator, question)
            try await scope.observe(
                "verdict", verdict, [Field(FieldName.question, question), Field(FieldName.answer, answer)], accepted)
            return answer
        }
    }

    /// The one of `count` answers whose acceptance is the most probable, the first among equals, and how it came about.
    /// - Throws: what the program throws; `InferenceError.zeroTotalWeight` where none may be accepted.
    public func best(
        of count: Int, _ question: String, budget: Budget? = nil, using random: inout Random
    ) async throws -> ProgramPosterior<String>.WeightedRun {
        try await LikelihoodWeighting(samples: count, budget: budget, keepsTraces: true)
            .run(program, question, using: &random).best
    }
}
