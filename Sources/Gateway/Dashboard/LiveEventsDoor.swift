import Cascades
import Foundation
import HTTPTypes
import NIOCore
import Synchronization

/// `/admin/api/live/events`: once a second, what happened since the last time. Nothing is read but this process'
/// memory.
struct LiveEventsDoor: Door {
    /// How many pages may look on at once.
    static let most = 64

    let core: GatewayCore
    private let watching = Watching()

    init(core: GatewayCore) { self.core = core }

    /// Counts those who look on.
    private final class Watching: Sendable {
        private let count = Mutex(0)

        func enter(_ most: Int) -> Bool {
            count.withLock { count in
                if count >= most { return false }
                count += 1
                return true
            }
        }

        func leave() { count.withLock { $0 -= 1 } }
    }

    func answer(_ request: DoorRequest) async -> DoorReply {
        do throws(DoorError) {
            guard request.head.method == .get else { throw .wrongMethod(request.path, takes: "GET") }
            _ = try core.viewer(request)
            guard watching.enter(Self.most) else {
                throw DoorError(
                    status: 503, type: "server_error", message: "\(Self.most) pages look on already.",
                    code: "too_many_watchers", retryAfter: 30)
            }
        } catch {
            return DoorReply(error)
        }
        var reply = DoorReply(
            contentType: "text/event-stream",
            body: .stream { [core, watching] sink in
                defer { watching.leave() }
                var feed = LiveFeed(core)
                // A gateway that is told to stop does not wait for those who only look on.
                while !core.isDraining {
                    try await sink.write(feed.next(now: core.time()))
                    try await Task.sleep(for: .seconds(1))
                }
            })
        reply.fields[.cacheControl] = "no-store"
        return reply
    }
}

/// What one page was told, and so what it is to be told next.
struct LiveFeed {
    /// How many requests an event lists at most.
    static let listed = 30

    private let core: GatewayCore
    private var told = 0
    private var lastSecond: Int?

    init(_ core: GatewayCore) { self.core = core }

    /// The event of `now`, in seconds since 1970: seconds that are over, the newest requests, and the stages as they
    /// are.
    mutating func next(now: Double) -> ByteBuffer {
        // The second that runs is not over; requests of the one before may still be noted.
        let last = Int(bounding: now) - 1
        // A clock that was set back begins anew.
        let before = lastSecond.flatMap { $0 <= last ? $0 : nil }
        let first = before.map { $0 + 1 } ?? last - LiveTraffic.seconds + 1
        let seconds = core.live.seconds(from: first, through: last)
        lastSecond = last
        let count = core.live.count
        let requests = core.live.last(Self.listed, since: told)
        told = count
        let tree: JSONTree = .members([
            ("now", .number(Double(last))), ("count", .number(Double(count))),
            ("p50", core.live.latency(0.5).map { .number($0) }), ("p95", core.live.latency(0.95).map { .number($0) }),
            ("p99", core.live.latency(0.99).map { .number($0) }),
            ("deferral", core.live.deferralRate.map { .number($0) }),
            ("seconds", .array(seconds.map(Self.json))), ("requests", .array(requests.map { SeenRequest($0).brief })),
            ("stages", .array(core.models.stages.map { DashboardData.json($0) })),
        ])
        var event = ByteBuffer(string: "data: ")
        event.writeImmutableBuffer(tree.bytes)
        event.writeStaticString("\n\n")
        return event
    }

    private static func json(_ second: LiveTraffic.Second) -> JSONTree {
        [
            "time": .number(Double(second.second)), "requests": .number(Double(second.requests)),
            "deferred": .number(Double(second.deferred)), "failed": .number(Double(second.failed)),
            "money": .number(second.money),
            "byStage": .object(
                second.byStage.sorted { $0.key < $1.key }.map { JSONTree.Member($0.key, .number(Double($0.value))) }),
        ]
    }
}
