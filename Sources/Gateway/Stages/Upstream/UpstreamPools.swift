import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The connections to one endpoint: a pool for each event loop.
final class UpstreamPools: Sendable {
    private let pools: [UpstreamPool]
    private let turn = Atomic<Int>(0)

    /// - Throws: `NIOSSLError` where the machine's certificates can't be read.
    init(_ address: UpstreamAddress, timeouts: StageTimeouts, group: any EventLoopGroup) throws {
        var security: NIOSSLContext?
        if address.isSecure {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.applicationProtocols = ["http/1.1"]
            security = try NIOSSLContext(configuration: configuration)
        }
        var pools: [UpstreamPool] = []
        for loop in group.makeIterator() {
            pools.append(UpstreamPool(address, on: loop, security: security, timeouts: timeouts))
        }
        self.pools = pools
    }

    /// The pool of the event loop that this runs on; any where it runs on none.
    var here: UpstreamPool {
        if let loop = MultiThreadedEventLoopGroup.currentEventLoop, let pool = pools.first(where: { $0.loop === loop })
        {
            return pool
        }
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
        return pools[number % pools.count]
    }

    /// Closes what is free now, and the rest when it is.
    func shutDown() {
        for pool in pools { pool.shutDown() }
    }
}
