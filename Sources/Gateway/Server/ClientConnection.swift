import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// A client's connection: knows when the client has gone.
final class ClientConnection: Sendable {
    private enum State {
        case open
        case watched(CheckedContinuation<Void, Never>)
        case closed
    }

    private let state = Mutex(State.open)

    /// Returns once the client has gone, or ``finish()`` was called.
    func closed() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if case .closed = state { return true }
                state = .watched(continuation)
                return false
            }
            if isClosed { continuation.resume() }
        }
    }

    /// The client has gone, or nobody cares any more.
    func finish() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            defer { state = .closed }
            if case .watched(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume()
    }
}

/// Watches over a connection on its event loop: a client that goes away, one that sends too slowly, and replies that end
/// the connection.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connection: ClientConnection
    private let readLimit: TimeAmount
    private var isReading = false
    private var closesAfterReply = false
    private var deadline: Scheduled<Void>?

    /// - Parameter readLimit: the longest time from a request's head to its end.
    init(_ connection: ClientConnection, readLimit: TimeAmount) {
        self.connection = connection
        self.readLimit = readLimit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReading = true
        case .body: break
        case .end:
            isReading = false
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests are there at once and need no timer.
        if isReading, deadline == nil {
            deadline = context.eventLoop.assumeIsolated().scheduleTask(in: readLimit) { [self] in
                deadline = nil
                guard isReading else { return }
                closesAfterReply = true
                let body = DoorError(
                    status: 408, type: "invalid_request_error", message: "The request took too long to arrive.",
                    code: "request_timeout"
                ).openAIBody
                var head = HTTPResponse(status: .requestTimeout)
                head.headerFields[.connection] = "close"
                head.headerFields[.contentType] = "application/json"
                head.headerFields[.contentLength] = String(body.readableBytes)
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.write(wrapOutboundOut(.body(body)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                context.close(promise: nil)
            }
        }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.connection] == "close" { closesAfterReply = true }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            guard closesAfterReply else { return context.write(data, promise: promise) }
            context.writeAndFlush(data, promise: promise)
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { connection.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.finish()
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        connection.finish()
        deadline?.cancel()
    }
}
