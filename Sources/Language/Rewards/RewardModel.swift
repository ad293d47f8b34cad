/// Says how good responses to a prompt are: larger is better, and only differences count.
public protocol RewardModel: Sendable {
    /// Its name.
    var name: String { get }

    /// The reward of each of `responses`.
    func rewards(of responses: [String], to prompt: String) async throws -> [Double]
}

/// The number of characters: what a judge who can't read has to go by.
public struct LengthReward: RewardModel {
    public let name = "length"

    /// The baseline.
    public init() {}

    public func rewards(of responses: [String], to prompt: String) -> [Double] {
        responses.map { Double($0.unicodeScalars.count) }
    }
}

/// The log-probability of a response under a language model, whole or a token.
///
///     r(y | x) = Σ ln p(yₜ | x, y₁ … yₜ₋₁), over the number of tokens where it is normalised
public struct LikelihoodReward: RewardModel {
    /// The model.
    public let model: any LanguageModel
    /// Whether the sum is divided by the number of tokens.
    public let isNormalized: Bool
    /// What the model goes on from.
    public let asking: @Sendable (String) -> Prompt

    /// The likelihood under `model`, asked by `asking`; in a conversation unless told otherwise.
    public init(
        _ model: any LanguageModel, isNormalized: Bool = false,
        asking: @escaping @Sendable (String) -> Prompt = { .chat([.user($0)]) }
    ) {
        self.model = model
        self.isNormalized = isNormalized
        self.asking = asking
    }

    public var name: String { "\(model.name), log-likelihood" + (isNormalized ? " a token" : "") }

    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model does not tell.
    public func rewards(of responses: [String], to prompt: String) async throws -> [Double] {
        try model.require(.scoring)
        var rewards: [Double] = []
        for response in responses {
            let prompt = asking(prompt)
            let tokens = try await model.score(prompt.continuation(response), after: prompt)
            let sum = tokens.reduce(0) { $0 + ($1.logProbability ?? .nan) }
            guard !sum.isNaN else {
                throw LanguageError.unsupported(
                    model: model.name, what: "it did not tell the log-probability of a given text",
                    remedy: "Use a model that does: one in this process.")
            }
            rewards.append(isNormalized ? sum / Double(max(1, tokens.count)) : sum)
        }
        return rewards
    }
}

/// The reward for which a policy is the best answer to a reference: how much likelier it makes a response.
///
///     r(y | x) = β (ln π(y | x) - ln π₀(y | x))
///
/// - Source: Rafailov et al., "Direct preference optimization", 2023, equation 5; paper 199, section 4.1.
public struct ImplicitReward: RewardModel {
    private let policy: LikelihoodReward
    private let reference: LikelihoodReward
    /// The scale β.
    public let scale: Double

    /// The reward by which `policy` differs from `reference`; the two may be asked differently.
    public init(policy: LikelihoodReward, reference: LikelihoodReward, scale: Double = 1) {
        self.policy = policy
        self.reference = reference
        self.scale = scale
    }

    public var name: String { "\(policy.model.name) against \(reference.model.name)" }

    public func rewards(of responses: [String], to prompt: String) async throws -> [Double] {
        let ours = try await policy.rewards(of: responses, to: prompt)
        let theirs = try await reference.rewards(of: responses, to: prompt)
        return zip(ours, theirs).map { scale * ($0 - $1) }
    }
}

/// The log-odds that a model says yes when it is asked whether a response is right.
public struct JudgedReward: RewardModel {
    /// The model.
    public let model: any LanguageModel
    /// What it is asked about a prompt and a response.
    public let question: @Sendable (String, String) -> Prompt

    /// The judgement of `model`.
    public init(
        _ model: any LanguageModel,
        question: @escaping @Sendable (String, String) -> Prompt = { prompt, response in
            .chat([
                .user(
                    "Question: \(prompt)\nAnswer: \(response)\n\nIs this answer right? Reply with one word, yes or no.")
            ])
        }
    ) {
        self.model = model
        self.question = question
    }

    public var name: String { "\(model.name), judgement" }

    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model does not tell.
    public func rewards(of responses: [String], to prompt: String) async throws -> [Double] {
        var rewards: [Double] = []
        for response in responses {
            let asked = question(prompt, response)
            let logs = try await model.logProbabilities(of: ["yes", "no"].map(asked.continuation), after: asked)
            rewards.append(logs[0] - logs[1])
        }
        return rewards
    }
}
