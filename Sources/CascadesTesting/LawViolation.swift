/// A law that a conformance breaks, and where.
///
/// The checks return an empty array where everything holds, so that any test framework can use them:
///
///     #expect(checkPolicy(policy, schema: schema, using: &random) == [])
public struct LawViolation: Sendable, Hashable, CustomStringConvertible {
    /// The law, as a sentence.
    public let law: String
    /// The case that breaks it.
    public let detail: String

    /// `law` is broken by `detail`.
    public init(_ law: String, _ detail: String) {
        self.law = law
        self.detail = detail
    }

    public var description: String { "\(law): \(detail)" }
}
