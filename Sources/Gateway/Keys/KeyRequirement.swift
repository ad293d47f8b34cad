/// Whether requests must come with a key.
public enum KeyRequirement: String, Sendable, Hashable, CaseIterable {
    /// On this machine: once the store has had a key. For others: always.
    case automatic
    /// Always.
    case required
    /// A request without one is let in, without limits; one with a wrong key is not.
    case optional
}
