/// Says which tokens may come next.
///
/// A value: a copy goes its own way, so that each particle or draft carries its own place in the same grammar. Copies are
/// cheap; what has been found out about a place is shared by all of them.
public protocol TokenConstraint: Sendable {
    /// The tokens that may come next, those that end the text included where it may end.
    /// - Throws: ``LanguageError``; an empty mask is ``LanguageError/noTokenLeft(reason:)``.
    func allowedTokens() throws(LanguageError) -> TokenMask

    /// Whether `token` may come next, without looking at the others.
    /// - Throws: ``LanguageError/constraintTooLarge(limit:)``.
    func allows(_ token: Token) throws(LanguageError) -> Bool

    /// Moves on by `token`.
    /// - Throws: ``LanguageError/constraintViolated(token:)`` where it may not come; nothing changes then.
    mutating func accept(_ token: Token) throws(LanguageError)

    /// Whether the text may end here.
    var mayEnd: Bool { get }

    /// Whether the text must end here: nothing else may come.
    var mustEnd: Bool { get }
}

/// What a text must look like, as a person writes it down: the whole text, from its first to its last byte.
public enum TextConstraint: Sendable, Hashable, Codable {
    /// A grammar in GBNF, the notation of llama.cpp; the text is a `root`.
    case grammar(String)
    /// A JSON schema: every text that comes is a valid document (not every valid document can come; see ``JSONSchema``).
    case jsonSchema(String)
    /// A regular expression that the text as a whole matches; see ``RegularExpression`` for what it may say.
    case regularExpression(String)
    /// One of these texts.
    case words([String])

    /// How errors call it.
    var kind: String {
        switch self {
        case .grammar: "grammar"
        case .jsonSchema: "JSON schema"
        case .regularExpression: "regular expression"
        case .words: "word list"
        }
    }

    /// The grammar that it stands for.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)``, ``LanguageError/emptyConstraint(kind:reason:)``.
    func grammar() throws(LanguageError) -> Grammar {
        switch self {
        case .grammar(let text): return try GrammarParser.grammar(text)
        case .jsonSchema(let text): return try JSONSchema.grammar(text)
        case .regularExpression(let text): return Grammar(root: try RegularExpression.pattern(text))
        case .words(let words):
            guard !words.isEmpty else { throw .emptyConstraint(kind: kind, reason: "it has no words") }
            return Grammar(root: .choice(words.map(Pattern.literal)))
        }
    }

    /// Whether `text` as a whole is what it asks for.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)``, ``LanguageError/emptyConstraint(kind:reason:)``,
    ///   ``LanguageError/constraintTooLarge(limit:)``.
    public func accepts(_ text: String) throws(LanguageError) -> Bool {
        var machine = try PushdownMachine(try GrammarProgram(try grammar()))
        var state: Int32 = 0
        for byte in text.utf8 {
            state = try machine.step(state, byte)
            if state == PushdownMachine.dead { return false }
        }
        return machine.mayEnd(state)
    }
}
