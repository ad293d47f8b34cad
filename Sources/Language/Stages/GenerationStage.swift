public import Cascades
import Foundation
public import Probability

/// A language model as a stage that answers in its own words.
///
///     let stage = GenerationStage(model) { (question: String) in .chat([.user(question)]) }
///     let answer = try await stage.answer("Which planet is the largest?")
///     answer.evidence["meanLogProbability"]
public struct GenerationStage<Input: Sendable>: Stage {
    /// What answers.
    public let model: any LanguageModel
    /// What the model is asked about an input.
    public let prompt: @Sendable (Input) -> Prompt
    /// How its tokens are drawn.
    public var sampling = SamplingParameters.greedy
    /// The most tokens of an answer.
    public var maximumTokens = 256
    /// An answer ends before the first of these.
    public var stops: [String] = []
    /// Which numbers come with an answer.
    public var evidence = TextEvidence()
    /// How the samples are drawn that an answer is compared with.
    public var samplingOfSamples = SamplingParameters()
    /// How many replies are counted where a model assesses itself and tells no likeliest tokens.
    public var assessments = 5
    /// Chooses the tokens of answers asked for outside a cascade.
    public var seed: UInt64 = 0
    /// What of a text two answers must have in common to agree; by default their letters and digits.
    public var comparable: @Sendable (String) -> String = { $0.onlyLettersAndDigits }

    /// `model`, asked by `prompt`; the likeliest tokens unless ``sampling`` is changed.
    public init(_ model: any LanguageModel, prompt: @escaping @Sendable (Input) -> Prompt) {
        self.model = model
        self.prompt = prompt
    }

    /// The same stage, which always takes the likeliest token.
    var withoutChance: GenerationStage<Input> {
        var stage = self
        stage.sampling.temperature = 0
        return stage
    }

    public var name: String { model.name }
    public var evidenceNames: [String] { evidence.names }

    public func answer(_ input: Input) async throws -> Answer<String> { try await answer(input, seed: seed) }

    public func run(_ input: Input, using random: inout Random) async throws -> Run<String> {
        Run(try await answer(input, seed: random.next()))
    }

    private func answer(_ input: Input, seed: UInt64) async throws -> Answer<String> {
        let prompt = prompt(input)
        let request = GenerationRequest(
            prompt, sampling: sampling, maximumTokens: maximumTokens, stops: stops, seed: seed)
        // The samples are written beside the answer: they share its prompt.
        let requests =
            [request]
            + (0..<evidence.samples).map { sample in
                var further = request
                further.sampling = samplingOfSamples
                further.seed = seed &+ UInt64(sample) &+ 1
                return further
            }
        let texts = try await model.generate(requests).map { try $0.get() }
        let written = texts[0].text.trimmingCharacters(in: .whitespacesAndNewlines)
        var cost = model.cost(of: texts[0].usage)
        for text in texts.dropFirst() { cost = cost.alongside(model.cost(of: text.usage)) }
        var agreement = Double.nan
        if evidence.samples > 0 {
            let own = comparable(written)
            agreement = Double(texts.dropFirst().count { comparable($0.text) == own }) / Double(evidence.samples)
        }
        var assessment = Double.nan
        if evidence.assessesItself {
            let (probability, usage) = try await assess(written, after: prompt, seed: seed)
            assessment = probability
            cost += usage
        }
        return Answer(
            written, evidence: try evidence.evidence(of: texts[0], agreement: agreement, assessment: assessment),
            cost: cost, logScore: texts[0].logProbabilities.map { $0.reduce(0, +) })
    }

    /// The probability of "true" among "true" and "false" when the model is asked whether `answer` is right: by its scores of
    /// both, or where it can't score, by what it writes; `NaN` where that is neither.
    private func assess(_ answer: String, after prompt: Prompt, seed: UInt64) async throws -> (Double, Cost) {
        let question = "Is this answer right? Reply with one word, true or false."
        let second: Prompt
        switch prompt {
        case .chat(let messages): second = .chat(messages + [.assistant(answer), .user(question)])
        case .text(let text): second = .text("\(text) \(answer)\n\(question)\nReply:")
        }
        let verdicts = ["true", "false"]
        guard model.capabilities.serve(.scoring) else {
            let law = try await WrittenQuestion(model, second, verdicts).law(samples: assessments, seed: seed)
            return (law.labelMass > -.infinity ? exp(law.logProbabilities[0]) : .nan, law.cost)
        }
        let scores = try await model.scores(of: verdicts.map(second.continuation), after: second)
        let (yes, no) = (scores.logProbabilities[0], scores.logProbabilities[1])
        return (1 / (1 + exp(no - yes)), model.cost(of: scores))
    }
}

extension Prompt {
    /// `word` as it comes after this prompt: with a space where a plain text goes on.
    func continuation(_ word: String) -> String {
        switch self {
        case .chat: word
        case .text(let text): text.last.map { $0.isWhitespace } ?? true ? word : " " + word
        }
    }
}

extension String {
    /// Letters and digits in lower case, words parted by single spaces.
    var onlyLettersAndDigits: String {
        lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
    }
}
