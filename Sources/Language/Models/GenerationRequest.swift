/// What is asked of a language model.
public struct GenerationRequest: Sendable, Hashable {
    /// What it goes on from.
    public var prompt: Prompt
    /// How tokens are drawn.
    public var sampling: SamplingParameters
    /// The most tokens to write.
    public var maximumTokens: Int
    /// The text ends before the first of these.
    public var stops: [String]
    /// What the text must look like; nil for anything. A text that is cut off at `maximumTokens` is a beginning of one that
    /// satisfies it.
    public var constraint: TextConstraint?
    /// The tools that the model may call; it needs to be capable of that.
    public var tools: [ToolDescription] = []
    /// Whether it must.
    public var toolChoice = ToolChoice.automatic
    /// Of how many of the likeliest tokens each token written is to tell (``GeneratedToken/likeliest``). A model in this process
    /// tells of so many; endpoints and tables tell what their capabilities say, whatever this is.
    public var likeliestCount = 0
    /// Chooses the tokens; the same seed gives the same text from the same model in the same process.
    public var seed: UInt64

    /// A request.
    public init(
        _ prompt: Prompt, sampling: SamplingParameters = SamplingParameters(), maximumTokens: Int = 256,
        stops: [String] = [], constraint: TextConstraint? = nil, seed: UInt64 = 0
    ) {
        self.prompt = prompt
        self.sampling = sampling
        self.maximumTokens = maximumTokens
        self.stops = stops
        self.constraint = constraint
        self.seed = seed
    }

    /// Checks the request, and that `model` can serve it.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``,
    ///   ``LanguageError/unsupported(model:what:remedy:)``.
    func check(for model: some LanguageModel) throws(LanguageError) {
        try check()
        if !tools.isEmpty { try model.require(.tools) }
        if case .chat(let messages) = prompt {
            try model.require(.conversations)
            if messages.contains(where: { $0.toolCalls != nil || $0.toolCallID != nil }) { try model.require(.tools) }
        }
    }

    /// Checks the request alone.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    func check() throws(LanguageError) {
        try sampling.check()
        guard maximumTokens >= 1 else {
            throw .improperParameter(name: "maximumTokens", value: "\(maximumTokens)", expected: "1 or more")
        }
        guard likeliestCount >= 0 else {
            throw .improperParameter(name: "likeliestCount", value: "\(likeliestCount)", expected: "0 or more")
        }
        guard !stops.contains("") else {
            throw .improperParameter(name: "stops", value: "an empty text", expected: "texts of one character or more")
        }
    }
}

/// A token that could have come, by its text.
public struct LikelyToken: Sendable, Hashable {
    /// The text; empty for the end.
    public var text: String
    /// Its log-probability in nats.
    public var logProbability: Double

    /// A token.
    public init(_ text: String, logProbability: Double) {
        self.text = text
        self.logProbability = logProbability
    }
}

/// One token as it is written.
public struct GeneratedToken: Sendable, Hashable {
    /// What it adds to the text: whole characters only, so it may be empty and the next one longer.
    public var text: String
    /// The token's number, where the model has a vocabulary here.
    public var token: Token?
    /// The model's own log-probability of it in nats, before any sampling parameter; nil where the model does not say.
    public var logProbability: Double?
    /// The entropy of the model's distribution there in nats, over what the model tells of it; nil where unknown.
    public var entropy: Double?
    /// By how much the likeliest token's probability exceeded the next one's; nil where unknown.
    public var margin: Double?
    /// The likeliest tokens there, the likeliest first, where the model tells them as texts: endpoints and tables do, a model in
    /// this process as many as ``GenerationRequest/likeliestCount`` asks for.
    public var likeliest: [LikelyToken] = []

    /// A token.
    public init(
        text: String, token: Token? = nil, logProbability: Double? = nil, entropy: Double? = nil, margin: Double? = nil
    ) {
        self.text = text
        self.token = token
        self.logProbability = logProbability
        self.entropy = entropy
        self.margin = margin
    }
}

/// Why a text ended.
public enum FinishReason: String, Sendable, Hashable, Codable {
    /// The model ended it, or a stop text came.
    case stop
    /// It is as long as was allowed.
    case length
    /// The endpoint's filter ended it.
    case filtered
    /// The model calls a tool.
    case toolCalls
}

/// What comes while a text is written.
public enum GenerationEvent: Sendable, Hashable {
    /// One more token.
    case token(GeneratedToken)
    /// A call of a tool, whole.
    case toolCall(ToolCall)
    /// The end: the reason, and what it took.
    case finished(FinishReason, GenerationUsage)
}

/// Tokens read and written, and the time it took.
public struct GenerationUsage: Sendable, Hashable, Codable {
    /// Tokens of the prompt.
    public var promptTokens: Int
    /// Of these, the ones that did not have to be computed again.
    public var cachedTokens: Int
    /// Tokens written.
    public var completionTokens: Int
    /// Seconds from the request to the first token.
    public var firstTokenSeconds: Double
    /// Seconds in all.
    public var seconds: Double
    /// Whether the tokens are counted by guess: the endpoint did not tell.
    public var isEstimated = false

    /// What a generation took.
    public init(
        promptTokens: Int = 0, cachedTokens: Int = 0, completionTokens: Int = 0, firstTokenSeconds: Double = 0,
        seconds: Double = 0
    ) {
        self.promptTokens = promptTokens
        self.cachedTokens = cachedTokens
        self.completionTokens = completionTokens
        self.firstTokenSeconds = firstTokenSeconds
        self.seconds = seconds
    }
}

/// A finished text.
public struct GeneratedText: Sendable, Hashable {
    /// The text.
    public var text = ""
    /// Its tokens.
    public var tokens: [GeneratedToken] = []
    /// The tools that the model called, in order.
    public var toolCalls: [ToolCall] = []
    /// Why it ended.
    public var reason = FinishReason.stop
    /// What it took.
    public var usage = GenerationUsage()

    /// An empty text.
    public init() {}

    /// Adds what came next.
    public mutating func append(_ event: GenerationEvent) {
        switch event {
        case .token(let token):
            text += token.text
            tokens.append(token)
        case .toolCall(let call): toolCalls.append(call)
        case .finished(let reason, let usage):
            self.reason = reason
            self.usage = usage
        }
    }

    /// The log-probabilities of the tokens, where the model tells them all.
    public var logProbabilities: [Double]? {
        let known = tokens.compactMap(\.logProbability)
        return known.count == tokens.count ? known : nil
    }
}
