import Cascades

/// What learning is told of a request that ended.
struct LearnedRun: Sendable {
    var id: String
    /// Seconds since 1970.
    var time: Double
    /// The version that decided.
    var version: String
    var part: ModelPolicies.Part
    /// For each canary that there was, its probability given that it or the active version decides.
    var canaryShares: [String: Double] = [:]
    var context: [Double] = []
    var group: String?
    var choices: [RequestRecord.Choice] = []
    /// The stage whose answer was given; nil for none.
    var answered: Int?
    var money = 0.0
    /// Whether the policy decided to the end: nothing failed, nothing was released early.
    var isRegular = true
}

/// Something that somebody should know.
struct LearningAlarm: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable {
        /// Numbers of requests or answers are not as they were.
        case evidenceDrift = "evidence-drift"
        /// Quality is not as it was.
        case qualityDrift = "quality-drift"
        /// A version's quality is below the floor.
        case floorBroken = "floor-broken"
        /// A version on trial is worse than it may be.
        case trialLost = "trial-lost"
        /// A version on trial keeps enough, and takes the active one's place.
        case trialWon = "trial-won"
        /// A version was to be taken back and nothing can take its place.
        case nothingToRollBackTo = "nothing-to-roll-back-to"
        /// The next policy could not be learned.
        case learningFailed = "learning-failed"
    }

    /// Seconds since 1970.
    var time: Double
    var model: String
    var kind: Kind
    /// In a sentence.
    var text: String
}

/// What is to be done.
enum LearningAction: Sendable, Hashable {
    case alarm(LearningAlarm.Kind, text: String)
    /// Take a version out of use.
    case rollBack(version: String, reason: String)
    /// Put a version in the active one's place.
    case promote(version: String, reason: String)
    /// Learn the next version.
    case learn
}
