import Probability

/// What is known of how well one version of a policy does.
struct VersionScore: Sendable, Hashable, Codable {
    /// Requests that it decided.
    private(set) var requests = 0
    /// Their money, in dollars.
    private(set) var money = 0.0
    /// Requests for which it asked more than one stage.
    private(set) var deferred = 0
    /// How good the judged answers of its own requests were.
    private(set) var quality = RunningMean()
    /// That the floor is broken.
    private(set) var floorBet = SequentialBet()
    /// What its answers to explored requests would have been worth, without a bias, and their scalar cost.
    private(set) var exploredQuality = RunningMean()
    private(set) var exploredCost = RunningMean()
    /// Of a version that only watches: requests, and those for which it would have asked the same stages.
    private(set) var watched = 0
    private(set) var agreed = 0

    /// Whether it was found that its quality is below the floor.
    func breaks(_ floor: LearningSettings.Floor) -> Bool { floorBet.rejects(level: 1 - floor.confidence) }

    mutating func ran(money: Double, deferred: Bool) {
        requests += 1
        self.money += money
        if deferred { self.deferred += 1 }
    }

    mutating func judged(_ value: Double, floor: LearningSettings.Floor?) {
        quality.add(value)
        guard let floor, floor.quality > 0, floor.quality < 1 else { return }
        floorBet.observe(value - floor.quality, atMost: 1 - floor.quality)
    }

    /// Another floor holds from now on.
    mutating func forgetFloor() { floorBet = SequentialBet() }

    mutating func explored(quality: Double, cost: Double) {
        exploredQuality.add(quality)
        exploredCost.add(cost)
    }

    mutating func watched(agrees: Bool) {
        watched += 1
        if agrees { agreed += 1 }
    }
}
