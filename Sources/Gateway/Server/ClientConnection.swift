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

/// Watches over a connection on its event loop: a client that goes away, one that sends or takes too slowly, and the
/// gateway's end.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connection: ClientConnection
    private let readLimit: TimeAmount
    private let writeLimit: TimeAmount
    private var isReading = false
    /// Requests whose heads came and whose answers have not ended.
    private var running = 0
    /// Whether the connection is to be closed when nothing runs any more.
    private var isStopping = false
    private var readDeadline: Scheduled<Void>?
    private var writeDeadline: Scheduled<Void>?

    /// - Parameters:
    ///   - readLimit: the longest time from a request's head to its end.
    ///   - writeLimit: the longest time in which a client takes nothing of what waits for it.
    init(_ connection: ClientConnection, readLimit: TimeAmount, writeLimit: TimeAmount) {
        self.connection = connection
        self.readLimit = readLimit
        self.writeLimit = writeLimit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReading = true
            running += 1
        case .body: break
        case .end:
            isReading = false
            readDeadline?.cancel()
            readDeadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests are there at once and need no timer.
        if isReading, readDeadline == nil { watchReading(context) }
        context.fireChannelReadComplete()
    }

    private func watchReading(_ context: ChannelHandlerContext) {
        readDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: readLimit) { [self] in
            readDeadline = nil
            guard isReading else { return }
            switch running {
            // It was answered before it was whole: there is nothing left to say.
            case ...0: context.close(promise: nil)
            case 1: refuse(context)
            // An earlier request's answer is being written; what comes behind it waits by the gateway's doing.
            default: watchReading(context)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            writeDeadline?.cancel()
            writeDeadline = nil
        } else if writeDeadline == nil {
            writeDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: writeLimit) { [self] in
                writeDeadline = nil
                // Whoever waits to write more is told that the client has gone.
                context.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Tells a client that it is too slow, and closes.
    private func refuse(_ context: ChannelHandlerContext) {
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
        flushAndClose(context, wrapOutboundOut(.end(nil)), nil)
    }

    /// Closes once all is sent: what is still to be sent would be lost otherwise.
    private func flushAndClose(
        _ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?
    ) {
        let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(data, promise: sent)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        running -= 1
        guard isStopping, running <= 0 else { return context.write(data, promise: promise) }
        flushAndClose(context, data, promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, running > 0 {
            isStopping = true
            return
        }
        if case .inputClosed = event as? ChannelEvent { connection.finish() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    private func stop() {
        connection.finish()
        readDeadline?.cancel()
        writeDeadline?.cancel()
    }
}
