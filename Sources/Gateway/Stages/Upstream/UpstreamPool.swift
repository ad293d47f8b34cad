import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A request as it goes over the wire.
struct UpstreamRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer
}

/// The connections to one endpoint on one event loop, kept open between calls.
///
/// A request's task, its client's connection and the connection to the stage share a loop, so that nothing is handed from
/// thread to thread. How many calls run at once is the stage's guard's business.
final class UpstreamPool: Sendable {
    /// The longest time that a connection is kept for which there is no use. Some endpoints close sooner (uvicorn after five
    /// seconds), perhaps just as a call is sent: such a call is sent again (``again(_:_:)``).
    private static let idleLimit = TimeAmount.seconds(30)

    private struct State {
        /// Those that nothing runs on, and since when; the latest used last.
        var idle: [(connection: UpstreamConnection, since: NIODeadline)] = []
        var isSweeping = false
        var isOver = false
    }

    let loop: any EventLoop
    private let address: UpstreamAddress
    private let security: NIOSSLContext?
    private let timeouts: StageTimeouts
    private let state: NIOLoopBoundBox<State>

    init(_ address: UpstreamAddress, on loop: any EventLoop, security: NIOSSLContext?, timeouts: StageTimeouts) {
        self.loop = loop
        self.address = address
        self.security = security
        self.timeouts = timeouts
        state = .makeBoxSendingValue(State(), eventLoop: loop)
    }

    /// Sends `request` on a connection that is free, or a new one.
    func start(_ call: UpstreamCall, _ request: UpstreamRequest) {
        if loop.inEventLoop {
            begin(call, request)
        } else {
            loop.execute { self.begin(call, request) }
        }
    }

    private func begin(_ call: UpstreamCall, _ request: UpstreamRequest) {
        call.watch(on: loop)
        while let connection = state.value.idle.popLast()?.connection {
            guard connection.isOpen else { continue }
            if !connection.begin(call, request) { take(connection) }
            return
        }
        connect(for: call, request)
    }

    /// Sends `request` on a new connection: the one that was kept was closed before anything came back. The endpoint did so
    /// because nothing had run on it for long, so that this is no fault of the stage's, and no try.
    func again(_ call: UpstreamCall, _ request: UpstreamRequest) { connect(for: call, request) }

    private func connect(for call: UpstreamCall, _ request: UpstreamRequest) {
        let limit = TimeAmount.nanoseconds(Int64(timeouts.connect * 1e9))
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(limit)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let security = self.security {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: security, serverHostname: self.address.certificateName))
                    }
                    try pipeline.addHandlers([
                        HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
                        UpstreamConnection(self, isSecure: self.security != nil, timeouts: self.timeouts),
                    ])
                }
            }
        bootstrap.connect(host: address.host, port: address.port).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                guard let connection = try? channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
                else { return call.fail(with: .unreachable(reason: "the endpoint closed the connection at once")) }
                if !connection.begin(call, request) { self.take(connection) }
            case .failure(let error): call.fail(with: Self.reason(error, self.timeouts))
            }
        }
    }

    private static func reason(_ error: any Error, _ timeouts: StageTimeouts) -> StageError {
        switch error {
        case ChannelError.connectTimeout: .timedOut(step: "a connection", seconds: timeouts.connect)
        case let error as NIOConnectionError
        where !error.connectionErrors.isEmpty
            && error.connectionErrors.allSatisfy {
                if case ChannelError.connectTimeout = $0.error { true } else { false }
            }:
            .timedOut(step: "a connection", seconds: timeouts.connect)
        case is NIOConnectionError: .unreachable(reason: "nothing listens there, or the name is not known")
        default: .unreachable(reason: "\(error)")
        }
    }

    // MARK: - What connections say, on the loop

    /// `connection` is free.
    func take(_ connection: UpstreamConnection) {
        guard !state.value.isOver, connection.isOpen else { return connection.close() }
        state.value.idle.append((connection, .now()))
        if !state.value.isSweeping { sweep(in: Self.idleLimit) }
    }

    /// `connection` is closed.
    func forget(_ connection: UpstreamConnection) {
        state.value.idle.removeAll { $0.connection === connection }
    }

    private func sweep(in time: TimeAmount) {
        state.value.isSweeping = true
        loop.assumeIsolated().scheduleTask(in: time) {
            self.state.value.isSweeping = false
            let limit = NIODeadline.now() - Self.idleLimit
            // Closing one takes it off the list.
            for (connection, since) in self.state.value.idle where since <= limit { connection.close() }
            guard let next = self.state.value.idle.first else { return }
            self.sweep(in: max(.milliseconds(10), next.since + Self.idleLimit - .now()))
        }
    }

    /// Closes what is free now, and the rest when it is.
    func shutDown() {
        loop.execute {
            self.state.value.isOver = true
            for (connection, _) in self.state.value.idle { connection.close() }
        }
    }
}
