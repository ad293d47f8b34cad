import Foundation
import Synchronization

/// Clients of a gateway that ask one question after the other, until there is no gateway.
enum TrafficClients {
    /// What they were told.
    struct Told: Sendable {
        /// The requests that were answered, in the order of their answers.
        var answered: [String] = []
        /// Those of them whose judgement was acknowledged.
        var judged: [String] = []
        /// How many answers were there when a judgement was sent that was acknowledged later: the gateway writes in the order in
        /// which it answers, and acknowledges what is written, so that all of these are.
        var written = 0
        /// Statuses other than 200.
        var refused: [Int] = []
        /// Requests that came to nothing.
        var lost = 0
    }

    private final class Tally: Sendable { let told = Mutex(Told()) }

    /// Runs sixteen clients, every fourth of which judges what it is answered, until `isEnough` holds of what they were told,
    /// or two minutes are over; calls `then`, and waits until they get no answer any more.
    static func run(
        _ gateway: ServedGateway, key: String, until isEnough: @Sendable (Told) -> Bool,
        then end: () async throws -> Void
    ) async throws -> Told {
        let tally = Tally()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<16 {
                group.addTask {
                    while !Task.isCancelled {
                        guard let reply = await gateway.ask("small", "sure \(client)", key: key) else {
                            return tally.told.withLock { $0.lost += 1 }
                        }
                        guard reply.status == 200, let id = reply.id else {
                            tally.told.withLock { $0.refused.append(reply.status) }
                            continue
                        }
                        let before = tally.told.withLock { told in
                            told.answered.append(id)
                            return told.answered.count
                        }
                        guard client % 4 == 0 else { continue }
                        let kept = await gateway.send(
                            "/v1/feedback", #"{"request_id": "\#(id)", "thumbs": "up"}"#, key: key)
                        guard let kept, kept.status == 200 else { continue }
                        tally.told.withLock { told in
                            told.judged.append(id)
                            told.written = max(told.written, before)
                        }
                    }
                }
            }
            do {
                let limit = ContinuousClock.now + .seconds(120)
                while !isEnough(tally.told.withLock { $0 }) {
                    if ContinuousClock.now > limit { throw TooLittle(told: tally.told.withLock { $0 }) }
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await end()
            } catch {
                group.cancelAll()
                throw error
            }
            try await group.waitForAll()
            return tally.told.withLock { $0 }
        }
    }

    struct TooLittle: Error { var told: Told }
}
