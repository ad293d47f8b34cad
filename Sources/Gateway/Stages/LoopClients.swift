import AsyncHTTPClient
import NIOCore
import NIOPosix
import Synchronization

/// What sends requests to a stage: one client for each event loop, so that a call and its connection share a loop.
///
/// A call whose connection was on another loop could be answered before its own end was sent; the pool of async-http-client
/// 1.37.0 ended the process at that (http1ConnectionReleased of a connection that it knew no more). It also saves the ways
/// between threads.
final class LoopClients: Sendable {
    private let loops: [any EventLoop]
    let all: [HTTPClient]
    private let turn = Atomic<Int>(0)

    /// - Parameter connections: the most connections of each loop.
    init(_ timeouts: StageTimeouts, connections: Int, group: any EventLoopGroup) {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .nanoseconds(Int64(timeouts.connect * 1e9))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        // A connection that is kept may have been closed by the endpoint just now; one try too many shows nothing.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        var loops: [any EventLoop] = []
        for loop in group.makeIterator() { loops.append(loop) }
        self.loops = loops
        all = loops.map { HTTPClient(eventLoopGroupProvider: .shared($0), configuration: configuration) }
    }

    /// The client of the event loop that this runs on; any where it runs on none.
    var here: HTTPClient {
        if let loop = MultiThreadedEventLoopGroup.currentEventLoop,
            let place = loops.firstIndex(where: { $0 === loop })
        {
            return all[place]
        }
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
        return all[number % all.count]
    }
}
