import HTTPTypes
import NIOCore

/// What a client is told when its request can't be answered.
struct DoorError: Error, Equatable, Sendable {
    /// The HTTP status.
    var status: Int
    /// The kind of error, in OpenAI's words.
    var type: String
    /// What was wrong, in a sentence a person can act on.
    var message: String
    /// A word that programs can act on.
    var code: String?
    /// The field that is wrong.
    var parameter: String?
    /// Seconds after which the request may be tried again.
    var retryAfter: Double?
    /// Whether the connection is to be closed, for what follows on it can't be trusted or is too long to be read.
    var closesConnection = false

    static func badRequest(_ message: String, code: String? = nil, parameter: String? = nil) -> DoorError {
        DoorError(status: 400, type: "invalid_request_error", message: message, code: code, parameter: parameter)
    }

    static func unknownModel(_ name: String, known: [String]) -> DoorError {
        DoorError(
            status: 404, type: "invalid_request_error",
            message: "There is no model called \"\(name)\" here. Known: \(known.joined(separator: ", ")).",
            code: "model_not_found", parameter: "model")
    }

    static func unauthorized(_ message: String) -> DoorError {
        DoorError(status: 401, type: "authentication_error", message: message, code: "invalid_api_key")
    }

    static func tooLarge(limit: Int) -> DoorError {
        DoorError(
            status: 413, type: "invalid_request_error",
            message: "The body is longer than the \(limit) bytes that are allowed here.", code: "request_too_large",
            closesConnection: true)
    }

    /// There is no room for another body now.
    static var noRoom: DoorError {
        DoorError(
            status: 503, type: "server_error",
            message: "The gateway holds as many bytes of requests as it may. Try again in a moment.",
            code: "overloaded",
            retryAfter: 1, closesConnection: true)
    }

    static func unavailable(_ message: String, retryAfter: Double? = nil) -> DoorError {
        DoorError(
            status: 503, type: "server_error", message: message, code: "upstream_unavailable", retryAfter: retryAfter)
    }

    /// The body in OpenAI's form.
    var openAIBody: ByteBuffer {
        var body = ByteBuffer()
        body.writeStaticString("{\"error\":")
        writeObject(into: &body)
        body.writeStaticString("}")
        return body
    }

    /// As an event in a stream that has begun.
    var openAIEvent: ByteBuffer {
        var event = ByteBuffer()
        event.writeStaticString("data: ")
        event.writeImmutableBuffer(openAIBody)
        event.writeStaticString("\n\n")
        return event
    }

    private func writeObject(into body: inout ByteBuffer) {
        body.writeStaticString("{\"message\":")
        body.writeQuoted(message)
        body.writeStaticString(",\"type\":")
        body.writeQuoted(type)
        body.writeStaticString(",\"param\":")
        if let parameter { body.writeQuoted(parameter) } else { body.writeStaticString("null") }
        body.writeStaticString(",\"code\":")
        if let code { body.writeQuoted(code) } else { body.writeStaticString("null") }
        body.writeStaticString("}")
    }

    /// The body in Anthropic's form.
    var anthropicBody: ByteBuffer {
        let kind =
            switch status {
            case 400, 422: "invalid_request_error"
            case 401: "authentication_error"
            case 403: "permission_error"
            case 404: "not_found_error"
            case 413: "request_too_large"
            case 429: "rate_limit_error"
            case 503, 529: "overloaded_error"
            default: "api_error"
            }
        var body = ByteBuffer()
        body.writeStaticString("{\"type\":\"error\",\"error\":{\"type\":")
        body.writeQuoted(kind)
        body.writeStaticString(",\"message\":")
        body.writeQuoted(message)
        body.writeStaticString("}}")
        return body
    }
}
