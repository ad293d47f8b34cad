/// What the tests of a model's versions have come to: what outlasts a gateway.
struct TestState: Sendable, Hashable, Codable {
    /// The version in force, which trials are against.
    var active: String
    /// What floors were tested against.
    var floor: LearningSettings.Floor?
    /// By version.
    var scores: [String: VersionScore]
    /// By version.
    var trials: [String: CanaryTrial]

    /// The judged requests that it rests on.
    var judged: Int { scores.values.reduce(0) { $0 + $1.quality.count + $1.exploredQuality.count } }
}
