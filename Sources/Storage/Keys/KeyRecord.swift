/// What the store knows of a key.
public struct KeyRecord: Sendable, Hashable {
    /// What a key may do.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// Ask the models.
        case use
        /// Look at the dashboard.
        case view
        /// Change policies and keys, and name faults to be simulated.
        case administer
    }

    /// The key's name in the store; not the secret.
    public var id: String
    /// What may be shown of the secret.
    public var prefix: String
    /// Whose it is.
    public var name: String
    /// What it may do.
    public var roles: Set<Role>
    /// The virtual models it may ask; all where there are none.
    public var models: [String]
    /// How much it may spend and how often it may ask.
    public var limits: [Limit]
    /// When it was made, in seconds since 1970.
    public var created: Double
    /// When it was revoked, in seconds since 1970.
    public var revoked: Double?

    /// Whether it lets anyone in.
    public var isValid: Bool { revoked == nil }
}
