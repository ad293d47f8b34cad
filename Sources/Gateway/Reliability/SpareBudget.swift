/// Extra calls as a share of the ordinary ones: each call earns a part of one, and so many may be saved up.
///
/// Keeps retries and hedges from making an overload worse.
struct SpareBudget: Sendable {
    /// Extra calls for each ordinary one.
    let share: Double
    /// The most that are saved up.
    let most: Double
    private(set) var saved: Double

    init(share: Double, most: Double) {
        self.share = share
        self.most = most
        saved = most
    }

    /// An ordinary call was made.
    mutating func earn() { saved = min(most, saved + share) }

    /// Whether an extra call may be made; it is paid for then.
    mutating func spend() -> Bool {
        guard saved >= 1 else { return false }
        saved -= 1
        return true
    }
}
