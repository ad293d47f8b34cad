public import Cascades
public import Inference
public import Probability

/// The answer that most runs of a program come to, whatever they thought on the way: the mode of the answer's law with
/// everything else summed out, by sampling.
///
/// Runs that a program weighs (by a verifier, say) vote with their weight.
///
/// - Source: Wang et al., 2022, self-consistency; as a marginal in paper 1, Language Model Cascades, section 3.
public struct SelfConsistency: Sendable {
    /// What answers.
    public var program: QuestionProgram
    /// How many runs vote.
    public var samples: Int
    /// How many go on at once.
    public var concurrency: Int
    /// What of two answers must be equal for them to be one; by default letters and digits.
    public var comparable: @Sendable (String) -> String = { $0.onlyLettersAndDigits }

    /// Votes of `samples` runs.
    public init(_ program: QuestionProgram, samples: Int, concurrency: Int = 8) {
        self.program = program
        self.samples = samples
        self.concurrency = concurrency
    }

    /// The votes on `question`.
    /// - Throws: what the program throws; `InferenceError.zeroTotalWeight` where no run has weight.
    public func vote(
        _ question: String, budget: Budget? = nil, using random: inout Random
    ) async throws -> Votes {
        let posterior = try await LikelihoodWeighting(
            samples: samples, concurrency: concurrency, budget: budget, keepsTraces: true
        ).run(program, question, using: &random)
        return Votes(posterior, comparable: comparable)
    }
}

/// How the weight of a program's runs is spread over answers.
public struct Votes: Sendable {
    /// An answer and the runs that came to it.
    public struct Answer: Sendable {
        /// The answer, as the first of them put it.
        public var text: String
        /// Their share of the weight.
        public var share: Double
        /// The run among them with the most weight: how the answer came about.
        public var run: ProgramPosterior<String>.WeightedRun
    }
    /// The answers, largest share first; among equals the one that came first.
    public let answers: [Answer]
    /// What all runs took.
    public let spent: Cost

    /// The answer with the largest share.
    public var winner: Answer { answers[0] }

    /// The votes of the runs of `posterior`.
    public init(_ posterior: ProgramPosterior<String>) {
        self.init(posterior) { $0.onlyLettersAndDigits }
    }

    /// The votes of the runs of `posterior`, answers being one where what `comparable` makes of them is equal.
    public init(_ posterior: ProgramPosterior<String>, comparable: (String) -> String) {
        var places: [String: Int] = [:]
        var answers: [Answer] = []
        for (run, weight) in zip(posterior.runs, posterior.weights) where weight > 0 {
            let key = comparable(run.output)
            if let place = places[key] {
                answers[place].share += weight
                if run.logWeight > answers[place].run.logWeight { answers[place].run = run }
            } else {
                places[key] = answers.count
                answers.append(Answer(text: run.output, share: weight, run: run))
            }
        }
        // A posterior has weight, so there is an answer.
        self.answers = answers.enumerated().sorted {
            $0.element.share != $1.element.share ? $0.element.share > $1.element.share : $0.offset < $1.offset
        }.map(\.element)
        spent = posterior.spent
    }
}
