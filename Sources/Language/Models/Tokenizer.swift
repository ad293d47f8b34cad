/// Cuts text into the tokens of a vocabulary and puts it together again.
public protocol Tokenizer: Sendable {
    /// How many tokens there are; they are `0 ..< vocabularyCount`.
    var vocabularyCount: Int { get }
    /// The token with which a text begins, where the model wants one.
    var beginningOfText: Token? { get }

    /// The tokens of `text`.
    /// - Parameters:
    ///   - addingSpecial: whether the tokens are added with which the model wants a text to begin (and end).
    ///   - parsingSpecial: whether the spelled-out names of control tokens (`<|im_start|>`) become these tokens. Never
    ///     for text that a user wrote.
    func tokens(of text: String, addingSpecial: Bool, parsingSpecial: Bool) -> [Token]

    /// The bytes that `token` stands for; none for a control token. A token may hold part of a character only.
    func bytes(of token: Token) -> [UInt8]

    /// Whether `token` ends a text or a turn.
    func endsGeneration(_ token: Token) -> Bool
}

extension Tokenizer {
    /// The tokens of `text` as it stands: nothing added, nothing parsed.
    public func tokens(of text: String) -> [Token] { tokens(of: text, addingSpecial: false, parsingSpecial: false) }

    /// The text of `tokens`. Bytes that make no character become U+FFFD.
    public func text(of tokens: some Sequence<Token>) -> String {
        String(decoding: tokens.flatMap { bytes(of: $0) }, as: UTF8.self)
    }
}
