public import Storage

/// What a gateway keeps in its store, and how.
public struct StoreOptions: Sendable {
    /// Whether requests must come with a key.
    public var keys = KeyRequirement.automatic
    /// What is kept of the texts of requests and answers.
    public var texts = TextKeeping.none
    /// How records are written.
    public var writer = RecordWriter.Options()
    /// How spending is leased and given back; nil for what suits the kind of store.
    public var budgets: BudgetKeeper.Options?
    /// For how many days requests are kept; nil for ever.
    public var keepDays: Double?
    /// For how many seconds a clock that is suddenly ahead must go evenly before requests are taken away by it; nil for a day.
    var patience: Double?

    /// Keys once there is one, no texts, requests for ever.
    public init() {}
}
