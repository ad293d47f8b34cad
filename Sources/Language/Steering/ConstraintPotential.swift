/// Rules out texts that a constraint does not accept: a grammar, a JSON schema, a regular expression, a word list.
///
///     let digits = ConstraintPotential(try model.constraint(.regularExpression("[0-9]{4}")))
///
/// A text is over as soon as nothing may follow; one that is cut off before it is complete has no weight.
public struct ConstraintPotential<Constraint: TokenConstraint>: Potential {
    private var constraint: Constraint
    private var isBroken = false

    /// Rules out what `constraint` does not accept.
    public init(_ constraint: Constraint) { self.constraint = constraint }

    public func logWeight(of text: SteeredText) -> Double { !isBroken && constraint.mayEnd ? 0 : -.infinity }
    public func logPrefixWeight(of text: SteeredText) -> Double { isBroken ? -.infinity : 0 }

    public mutating func accept(_ token: Token, text: SteeredText) throws {
        // A token drawn without asking may not be allowed: then the text is worth nothing, which is no error.
        if isBroken { return }
        if try constraint.allows(token) { try constraint.accept(token) } else { isBroken = true }
    }

    public func allowedTokens() throws -> TokenMask? { try constraint.allowedTokens() }
    public func allows(_ token: Token) throws -> Bool { try !isBroken && constraint.allows(token) }
    public func mayEnd(_ text: SteeredText) -> Bool { !isBroken && constraint.mayEnd }
    public func mustEnd(_ text: SteeredText) -> Bool { !isBroken && constraint.mustEnd }
}
