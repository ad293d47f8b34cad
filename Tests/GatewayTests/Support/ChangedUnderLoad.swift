import Synchronization

/// Clients that ask without a pause while what answers them is changed a hundred times, to and fro.
enum ChangedUnderLoad {
    /// What an answer shows.
    enum Seen: Sendable {
        /// That it was given as it was before the first change, or after it.
        case first, second
        /// That it was dropped, or is half the one and half the other.
        case wrong
    }

    struct Counts: Sendable {
        var first = 0
        var second = 0
        var wrong = 0
    }

    private final class Tally: Sendable { let counts = Mutex(Counts()) }

    /// Runs `ask` in each client until `change` was called a hundred times, and then until both were seen, or two minutes are
    /// over; at least fifty times each.
    static func run(
        clients: Int, ask: @escaping @Sendable () async throws -> Seen, change: (_ round: Int) async throws -> Void
    ) async throws -> Counts {
        let tally = Tally()
        let isOver = TestFlag(false)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var asked = 0
                    while !isOver.isSet || asked < 50 {
                        let seen = try await ask()
                        asked += 1
                        tally.counts.withLock { counts in
                            switch seen {
                            case .first: counts.first += 1
                            case .second: counts.second += 1
                            case .wrong: counts.wrong += 1
                            }
                        }
                    }
                }
            }
            let end = ContinuousClock.now + .seconds(120)
            var round = 0
            do {
                while round < 100
                    || tally.counts.withLock({ $0.first == 0 || $0.second == 0 }) && ContinuousClock.now < end
                {
                    try await change(round)
                    round += 1
                }
            } catch {
                isOver.set(true)
                throw error
            }
            isOver.set(true)
            try await group.waitForAll()
            return tally.counts.withLock { $0 }
        }
    }
}
