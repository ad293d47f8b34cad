/// A potential with a guess of the weight that is still to come: the same texts with the same weights, found sooner.
///
///     φ(beginning) = base(beginning) ψ(beginning);   φ(text) = base(text)
///
/// The better e^ψ approximates the mean of what will be gained or lost from here on, the more even the weights.
/// - Source: N. Whiteley, A. Lee, "Twisted particle filters", 2014; over language models: S. Zhao, R. Brekelmans,
///   A. Makhzani, R. Grosse, "Probabilistic inference in language models via twisted sequential Monte Carlo", 2024.
public struct TwistedPotential<Base: Potential>: Potential {
    private var base: Base
    private let twist: @Sendable (SteeredText) throws -> Double

    /// `base` with `twist`, ln ψ in nats: a finite number.
    public init(_ base: Base, twist: @escaping @Sendable (SteeredText) throws -> Double) {
        self.base = base
        self.twist = twist
    }

    public func logWeight(of text: SteeredText) throws -> Double { try base.logWeight(of: text) }
    public func logPrefixWeight(of text: SteeredText) throws -> Double {
        try base.logPrefixWeight(of: text) + twist(text)
    }
    public mutating func accept(_ token: Token, text: SteeredText) throws { try base.accept(token, text: text) }
    public func allowedTokens() throws -> TokenMask? { try base.allowedTokens() }
    public func allows(_ token: Token) throws -> Bool { try base.allows(token) }
    public var expertise: [NextTokenExpertise] { base.expertise }
    public func mayEnd(_ text: SteeredText) -> Bool { base.mayEnd(text) }
    public func mayGoOn(_ text: SteeredText) -> Bool { base.mayGoOn(text) }
    public func mustEnd(_ text: SteeredText) -> Bool { base.mustEnd(text) }
    public func check(vocabularyCount: Int) throws(LanguageError) { try base.check(vocabularyCount: vocabularyCount) }

    public static func read(_ potentials: inout [Self], after texts: [SteeredText]) async throws {
        var bases = potentials.map(\.base)
        try await Base.read(&bases, after: texts)
        for index in potentials.indices { potentials[index].base = bases[index] }
    }
}
