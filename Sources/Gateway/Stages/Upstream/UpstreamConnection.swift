import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// A connection to an endpoint, on its event loop: carries one call after the other.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// What a call tells its connection. It may come late, when another call runs there already, which it is none of.
    struct Word: Sendable {
        enum Kind: Sendable {
            /// It can take more.
            case readOn
            /// Nobody waits for the rest.
            case abandon
        }

        let kind: Kind
        let call: UpstreamCall
    }

    private let pool: UpstreamPool
    private let timeouts: StageTimeouts
    /// Whether the keys for the way there are still being agreed on.
    private var isShakingHands: Bool
    private var handshakeLimit: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var call: UpstreamCall?
    private var hasBegun = false
    /// Whether it carried a call before; and what is to be sent again should it be closed before anything comes back.
    private var isUsed = false
    private var request: UpstreamRequest?
    private var isSent = false
    private var staysOpen = true
    private var isPaused = false

    init(_ pool: UpstreamPool, isSecure: Bool, timeouts: StageTimeouts) {
        self.pool = pool
        self.timeouts = timeouts
        isShakingHands = isSecure
    }

    /// Whether a call can be sent on it.
    var isOpen: Bool { context?.channel.isActive == true && call == nil }

    /// Sends `request`, and tells `call` what comes back. A call that has been cancelled meanwhile is not sent.
    /// - Returns: whether it was sent.
    func begin(_ call: UpstreamCall, _ request: UpstreamRequest) -> Bool {
        guard let context, call.run(on: context.channel) else { return false }
        self.call = call
        self.request = isUsed ? request : nil
        isUsed = true
        hasBegun = false
        isSent = false
        isPaused = false
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess { self.isSent = true }
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
        return true
    }

    /// Ends the connection; what runs on it fails.
    func close() { context?.close(promise: nil) }

    // MARK: - The channel's side

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard isShakingHands else { return }
        handshakeLimit = context.eventLoop.assumeIsolated().scheduleTask(
            in: .nanoseconds(Int64(timeouts.connect * 1e9))
        ) {
            self.fail(with: .timedOut(step: "a connection", seconds: self.timeouts.connect))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            isShakingHands = false
            handshakeLimit?.cancel()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let word = event as? Word else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed(())
        guard word.call === call else { return }
        switch word.kind {
        case .abandon:
            call = nil
            request = nil
            context.close(promise: nil)
        case .readOn where isPaused:
            isPaused = false
            context.read()
        case .readOn: break
        }
    }

    func read(context: ChannelHandlerContext) {
        if !isPaused { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let call else {
            // Nothing was asked.
            return context.close(promise: nil)
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            hasBegun = true
            request = nil
            staysOpen = head.isKeepAlive
            call.receive(UpstreamCall.Head(status: Int(head.status.code), headers: head.headers))
        case .body(let bytes):
            switch call.receive(bytes) {
            case .readOn: break
            case .pause: isPaused = true
            case .stop:
                self.call = nil
                context.close(promise: nil)
            }
        case .end:
            self.call = nil
            isPaused = false
            // An answer that came before all of the request was sent leaves the rest of it on the way.
            if staysOpen, isSent, context.channel.isActive {
                pool.take(self)
            } else {
                context.close(promise: nil)
            }
            call.finish()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case _ where isShakingHands: fail(with: .unreachable(reason: Self.refusal(error)))
        case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown:
            if !repeats() { fail(with: .broken(reason: closed)) }
        case let error as IOError:
            if !repeats() { fail(with: .broken(reason: error.description)) }
        case is HTTPParserError: fail(with: .broken(reason: "what came is no HTTP: \(error)"))
        default: fail(with: .broken(reason: "\(error)"))
        }
    }

    /// Why no keys were agreed on; the library's own words name places in its sources.
    private static func refusal(_ error: any Error) -> String {
        let words = "\(error)"
        if error is NIOSSLExtraError || words.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not trusted on this machine, or is another name's"
        }
        if words.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS there; is it http://?" }
        return "no secure connection could be agreed on"
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private var closed: String { hasBegun ? "the endpoint closed it in the middle" : "the endpoint closed it" }

    /// Has the call sent again where the connection was kept and nothing came back, and says whether it has.
    private func repeats() -> Bool {
        guard let call, let request, !hasBegun else { return false }
        self.call = nil
        self.request = nil
        close()
        pool.again(call, request)
        return true
    }

    private func fail(with error: StageError) {
        let call = call
        self.call = nil
        request = nil
        close()
        call?.fail(with: error)
    }

    private func end() {
        handshakeLimit?.cancel()
        handshakeLimit = nil
        pool.forget(self)
        if repeats() {
            context = nil
            return
        }
        context = nil
        let call = call
        self.call = nil
        call?.fail(with: .broken(reason: closed))
    }
}
