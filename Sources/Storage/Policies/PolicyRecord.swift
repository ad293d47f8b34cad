/// A version of a virtual model's policy.
public struct PolicyRecord: Sendable, Hashable {
    /// What a version does just now.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// It decides. A model has one such version.
        case active
        /// It decides for a share of the requests.
        case canary
        /// It says what it would decide; nothing is done.
        case shadow
        /// It did, or may yet.
        case retired
    }

    /// The virtual model.
    public var model: String
    /// 1, 2, … of that model.
    public var version: Int
    /// The policy file's content.
    public var content: String
    /// What it does.
    public var state: State
    /// The share of the requests that a canary decides.
    public var share: Double
    /// When it was added, in seconds since 1970.
    public var created: Double
    /// What was said of it.
    public var note: String
    /// The version whose place it took when it became active last.
    public var previous: Int?
}
