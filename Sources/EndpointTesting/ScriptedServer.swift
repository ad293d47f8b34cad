public import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real HTTP server in this process that does exactly what a test says, faults included: bytes, pauses, a closed or a
/// reset connection.
///
///     let server = try await ScriptedServer { request in [.json(#"{"answer": 42}"#), .close] }
///     defer { server.stop() }
public final class ScriptedServer: Sendable {
    /// A request as it came.
    public struct Request: Sendable {
        /// Its place among all requests, from 0.
        public var number: Int
        /// The path.
        public var path: String
        /// The headers, names in lower case.
        public var headers: [String: String]
        /// The body.
        public var body: String
    }

    /// What the server does next with a connection.
    public enum Step: Sendable {
        /// Sends these bytes, whatever they are.
        case bytes([UInt8])
        /// Waits so many milliseconds.
        case pause(Int)
        /// Closes the connection.
        case close
        /// Resets it, so that the other side gets an error.
        case reset
    }

    /// What it has seen.
    public struct Counts: Sendable {
        /// Connections in all.
        public var connections = 0
        /// Connections open now.
        public var open = 0
        /// Requests that came whole.
        public var requests: [Request] = []
        /// Requests at work now, and the most that were at a time.
        public var running = 0
        public var mostRunning = 0
    }

    private let channel: any Channel
    private let state: StateBox

    /// A server on a free port of this machine.
    /// - Parameter respond: the steps that answer a request.
    public init(_ respond: @escaping @Sendable (Request) -> [Step]) async throws {
        let state = StateBox()
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder()), ScriptHandler(state, respond),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// Its port.
    public let port: Int
    /// Where its interface begins.
    public var address: String { "http://127.0.0.1:\(port)/v1" }
    /// What it has seen so far.
    public var counts: Counts { state.counts.withLock { $0 } }

    /// Ends it. Connections that clients keep open stay open.
    public func stop() { channel.close(promise: nil) }

    /// Waits until `holds` of what it has seen, a minute at most; whether it does.
    public func reaches(_ holds: @Sendable (Counts) -> Bool) async -> Bool {
        for _ in 0..<12_000 {
            if holds(counts) { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return holds(counts)
    }
}

final class StateBox: Sendable {
    let counts = Mutex(ScriptedServer.Counts())
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let state: StateBox
    private let respond: @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step]
    private var head: HTTPRequestHead?
    private var body = ""
    private var isRunning = false

    init(_ state: StateBox, _ respond: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step]) {
        self.state = state
        self.respond = respond
    }

    func channelActive(context: ChannelHandlerContext) {
        state.counts.withLock {
            $0.connections += 1
            $0.open += 1
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.counts.withLock { $0.open -= 1 }
        endRequest()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func endRequest() {
        if isRunning { state.counts.withLock { $0.running -= 1 } }
        isRunning = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ""
        case .body(let bytes): body += String(buffer: bytes)
        case .end:
            guard let head else { return }
            var headers: [String: String] = [:]
            for (name, value) in head.headers { headers[name.lowercased()] = value }
            isRunning = true
            let request = state.counts.withLock { counts in
                let request = ScriptedServer.Request(
                    number: counts.requests.count, path: head.uri, headers: headers, body: body)
                counts.requests.append(request)
                counts.running += 1
                counts.mostRunning = max(counts.mostRunning, counts.running)
                return request
            }
            run(respond(request)[...], context)
        }
    }

    private func run(_ steps: ArraySlice<ScriptedServer.Step>, _ context: ChannelHandlerContext) {
        var steps = steps
        while let step = steps.popFirst() {
            guard context.channel.isActive else { return }
            switch step {
            case .bytes(let bytes):
                // The request is over before its last bytes can be seen, so that a count never runs ahead of a test.
                if !steps.contains(where: { if case .bytes = $0 { true } else { false } }) { endRequest() }
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .pause(let milliseconds):
                let rest = steps
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
                    self.run(rest, context)
                }
                return
            case .close: context.close(promise: nil)
            case .reset:
                // Without lingering a close becomes a reset.
                if let socket = context.channel as? any SocketOptionProvider {
                    socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in
                        context.close(promise: nil)
                    }
                }
                return
            }
        }
    }
}
