/// What a language model tells of its text, and what it can be asked for.
///
/// Whoever needs more than a model has asks before it begins, so that nothing is paid for in vain:
///
///     try model.require(.scoring)   // throws LanguageError.unsupported, which says what to do
public struct ModelCapabilities: Sendable, Hashable {
    /// How much a model tells of the distribution that a token comes from; each case tells what those before it do.
    public enum Probabilities: Sendable, Hashable, Comparable {
        /// Nothing: it gives text only.
        case none
        /// The log-probability of the token that was written.
        case chosenToken
        /// That of so many of the likeliest tokens, too.
        case topTokens(Int)
        /// That of every token. Exact weights need this.
        case allTokens
    }

    /// Something that a model may be needed for.
    public enum Need: Sendable, Hashable {
        /// It tells this much of the distribution that a token comes from.
        case probabilities(Probabilities)
        /// It tells the log-probabilities of texts that are given to it.
        case scoring
        /// It calls tools.
        case tools
        /// It is asked in a conversation, not only with a text to go on from.
        case conversations
        /// It turns texts into vectors.
        case embeddings
    }

    /// How much it tells of the distributions that its tokens come from.
    public var probabilities: Probabilities
    /// Whether it tells the log-probabilities of texts that are given to it.
    public var scoresText: Bool
    /// Whether it calls tools.
    public var callsTools: Bool
    /// Whether it is asked in a conversation; else it only goes on from plain text.
    public var holdsConversations: Bool
    /// Whether it turns texts into vectors.
    public var embedsText: Bool
    /// Whether it surely goes on from a plain text. An endpoint that holds conversations may refuse one, so who can ask in
    /// either way should ask it in a conversation.
    public var completesText: Bool

    /// What a model can do; by default it writes text and no more.
    public init(
        probabilities: Probabilities = .none, scoresText: Bool = false, callsTools: Bool = false,
        holdsConversations: Bool = false, embedsText: Bool = false, completesText: Bool = true
    ) {
        self.probabilities = probabilities
        self.scoresText = scoresText
        self.callsTools = callsTools
        self.holdsConversations = holdsConversations
        self.embedsText = embedsText
        self.completesText = completesText
    }

    /// Whether a model with these capabilities can serve `need`.
    public func serve(_ need: Need) -> Bool {
        switch need {
        case .probabilities(let wanted): probabilities >= wanted
        case .scoring: scoresText
        case .tools: callsTools
        case .conversations: holdsConversations
        case .embeddings: embedsText
        }
    }

    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where they can't serve `need`; `model` is named.
    public func require(_ need: Need, of model: String) throws(LanguageError) {
        guard !serve(need) else { return }
        let (what, remedy) =
            switch need {
            case .probabilities(let wanted):
                (
                    "it tells \(probabilities.words), and \(wanted.words) are needed",
                    wanted == .allTokens
                        ? "Use a model in this process: `cascade models list` shows some."
                        : "Use a model that tells them: one in this process does."
                )
            case .scoring:
                (
                    "it does not tell the log-probabilities of given texts",
                    "Let it answer in its own words, or use a model in this process."
                )
            case .tools:
                (
                    "it does not call tools",
                    "Describe them in the prompt and read its text, or use an endpoint whose model calls tools."
                )
            case .conversations:
                (
                    "it has no form for conversations", "Ask it to go on from a plain text instead."
                )
            case .embeddings: ("it does not turn texts into vectors", "Use a model that does: one in this process.")
            }
        throw .unsupported(model: model, what: what, remedy: remedy)
    }
}

extension ModelCapabilities.Probabilities {
    /// For errors and lists.
    public var words: String {
        switch self {
        case .none: "no log-probabilities"
        case .chosenToken: "log-probabilities of the tokens it writes"
        case .topTokens(let count): "log-probabilities of the \(count) likeliest tokens"
        case .allTokens: "log-probabilities of all tokens"
        }
    }
}

extension LanguageModel {
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model can't serve `need`.
    public func require(_ need: ModelCapabilities.Need) throws(LanguageError) {
        try capabilities.require(need, of: name)
    }
}
