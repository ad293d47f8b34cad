import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// An OpenAI-compatible or Anthropic endpoint.
final class EndpointClient: StageClient {
    let timeouts: StageTimeouts
    private let client: HTTPClient
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
        client: HTTPClient
    ) throws(GatewayError) {
        self.timeouts = timeouts
        self.replyLimit = replyLimit
        self.client = client
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

    /// What sends requests to a stage, with its time-outs.
    static func makeClient(
        _ timeouts: StageTimeouts, connections: Int, group: any EventLoopGroup
    ) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .nanoseconds(Int64(timeouts.connect * 1e9))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        // A connection that is kept may have been closed by the endpoint just now; one try too many shows nothing.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        guard var prepared = requests[request.api] else { throw .unsupported(what: "no such interface") }
        prepared.body = .byteBuffer(request.body)
        for header in request.headers { prepared.headers.replaceOrAdd(name: header.name, value: header.value) }
        let call = UpstreamCall(streams: request.streams, limit: replyLimit, timeouts: timeouts)
        if Task.isCancelled { throw .cancelled }
        call.start(
            client.execute(
                request: prepared, delegate: call, eventLoop: .indifferent,
                deadline: .now() + .nanoseconds(Int64(timeouts.total * 1e9))))
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
