import HTTPTypes
import NIOCore

/// A request as a door gets it: head and whole body.
struct DoorRequest: Sendable {
    var head: HTTPRequest
    var body: ByteBuffer
    /// The path, without the query.
    var path: Substring
    /// When its head came.
    var start: ContinuousClock.Instant

    /// The token that it identifies itself by.
    var token: String? {
        if let value = head.headerFields[.authorization] {
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
        }
        return head.headerFields[.apiKey]
    }
}

/// What a door answers.
struct DoorReply: Sendable {
    enum Body: Sendable {
        case whole(ByteBuffer)
        /// Writes the body bit by bit; it is over when the closure returns.
        case stream(@Sendable (any ReplySink) async throws -> Void)
    }

    var status: Int
    var fields = HTTPFields()
    var body: Body

    init(status: Int = 200, contentType: String = "application/json", body: Body) {
        self.status = status
        self.body = body
        fields[.contentType] = contentType
    }

    /// An error, in the form of the interface that the request came by.
    init(_ error: DoorError, api: WireAPI = .chatCompletions) {
        self.init(
            status: error.status, body: .whole(api == .messages ? error.anthropicBody : error.openAIBody))
        note(error)
    }

    /// Sets the fields that go with `error`.
    mutating func note(_ error: DoorError) {
        if let seconds = error.retryAfter { fields[.retryAfter] = String(Int(bounding: max(1, seconds.rounded(.up)))) }
        if error.closesConnection { fields[.connection] = "close" }
        if error.status == 401 { fields[.wwwAuthenticate] = "Bearer" }
    }
}

/// Where a reply's bytes go.
protocol ReplySink: Sendable {
    func write(_ bytes: ByteBuffer) async throws
}

/// One interface of the gateway.
protocol Door: Sendable {
    func answer(_ request: DoorRequest) async -> DoorReply
}

extension HTTPField.Name {
    static let apiKey = HTTPField.Name("x-api-key")!
    static let requestID = HTTPField.Name("x-cascade-request-id")!
    static let cascadeModel = HTTPField.Name("x-cascade-model")!
    static let cascadeStage = HTTPField.Name("x-cascade-stage")!
    static let cascadePolicy = HTTPField.Name("x-cascade-policy")!
    static let cascadeDecision = HTTPField.Name("x-cascade-decision")!
    static let cascadeAsked = HTTPField.Name("x-cascade-asked")!
    static let cascadeCost = HTTPField.Name("x-cascade-cost")!
    static let cascadeExplain = HTTPField.Name("x-cascade-explain")!
    static let cascadeDrill = HTTPField.Name("x-cascade-drill")!
    static let cascadeGroup = HTTPField.Name("x-cascade-group")!
    static let anthropicVersion = HTTPField.Name("anthropic-version")!
    static let anthropicBeta = HTTPField.Name("anthropic-beta")!
    static let openAIBeta = HTTPField.Name("openai-beta")!
    static let traceparent = HTTPField.Name("traceparent")!
    static let tracestate = HTTPField.Name("tracestate")!
}
