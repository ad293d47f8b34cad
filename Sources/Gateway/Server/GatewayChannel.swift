import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Synchronization

/// A connection's requests, one after the other: takes each one in whole, within its limits, and writes the door's reply.
struct GatewayChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let asynchronous: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
        let connection: ClientConnection
        var channel: any Channel { asynchronous.channel }
    }

    let limits: ServerLimits
    let dates: DateStamp
    let held: HeldBytes
    let answer: @Sendable (DoorRequest) async -> DoorReply

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let connection = ClientConnection()
        let limits = limits
        let http = HTTP1Channel(
            responder: { (_: Request, _: consuming ResponseWriter, _: any Channel) in },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [
                    ConnectionHandler(
                        connection, readLimit: .nanoseconds(Int64(limits.requestSeconds * 1e9)),
                        writeLimit: .nanoseconds(Int64(limits.writeSeconds * 1e9)))
                ],
                idleTimeout: .nanoseconds(Int64(limits.idleSeconds * 1e9)),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
                    maxHeaderFieldCount: limits.headerCount)))
        return http.setup(channel: channel, logger: logger).map { Value(asynchronous: $0, connection: connection) }
    }

    func handle(value: Value, logger: Logger) async {
        // All that is done for a request runs on its connection's event loop: nothing waits for another thread to wake.
        await withTaskExecutorPreference(LoopExecutor(value.channel.eventLoop)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await serve(value)
                    value.connection.finish()
                }
                // When the client goes, what is being done for it ends.
                group.addTask { await value.connection.closed() }
                await group.next()
                group.cancelAll()
            }
        }
    }

    @concurrent private func serve(_ value: Value) async {
        do {
            try await value.asynchronous.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                do {
                    while case .head(let head)? = try await parts.next() {
                        guard try await serve(head, &parts, outbound) else { break }
                    }
                } catch is HTTPParserError {
                    let error = DoorError.badRequest("The request is no proper HTTP.", code: "invalid_http")
                    var reply = DoorReply(error)
                    reply.fields[.connection] = "close"
                    try await write(reply, to: outbound)
                }
                // The client sees the end of what it gets, closes, and all is sent by then; one that stays is let go when the
                // connection has been silent too long.
                outbound.finish()
                try await value.channel.closeFuture.get()
            }
        } catch {
            // The client has gone; there is nobody to tell.
        }
    }

    /// Serves one request, and says whether another may follow on the connection.
    @concurrent private func serve(
        _ head: HTTPRequest, _ parts: inout NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>
    ) async throws -> Bool {
        let start = ContinuousClock.now
        var body = ByteBuffer()
        var share: HeldBytes.Share?
        if let length = head.headerFields[.contentLength].flatMap(Int.init), length > limits.bodyBytes {
            try await refuse(.tooLarge(limit: limits.bodyBytes), &parts, outbound)
            return false
        }
        if head.headerFields[.expect]?.lowercased() == "100-continue" {
            try await outbound.write(.head(HTTPResponse(status: .continue)))
        }
        reading: while true {
            switch try await parts.next() {
            case .body(let bytes):
                if body.readableBytes + bytes.readableBytes > limits.bodyBytes {
                    share?.release()
                    body = ByteBuffer()
                    try await refuse(.tooLarge(limit: limits.bodyBytes), &parts, outbound)
                    return false
                }
                // What has come counts, not what was promised: a promise holds nothing.
                let own = share ?? held.share()
                share = own
                guard own.take(bytes.readableBytes) else {
                    own.release()
                    body = ByteBuffer()
                    try await refuse(.noRoom, &parts, outbound)
                    return false
                }
                if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
            case .end: break reading
            case .head, nil: return false
            }
        }
        let target = head.path ?? "/"
        let path = target.firstIndex(of: "?").map { target[..<$0] } ?? target[...]
        let request = DoorRequest(head: head, body: body, path: path, start: start)
        // A task of its own for each request: a connection's task, which lives for hours, would keep the memory of the largest
        // request that it ever served.
        let holding = share
        async let ended = respond(to: request, holding, outbound)
        return try await ended
    }

    /// Answers one request, and says whether another may follow on the connection.
    @concurrent private func respond(
        to request: DoorRequest, _ share: HeldBytes.Share?,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>
    ) async throws -> Bool {
        defer { share?.release() }
        let reply: DoorReply
        if request.body.readableBytes > Self.longBody {
            reply = await withTaskExecutorPreference(globalConcurrentExecutor) { await answerElsewhere(request) }
        } else {
            reply = await answer(request)
        }
        try await write(reply, to: outbound, isHead: request.head.method == .head)
        return request.head.headerFields[.connection]?.lowercased() != "close"
            && reply.fields[.connection]?.lowercased() != "close"
    }

    @concurrent private func answerElsewhere(_ request: DoorRequest) async -> DoorReply { await answer(request) }

    /// Bodies of more bytes are read on a thread of their own, for other connections of the event loop would wait for it.
    private static let longBody = 1 << 20

    /// Refuses a body that is too long, or finds no room. What still comes of it, until its time is up, is read and dropped: a client which
    /// sends before it listens would be cut off from the answer.
    @concurrent private func refuse(
        _ error: DoorError, _ parts: inout NIOAsyncChannelInboundStream<HTTPRequestPart>.AsyncIterator,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>
    ) async throws {
        try await write(DoorReply(error), to: outbound)
        outbound.finish()
        while case .body? = try await parts.next() {}
    }

    private func write(
        _ reply: DoorReply, to outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>, isHead: Bool = false
    ) async throws {
        var head = HTTPResponse(status: HTTPResponse.Status(code: reply.status), headerFields: reply.fields)
        head.headerFields[.date] = dates.now
        switch reply.body {
        case .whole(let bytes):
            head.headerFields[.contentLength] = String(bytes.readableBytes)
            if isHead || bytes.readableBytes == 0 {
                try await outbound.write(contentsOf: [.head(head), .end(nil)])
            } else {
                try await outbound.write(contentsOf: [.head(head), .body(bytes), .end(nil)])
            }
        case .stream(let write):
            do {
                try Task.checkCancellation()
                try await outbound.write(.head(head))
            } catch {
                // The client has gone; who writes must hear of it, to let go of what it holds.
                try? await write(GoneSink())
                throw error
            }
            try await write(Sink(outbound: outbound))
            try await outbound.write(.end(nil))
        }
    }

    /// A client that has gone.
    private struct GoneSink: ReplySink {
        func write(_ bytes: ByteBuffer) async throws { throw CancellationError() }
    }

    private struct Sink: ReplySink {
        let outbound: NIOAsyncChannelOutboundWriter<HTTPResponsePart>

        func write(_ bytes: ByteBuffer) async throws { try await outbound.write(.body(bytes)) }
    }
}
