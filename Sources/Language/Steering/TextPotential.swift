/// Weighs texts by any function of them: a classifier, a reward, a rule.
///
///     let kind = TextPotential { text in try classifier.logProbability(of: "kind", text.text) }
///     let kindAllAlong = TextPotential(guiding: true) { text in ... }
public struct TextPotential: Potential {
    private let function: @Sendable (SteeredText) throws -> Double
    private let isGuiding: Bool

    /// Weighs a complete text by e^`function`.
    /// - Parameters:
    ///   - guiding: whether beginnings are weighed by it, too. This moves particles early to where the weight is, and helps
    ///     where a beginning's weight says something of the whole text's.
    ///   - function: ln of the weight in nats, for a beginning as for a complete text. -infinity rules a text out, and with
    ///     `guiding` all that begin with it.
    public init(guiding isGuiding: Bool = false, _ function: @escaping @Sendable (SteeredText) throws -> Double) {
        self.function = function
        self.isGuiding = isGuiding
    }

    public func logWeight(of text: SteeredText) throws -> Double { try function(text) }
    public func logPrefixWeight(of text: SteeredText) throws -> Double { isGuiding ? try function(text) : 0 }
}
