public import Cascades
public import Inference
public import Probability

/// An answer that a verifier is held to have found right: a generator conditioned on what the verifier says.
///
///     answer ~ p(. | question);   observe  verdict = accepted  with  p(verdict | question, answer)
///
/// Under a method of inference the answers' law is the generator's times the verdict's. ``best(of:_:budget:using:)`` is the
/// usual shortcut: the one of n answers that the verifier likes best.
///
/// - Source: paper 1, Language Model Cascades, section 4.2, after Cobbe et al., 2021.
public struct VerifiedAnswer: Sendable {
    /// What a verifier is asked, and what it is held to have said.
    public struct Check: Sendable, Hashable {
        /// What the verifier is given.
        public var known: [Field]
        /// What is observed.
        public var verdict: String

        /// A check.
        public init(_ known: [Field], verdict: String) {
            self.known = known
            self.verdict = verdict
        }
    }

    /// What answers.
    public var generator: QuestionProgram
    /// Says something of which the answer can be judged.
    public var verifier: any ScoredFieldStage
    /// How a question and an answer to it are checked.
    public var check: @Sendable (_ question: String, _ answer: String) -> Check

    /// `generator`, held to be found right by a verifier that is given `Question` and `Answer` and says whether it is.
    public init(_ generator: QuestionProgram, verifier: any ScoredFieldStage, accepted: String = "yes") {
        self.init(generator, verifier: verifier) { question, answer in
            Check([Field(FieldName.question, question), Field(FieldName.answer, answer)], verdict: accepted)
        }
    }

    /// `generator`, judged by a check of its own: that the same question put another way has the same answer, say.
    public init(
        _ generator: QuestionProgram, verifier: any ScoredFieldStage,
        check: @escaping @Sendable (_ question: String, _ answer: String) -> Check
    ) {
        self.generator = generator
        self.verifier = verifier
        self.check = check
    }

    /// The program: a question to an answer, weighed by the verdict. The generator's choices are inside `generator`; the
    /// verdict is observed at `verdict`.
    public var program: QuestionProgram {
        QuestionProgram { scope, question in
            let answer = try await scope.call("generator", generator, question)
            let judged = check(question, answer)
            try await scope.observe("verdict", verifier, judged.known, judged.verdict)
            return answer
        }
    }

    /// The one of `count` answers whose check is the most probable, the first among equals, and how it came about.
    /// - Throws: what the program throws; `InferenceError.zeroTotalWeight` where none may be accepted.
    public func best(
        of count: Int, _ question: String, budget: Budget? = nil, using random: inout Random
    ) async throws -> ProgramPosterior<String>.WeightedRun {
        try await LikelihoodWeighting(samples: count, budget: budget, keepsTraces: true)
            .run(program, question, using: &random).best
    }
}
