import NIOCore
import NIOHTTP1

/// An OpenAI-compatible or Anthropic endpoint.
final class EndpointClient: StageClient {
    let timeouts: StageTimeouts
    private let pools: UpstreamPools
    /// One for each interface, with address and headers.
    private let heads: [WireAPI: HTTPRequestHead]
    private let replyLimit: Int

    /// - Parameters:
    ///   - base: the address up to `/v1`.
    ///   - key: sent as the bearer token; with requests of Anthropic's Messages interface as `x-api-key`.
    ///   - headers: sent with each request; they stand in place of what is said of the key.
    ///   - replyLimit: the most bytes of an answer that is no stream.
    /// - Throws: ``GatewayError``.
    init(
        stage: String, base: String, key: String? = nil, headers: [(name: String, value: String)],
        timeouts: StageTimeouts, replyLimit: Int,
        group: any EventLoopGroup
    ) throws(GatewayError) {
        self.timeouts = timeouts
        self.replyLimit = replyLimit
        guard let address = UpstreamAddress(base) else {
            throw .badEndpoint(
                stage: stage, address: base, reason: "it is not an address of the form http://host:port/v1")
        }
        let fields = HTTPHeaders([("host", address.authority), ("content-type", "application/json")])
        for header in headers + (key.map { [(name: "authorization", value: $0)] } ?? []) {
            // The value may be a key, which is not to be shown.
            guard header.name.isHeaderName, header.value.isHeaderValue else {
                throw .badEndpoint(
                    stage: stage, address: base,
                    reason:
                        "what it is to get in the header field \(header.name) holds a line's end or another sign that none may"
                )
            }
        }
        var heads: [WireAPI: HTTPRequestHead] = [:]
        for api in WireAPI.allCases {
            var fields = fields
            if api == .messages {
                // The version that an interface was written against, where the client says none.
                fields.add(name: "anthropic-version", value: "2023-06-01")
                if let key { fields.add(name: "x-api-key", value: key) }
            } else if let key {
                fields.add(name: "authorization", value: "Bearer \(key)")
            }
            for header in headers { fields.replaceOrAdd(name: header.name, value: header.value) }
            heads[api] = HTTPRequestHead(
                version: .http1_1, method: .POST, uri: address.path + api.stagePath + address.query, headers: fields)
        }
        self.heads = heads
        do {
            pools = try UpstreamPools(address, timeouts: timeouts, group: group)
        } catch {
            throw .badEndpoint(
                stage: stage, address: base, reason: "there are no certificates to check it by: \(error)")
        }
    }

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        guard var head = heads[request.api] else { throw .unsupported(what: "no such interface") }
        for header in request.headers where header.value.isHeaderValue {
            head.headers.replaceOrAdd(name: header.name, value: header.value)
        }
        head.headers.add(name: "content-length", value: String(request.body.readableBytes))
        let call = UpstreamCall(streams: request.streams, limit: replyLimit, timeouts: timeouts)
        if Task.isCancelled { throw .cancelled }
        pools.here.start(call, UpstreamRequest(head: head, body: request.body))
        let answer: UpstreamCall.Head
        var whole: ByteBuffer?
        if request.streams {
            answer = try await call.head()
        } else {
            (answer, whole) = try await call.whole()
        }
        let retryAfter = answer.headers.first(name: "retry-after").flatMap(Double.init).map { min(max(0, $0), 3600) }
        guard answer.status == 200 else {
            let body: ByteBuffer
            if let whole { body = whole } else { body = try await call.whole().body }
            throw .status(answer.status, body: body, retryAfter: retryAfter)
        }
        var reply = StageReply(
            status: answer.status, contentType: answer.headers.first(name: "content-type"), retryAfter: retryAfter,
            body: whole.map { .whole($0) } ?? .stream(call))
        for (name, value) in answer.headers where Self.isPassedOn(name) { reply.headers.append((name, value)) }
        if case .stream = reply.body, reply.contentType?.hasPrefix("text/event-stream") != true {
            // An endpoint that does not stream answers in one piece.
            reply.body = .whole(try await call.whole().body)
        }
        return reply
    }

    /// Closes the connections that are free now, and the rest when they are.
    func shutDown() { pools.shutDown() }

    private static func isPassedOn(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("x-ratelimit-") || name.hasPrefix("anthropic-ratelimit-")
            || name == "openai-processing-ms" || name == "openai-model" || name == "openai-version"
    }
}

extension String {
    /// Whether it can be the name of a header field (RFC 9110, section 5.6.2).
    fileprivate var isHeaderName: Bool {
        !isEmpty
            && utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains($0)
                }
            }
    }

    /// Whether it can be the value of a header field: no line's end, nor another sign that none may hold.
    fileprivate var isHeaderValue: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
}
