import Deferral

/// What a virtual model's policies are held to, and how new ones are learned.
struct LearningSettings: Sendable, Hashable {
    /// The quality that a policy may not fall below.
    struct Floor: Sendable, Hashable, Codable {
        /// The mean quality, from 0 to 1.
        var quality: Double
        /// How certain a breach must be. A policy that keeps the floor is rolled back with at most what is left of 1, however
        /// long it runs.
        var confidence = 0.95
    }

    /// What a version on trial has to show.
    struct Trial: Sendable, Hashable, Codable {
        /// The share of the active version's mean quality that it must keep.
        var keep = 0.98
        var confidence = 0.95
        /// Judged requests of its own before it can take the active one's place.
        var least = 30
    }

    /// How new versions are learned.
    struct Learner: Sendable, Hashable {
        /// The family of policies.
        var family = "thresholds"
        /// Judged explored requests from one attempt to the next.
        var every = 200
        /// What is asked of a new policy.
        var goal = Goal.keep(0.98)
        /// The share of requests that it decides while it is on trial; 0 makes it a shadow.
        var canary = 0.1
    }

    /// When numbers count as other than they were.
    struct Drift: Sendable, Hashable {
        /// Numbers that later ones are compared with.
        var reference = 2000
        /// Requests between two false alarms of one number, on average, at least.
        var every = 1e6
    }

    /// The share of requests for which all stages are asked, and one answers by chance.
    var explores = 0.0
    var floor: Floor?
    var trial = Trial()
    var learner: Learner?
    var drift: Drift? = Drift()
    /// Whose word counts for tests; nil for everybody's.
    var sources: Set<String>?
}
