/// A rule that says, from what is known of an item, what to do next. A pure, small, Codable value.
///
/// The same state gives the same move; a randomised policy reads the state's ``PolicyState/coin``.
/// A policy reads only the context and the evidence of stages in ``PolicyState/asked``, never asks a stage twice,
/// and comes to an end after at most as many moves as there are stages (checked by `CascadesTesting.checkPolicy`).
public protocol Policy: Codable, Sendable {
    /// The name under which policy files know this kind of policy. Stable across versions.
    static var kind: String { get }

    /// What to do next.
    func next(_ state: PolicyState) -> Move

    /// The rule as a formula with this policy's numbers, for people. Stage and signal names come from `schema`.
    func formula(_ schema: LogSchema) -> String

    /// What the rule computed in `state`: named numbers, in the order in which it looks at them.
    func terms(_ state: PolicyState) -> [PolicyTerm]

    /// The stages that this policy may ever ask.
    var reach: StageSet { get }

    /// Whether the answer of `stage`, asked alone in `state`, is given whatever the stage says of it.
    ///
    /// Such an answer may be passed on while it is still being written. False where that is not sure; the default.
    func settles(on stage: Int, in state: PolicyState) -> Bool
}

extension Policy {
    /// No numbers but the move itself.
    public func terms(_ state: PolicyState) -> [PolicyTerm] { [] }

    /// Never sure.
    public func settles(on stage: Int, in state: PolicyState) -> Bool { false }
}

/// A number that a policy's rule computed, and what it was compared with.
public struct PolicyTerm: Sendable, Hashable, Codable {
    /// What the number is, in words.
    public var name: String
    /// The number.
    public var value: Double
    /// What it was compared with, if anything.
    public var threshold: Double?

    /// A named number, compared with `threshold`.
    public init(_ name: String, _ value: Double, threshold: Double? = nil) {
        self.name = name
        self.value = value
        self.threshold = threshold
    }
}
