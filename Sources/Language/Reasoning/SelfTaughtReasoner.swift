public import Cascades
import Foundation
public import Probability

/// A model that teaches itself to think: rationales that lead to right answers become the examples of its prompt.
///
/// A step, over problems whose answers are known:
///
/// 1. The model thinks and answers, with the present examples. A thought that leads to the right answer is kept.
/// 2. Where it fails it is told the answer and thinks again (rationalisation); the thought is kept where it leads to the
///    answer without being told.
/// 3. Of several sets of kept thoughts, as examples, the one is taken under which the right answers are the likeliest; the
///    present set stays where none is better.
///
/// The paper trains the weights on the kept thoughts; here they select what the prompt shows. Since a set is only replaced
/// by a better one, ``State/logLikelihood`` can't fall; it rises where the kept thoughts help with other questions. It is expectation-maximisation with a hard choice of thoughts:
/// `Σ_i ln Σ_thought p(thought | question_i) p(answer_i | question_i, thought)`, a question being shown no example of its own.
///
/// - Source: Zelikman et al., 2022, STaR; paper 1, Language Model Cascades, section 4.2.
public struct SelfTaughtReasoner: Sendable {
    /// A question with its answer.
    public struct Problem: Sendable, Hashable {
        public var question: String
        public var answer: String
        public init(_ question: String, _ answer: String) {
            self.question = question
            self.answer = answer
        }
    }

    /// A thought that led to the right answer.
    public struct Rationale: Sendable, Hashable {
        /// Which problem it is of.
        public var problem: Int
        /// The thought.
        public var thought: String
        /// Whether the answer was told first.
        public var isRationalised: Bool
    }

    /// Where the loop is.
    public struct State: Sendable {
        /// The thoughts that the prompt shows.
        public internal(set) var shown: [Rationale]
        /// Their mean log-probability of the right answers, in nats a problem.
        public internal(set) var logLikelihood: Double
        /// The steps taken.
        public internal(set) var steps = 0
    }

    /// What a step did.
    public struct Info: Sendable {
        /// Problems whose answer was found without help.
        public var solved: Int
        /// Problems whose answer was found after it was told.
        public var rationalised: Int
        /// The mean log-probability of the right answers under each set that was tried.
        public var tried: [Double]
        /// Whether one of them is shown from now on.
        public var isBetter: Bool
    }

    /// The problems; two at least.
    public var problems: [Problem]
    /// The chain of thought with given examples, fields `Question`, `Thought` and `Answer`. Where its answers can be listed or
    /// scored (``ChoiceStage``, ``LineStage``), likelihoods are exact for each thought; else they are estimated by runs.
    public var chain: @Sendable (_ examples: [[Field]]) -> ChainOfThought
    /// Thinks with the answer in view: it is given `Question` and `Answer`.
    public var hinted: @Sendable (_ examples: [[Field]]) -> any FieldStage
    /// How many thoughts the prompt shows.
    public var examples: Int
    /// How many sets are tried in a step.
    public var sets: Int
    /// How many thoughts are drawn for a likelihood where they can't be listed, and how many runs are made where answers
    /// can't be scored. Always the same stream for a problem: the same set has the same likelihood.
    public var thoughts: Int
    /// Seeds the thoughts of likelihoods.
    public var seed: UInt64
    /// Whether a written answer is the right one; by default the same text, but for case, space around it and a full stop.
    public var isRight: @Sendable (_ written: String, _ right: String) -> Bool = { written, right in
        func plain(_ text: String) -> String {
            let text = text.lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
            return text.count > 1 && text.hasSuffix(".") ? String(text.dropLast()) : text
        }
        return plain(written) == plain(right)
    }

    /// A loop over `problems`.
    public init(
        problems: [Problem], examples: Int = 4, sets: Int = 6, thoughts: Int = 1, seed: UInt64 = 1,
        chain: @escaping @Sendable (_ examples: [[Field]]) -> ChainOfThought,
        hinted: @escaping @Sendable (_ examples: [[Field]]) -> any FieldStage
    ) {
        self.problems = problems
        self.chain = chain
        self.hinted = hinted
        self.examples = examples
        self.sets = sets
        self.thoughts = thoughts
        self.seed = seed
    }

    /// The loop's beginning, with thoughts that a person wrote or none.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public func start(_ shown: [Rationale] = []) async throws -> State {
        guard problems.count >= 2, examples >= 1, sets >= 1, thoughts >= 1 else {
            throw LanguageError.improperParameter(
                name: "problems, examples, sets, thoughts",
                value: "\(problems.count), \(examples), \(sets), \(thoughts)", expected: "2, 1, 1, 1 or more")
        }
        guard shown.allSatisfy({ problems.indices.contains($0.problem) }) else {
            throw LanguageError.improperParameter(
                name: "shown", value: "\(shown.map(\.problem))", expected: "problems from 0 to \(problems.count - 1)")
        }
        return State(shown: shown, logLikelihood: try await logLikelihood(of: shown))
    }

    /// One step.
    public func step(_ state: inout State, using random: inout Random) async throws -> Info {
        var kept: [Rationale] = []
        var info = Info(solved: 0, rationalised: 0, tried: [], isBetter: false)
        for (index, problem) in problems.enumerated() {
            try Task.checkCancellation()
            let shown = fields(of: state.shown, without: index)
            let chain = chain(shown)
            let known = [Field(FieldName.question, problem.question)]
            let free = try await chain.thought.run(known, using: &random).decision.output ?? ""
            if try await leads(chain, problem, free) {
                kept.append(Rationale(problem: index, thought: free, isRationalised: false))
                info.solved += 1
                continue
            }
            let told =
                try await hinted(shown)
                .run(known + [Field(FieldName.answer, problem.answer)], using: &random).decision.output ?? ""
            if try await leads(chain, problem, told) {
                kept.append(Rationale(problem: index, thought: told, isRationalised: true))
                info.rationalised += 1
            }
        }
        state.steps += 1
        guard !kept.isEmpty else { return info }
        for _ in 0..<sets {
            let set = random.permutation(of: kept.count).prefix(examples).map { kept[$0] }
            let value = try await logLikelihood(of: set)
            info.tried.append(value)
            if value > state.logLikelihood {
                state.shown = set
                state.logLikelihood = value
                info.isBetter = true
            }
        }
        return info
    }

    /// The chain of thought that the loop has come to.
    public func taught(_ state: State) -> ChainOfThought { chain(shownFields(state)) }

    /// The examples that the loop has come to: questions, thoughts and answers.
    public func shownFields(_ state: State) -> [[Field]] { fields(of: state.shown, without: nil) }

    /// Mean `ln p(answer | question)` over the problems, in nats.
    func logLikelihood(of shown: [Rationale]) async throws -> Double {
        var total = 0.0
        for (index, problem) in problems.enumerated() {
            var random = Random(seed: seed).split(UInt64(index))
            total += try await chain(fields(of: shown, without: index)).logProbability(
                of: problem.answer, to: problem.question, thoughts: thoughts,
                isSame: { isRight($0, problem.answer) }, using: &random)
        }
        return total / Double(problems.count)
    }

    /// Whether the likeliest answer after `thought` is right.
    private func leads(_ chain: ChainOfThought, _ problem: Problem, _ thought: String) async throws -> Bool {
        let known = [Field(FieldName.question, problem.question), Field(FieldName.thought, thought)]
        if thought.isEmpty { return false }
        return isRight(try await chain.answer.likeliest(known).output, problem.answer)
    }

    /// Thoughts as examples, those of problem `left` left out.
    private func fields(of shown: [Rationale], without left: Int?) -> [[Field]] {
        shown.filter { $0.problem != left }.map {
            [
                Field(FieldName.question, problems[$0.problem].question), Field(FieldName.thought, $0.thought),
                Field(FieldName.answer, problems[$0.problem].answer),
            ]
        }
    }
}
