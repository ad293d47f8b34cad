/// Weighs texts: what a text is worth beside its probability under the model.
///
/// Steering draws texts with probability proportional to p(text) e^w, w being ``logWeight(of:)`` of the complete text. What a
/// potential says of beginnings guides the particles and changes nothing else: it is divided out again at the end. So a
/// beginning's weight may be what is known of the text's weight already, or a guess of what it will be.
///
/// A value: a text that branches takes a copy along.
///
///     struct FewCommas: Potential {
///         func logWeight(of text: SteeredText) -> Double { -2 * Double(text.text.count { $0 == "," }) }
///         func logPrefixWeight(of text: SteeredText) -> Double { logWeight(of: text) }
///     }
public protocol Potential: Sendable {
    /// ln of the weight of `text` as a complete one, in nats; -infinity rules it out.
    func logWeight(of text: SteeredText) throws -> Double

    /// ln of what `text` promises as a beginning, in nats; -infinity only where no text that begins so has a weight.
    func logPrefixWeight(of text: SteeredText) throws -> Double

    /// Moves on by `token`, which does not end the text and is the last of `text`.
    mutating func accept(_ token: Token, text: SteeredText) throws

    /// The tokens that may come next, those that may end the text included; nil where it rules out none.
    func allowedTokens() throws -> TokenMask?

    /// Whether `token` may come next, without looking at the others.
    func allows(_ token: Token) throws -> Bool

    /// What is said of every token that may come next, where that is known before one is drawn.
    var expertise: [NextTokenExpertise] { get }

    /// Whether the model may end `text` here.
    func mayEnd(_ text: SteeredText) -> Bool

    /// Whether anything but the end may come behind `text`.
    func mayGoOn(_ text: SteeredText) -> Bool

    /// Whether `text` is over here, without the model ending it.
    func mustEnd(_ text: SteeredText) -> Bool

    /// Finds out what is needed before the next token, for all texts that are being written at once.
    static func read(_ potentials: inout [Self], after texts: [SteeredText]) async throws

    /// Checks that it can weigh texts of a vocabulary of `vocabularyCount` tokens.
    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)``.
    func check(vocabularyCount: Int) throws(LanguageError)
}

/// What a second model says of each next token: e^(exponent (logit - logNormaliser)) is its factor.
public struct NextTokenExpertise: Sendable {
    /// Its logits, `[vocabulary]`.
    var logits: ArraySlice<Float>
    /// ln Σ e^logit.
    var logNormaliser: Double
    var exponent: Double

    /// ln of the factor of `token`.
    func logFactor(of token: Token) -> Double {
        exponent * (Double(logits[logits.startIndex + Int(token)]) - logNormaliser)
    }
}

extension Potential {
    public func logPrefixWeight(of text: SteeredText) throws -> Double { 0 }
    public mutating func accept(_ token: Token, text: SteeredText) throws {}
    public func allowedTokens() throws -> TokenMask? { nil }
    public func allows(_ token: Token) throws -> Bool { true }
    public var expertise: [NextTokenExpertise] { [] }
    public func mayEnd(_ text: SteeredText) -> Bool { true }
    public func mayGoOn(_ text: SteeredText) -> Bool { true }
    public func mustEnd(_ text: SteeredText) -> Bool { false }
    public static func read(_ potentials: inout [Self], after texts: [SteeredText]) async throws {}
    public func check(vocabularyCount: Int) throws(LanguageError) {}
}
