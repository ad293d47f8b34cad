import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// An OpenAI-compatible or Anthropic endpoint.
final class EndpointClient: StageClient {
    let timeouts: StageTimeouts
    private let clients: LoopClients
    /// One for each interface, with address and headers; only the body is new each time.
    private let requests: [WireAPI: HTTPClient.Request]
    private let replyLimit: Int

    /// - Parameters:
    ///   - base: the address up to `/v1`.
    ///   - headers: sent with each request: the key, mostly.
    ///   - replyLimit: the most bytes of an answer that is no stream.
    /// - Throws: ``GatewayError``.
    init(
        stage: String, base: String, headers: [(name: String, value: String)], timeouts: StageTimeouts, replyLimit: Int,
        clients: LoopClients
    ) throws(GatewayError) {
        self.timeouts = timeouts
        self.replyLimit = replyLimit
        self.clients = clients
        var requests: [WireAPI: HTTPClient.Request] = [:]
        var fields = HTTPHeaders()
        fields.add(name: "content-type", value: "application/json")
        for header in headers { fields.replaceOrAdd(name: header.name, value: header.value) }
        var base = base
        while base.hasSuffix("/") { base.removeLast() }
        do {
            for api in WireAPI.allCases {
                requests[api] = try HTTPClient.Request(url: base + api.stagePath, method: .POST, headers: fields)
            }
        } catch {
            throw .badEndpoint(
                stage: stage, address: base, reason: "it is not an address of the form http://host:port/v1")
        }
        self.requests = requests
    }

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        guard var prepared = requests[request.api] else { throw .unsupported(what: "no such interface") }
        prepared.body = .byteBuffer(request.body)
        for header in request.headers { prepared.headers.replaceOrAdd(name: header.name, value: header.value) }
        let call = UpstreamCall(streams: request.streams, limit: replyLimit, timeouts: timeouts)
        if Task.isCancelled { throw .cancelled }
        // The call itself watches over its time, with one timer for all limits.
        call.start(clients.here.execute(request: prepared, delegate: call, eventLoop: .indifferent))
        let head: UpstreamCall.Head
        var whole: ByteBuffer?
        if request.streams {
            head = try await call.head()
        } else {
            whole = try await call.whole()
            head = try await call.head()
        }
        let retryAfter = head.headers.first(name: "retry-after").flatMap(Double.init).map { min(max(0, $0), 3600) }
        guard head.status == 200 else {
            let body: ByteBuffer
            if let whole { body = whole } else { body = try await call.whole() }
            throw .status(head.status, body: body, retryAfter: retryAfter)
        }
        var reply = StageReply(
            status: head.status, contentType: head.headers.first(name: "content-type"), retryAfter: retryAfter,
            body: whole.map { .whole($0) } ?? .stream(call))
        for (name, value) in head.headers where Self.isPassedOn(name) { reply.headers.append((name, value)) }
        if case .stream = reply.body, reply.contentType?.hasPrefix("text/event-stream") != true {
            // An endpoint that does not stream answers in one piece.
            reply.body = .whole(try await call.whole())
        }
        return reply
    }

    private static func isPassedOn(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("x-ratelimit-") || name.hasPrefix("anthropic-ratelimit-")
            || name == "openai-processing-ms" || name == "openai-model" || name == "openai-version"
    }
}
