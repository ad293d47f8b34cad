public import Cascades
import Foundation
public import Probability

/// A language model as a stage that chooses among given texts by writing one: for models that can't score them, as
/// ``ChoiceStage`` needs, such as those behind endpoints.
///
/// Where the model tells the likeliest tokens, it is asked once and its law is read from them where the reply begins: its own
/// law, up to how a reply is worded and to what isn't among the tokens told. Else, and where the texts begin alike, what it
/// writes is read: a draw is the first reply of ``samples`` that begins with one of the texts, and a score is that of the law
/// `(n + 1/2) / (N + K/2)` after n of N = ``samples`` replies for one of K texts. Such a score is an estimate, so outcomes
/// can't be listed, and a program over this stage is sampled and not enumerated.
///
/// - Source: Kadavath et al., 2022, for verdicts read from tokens; Krichevsky and Trofimov, 1981, for the estimate.
public struct WrittenChoiceStage<Input: Sendable>: ScoredStage {
    /// What answers.
    public let model: any LanguageModel
    /// The texts to choose from, for an input; one at least.
    public let candidates: @Sendable (Input) -> [String]
    /// What the model is asked about an input and its texts: to write one of them.
    public let prompt: @Sendable (Input, [String]) -> Prompt
    /// How many replies are counted for a score, and tried until one can be read.
    public var samples = 5
    /// Chooses the tokens of replies to what is asked outside a program.
    public var seed: UInt64 = 0

    /// `model`, asked by `prompt` to write one of the texts that `candidates` gives for an input.
    public init(
        _ model: any LanguageModel, candidates: @escaping @Sendable (Input) -> [String],
        prompt: @escaping @Sendable (Input, [String]) -> Prompt
    ) {
        self.model = model
        self.candidates = candidates
        self.prompt = prompt
    }

    public var name: String { model.name }
    /// As a ``LabelStage`` has it; what was drawn from replies that nobody counted has none.
    public var evidenceNames: [String] { LabelStage<Input>.evidenceNames }

    private func question(_ input: Input) throws(LanguageError) -> WrittenQuestion {
        let labels = candidates(input)
        guard !labels.isEmpty, Set(labels).count == labels.count else { throw LabelStage<Input>.badLabels(labels) }
        return WrittenQuestion(model, prompt(input, labels), labels)
    }

    /// The law of one text, for which nobody is asked.
    private static func only(_ label: String) -> LabelLaw {
        LabelLaw(labels: [label], logProbabilities: [0], labelMass: 0, cost: .zero)
    }

    /// The text that it finds the likeliest, or writes without chance.
    public func answer(_ input: Input) async throws -> Answer<String> {
        switch try await read(input, .greedy, seed: seed) {
        case .law(let law): try law.answer(law.likeliest)
        case .written(let answer): answer
        }
    }

    public func run(_ input: Input, using random: inout Random) async throws -> Run<String> {
        switch try await read(input, SamplingParameters(), seed: random.next()) {
        case .law(let law): Run(try law.answer(try random.choose(logWeights: law.logProbabilities)))
        case .written(let answer): Run(answer)
        }
    }

    /// What a model was found to mean.
    private enum Reading {
        case law(LabelLaw)
        case written(Answer<String>)
    }

    private func read(_ input: Input, _ sampling: SamplingParameters, seed: UInt64) async throws -> Reading {
        let question = try question(input)
        let labels = question.choices.labels
        if labels.count == 1 { return .law(Self.only(labels[0])) }
        let (reply, law) = try await question.readable(sampling, attempts: samples, seed: seed)
        if let law { return .law(law) }
        let unknown = [Double](repeating: .nan, count: evidenceNames.count)
        return .written(
            Answer(
                labels[reply.choice ?? 0], evidence: Evidence(names: evidenceNames, values: unknown), cost: reply.cost))
    }

    /// `output` with its log-probability as it is told or estimated: −infinity for a text that is none of the candidates.
    public func scored(_ output: String, given input: Input) async throws -> Answer<String> {
        let question = try question(input)
        let labels = question.choices.labels
        let law =
            labels.count == 1 ? Self.only(labels[0]) : try await question.law(samples: samples, seed: seed)
        if let index = labels.firstIndex(of: output) { return try law.answer(index) }
        var answer = try law.answer(law.likeliest)
        answer.output = output
        answer.logScore = -.infinity
        return answer
    }
}
