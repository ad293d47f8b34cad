import Cascades
import NIOCore
import Storage
import Synchronization

/// The interfaces that the gateway speaks, towards clients and towards stages.
enum WireAPI: String, Sendable, CaseIterable {
    case chatCompletions = "/chat/completions"
    case completions = "/completions"
    case embeddings = "/embeddings"
    case responses = "/responses"
    case messages = "/messages"
    case rank = "/rank"
    case classify = "/classify"

    /// The path at a stage, behind its address.
    var stagePath: String { self == .rank ? "/rerank" : rawValue }

    /// Whether requests can be said as chat completions where a stage speaks only those.
    var isTranslatable: Bool { self == .messages || self == .responses }
}

/// What a stage is asked: bytes, as the stage is to get them.
struct StageRequest: Sendable {
    var api: WireAPI
    var body: ByteBuffer
    /// Whether the answer is to come as a stream.
    var streams: Bool
    /// Header fields that are passed on.
    var headers: [(name: String, value: String)] = []
    /// Who asks: keys take turns where there is a queue.
    var key = ""
    /// Counts the calls that were made for it in vain.
    var lost = LostCalls()
    /// What is of use of a whole answer.
    var wants = ReplyFields.Wants()
}

/// How many calls of a stage were made for a request whose answers were not heard to the end, and which a provider may bill
/// nevertheless: tries before the last, and calls that lost to their hedge.
final class LostCalls: Sendable {
    private let number = Atomic<Int>(0)

    var count: Int { number.load(ordering: .relaxed) }

    func add() { number.add(1, ordering: .relaxed) }
}

/// What a stage answered: the head of it, and the rest.
struct StageReply: Sendable {
    enum Body: Sendable {
        case whole(ByteBuffer)
        case stream(any ByteSource)
    }

    /// The HTTP status.
    var status: Int
    var contentType: String?
    /// What the stage says of when to come back, in seconds.
    var retryAfter: Double?
    /// Header fields that are passed on.
    var headers: [(name: String, value: String)] = []
    var body: Body
    /// What was read of a whole answer, where it was looked at on its way (``CheckedClient``).
    var fields: Boxed<ReplyFields>?
}

/// Bytes that come bit by bit.
protocol ByteSource: AnyObject, Sendable {
    /// The next bytes, or nil at the end.
    func next() async throws(StageError) -> ByteBuffer?
    /// Makes a task that waits for the next bytes go on with none, so that it can look at the clock.
    func poke()
    /// Ends it early; a second call does nothing.
    func cancel()
}

/// What answers at a stage: an endpoint, or a model in this process.
protocol StageClient: Sendable {
    /// Sends `request` and returns once the answer has begun (a stream) or is whole.
    func send(_ request: StageRequest) async throws(StageError) -> StageReply
}

/// Why a stage gave no answer.
enum StageError: Error, Equatable, Sendable {
    /// No connection.
    case unreachable(reason: String)
    /// Nothing came in time.
    case timedOut(step: String, seconds: Double)
    /// The connection broke, or what came is no HTTP.
    case broken(reason: String)
    /// What came is not what this interface answers.
    case badReply(reason: String)
    /// The answer is longer than is allowed.
    case tooLarge(limit: Int)
    /// The stage answered with an error of its own.
    case status(Int, body: ByteBuffer, retryAfter: Double?)
    /// The stage can't serve such a request.
    case unsupported(what: String)
    /// The stage speaks another interface, which has no word for the request.
    case untranslatable(TranslationError)
    /// The gateway holds back: too many wait.
    case held(reason: String, retryAfter: Double)
    /// The policy has to read the answer whole, and it grew longer than is held for that.
    case tooLongToHold(limit: Int)
    /// The breaker is open: the stage failed too often.
    case tripped(retryAfter: Double)
    /// The asker went away.
    case cancelled

    /// Whether the same request may do better elsewhere, or later.
    var isTransient: Bool {
        switch self {
        case .unreachable, .timedOut, .broken, .badReply, .held, .tooLongToHold, .tripped: true
        // Credentials and addresses are of the gateway's making, so another stage may well answer.
        case .status(let status, _, _): status >= 500 || [401, 402, 403, 404, 408, 409, 425, 429].contains(status)
        case .tooLarge, .unsupported, .untranslatable, .cancelled: false
        }
    }

    /// What kind of error it is, in a word or two: without a text of the request or the stage.
    var kind: String {
        switch self {
        case .unreachable: "unreachable"
        case .timedOut: "timed out"
        case .broken: "broken"
        case .badReply: "bad reply"
        case .tooLarge: "too large"
        case .status(let status, _, _): "status \(status)"
        case .unsupported: "unsupported"
        case .untranslatable: "untranslatable"
        case .held: "held back"
        case .tooLongToHold: "too long to hold"
        case .tripped: "tripped"
        case .cancelled: "cancelled"
        }
    }

    /// Whether what the stage says of its error is about the request, and so the client's to read. What it says otherwise, of
    /// its keys (a part of one, even), its accounts and its troubles, is the operator's.
    var isAboutRequest: Bool {
        if case .status(let status, _, _) = self { [400, 404, 413, 422].contains(status) } else { false }
    }

    /// What the stage said that is the operator's alone, without secrets: for the log. Nil where it said nothing such.
    var aside: String? {
        guard case .status(_, let body, _) = self, !isAboutRequest, body.readableBytes > 0 else { return nil }
        // First what is secret, then what is too long: half a key has no form to be known by.
        return String(Redactor.standard.redacted(Self.excerpt(body, 4096)).prefix(300))
    }

    /// The beginning of `body`.
    private static func excerpt(_ body: ByteBuffer, _ length: Int = 300) -> String {
        body.getSlice(at: body.readerIndex, length: min(length, body.readableBytes)).map { String(buffer: $0) } ?? ""
    }

    /// Whether the stage may have begun to work on it, so that a provider bills what it read.
    var mayBeBilled: Bool {
        switch self {
        case .timedOut, .broken, .badReply, .tooLarge, .tooLongToHold, .cancelled: true
        case .unreachable, .status, .unsupported, .untranslatable, .held, .tripped: false
        }
    }

    /// Whether another stage may well answer where this one did not: it may be well, know more, or have more room.
    var mayBeElsewhere: Bool {
        switch self {
        case .unsupported, .untranslatable: true
        case .status(400, let body, _), .status(413, let body, _):
            // What OpenAI, Azure, vLLM and llama.cpp's server say of a conversation that is too long for the model.
            ["context_length_exceeded", "maximum context length", "exceed_context_size"].contains {
                body.readableBytesView.firstRange(of: Array($0.utf8)) != nil
            }
        default: isTransient
        }
    }

    /// Whether it says that the stage is not well.
    var isFault: Bool {
        switch self {
        case .unreachable, .timedOut, .broken, .badReply: true
        case .status(let status, _, _): status >= 500 || status == 408 || status == 429
        case .held, .tooLongToHold, .tripped, .tooLarge, .unsupported, .untranslatable, .cancelled: false
        }
    }
}

extension StageError {
    /// An error that came with the status of a success: its own code counts, where it is a status.
    static func told(_ body: ByteBuffer) -> StageError {
        let code = (try? JSONTree(body))?["error"]?["code"]?.number.flatMap { Int(exactly: $0) } ?? 502
        return .status((400...599).contains(code) ? code : 502, body: body, retryAfter: nil)
    }
}

extension StageError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable(let reason): "it can't be reached: \(reason)"
        case .timedOut(let step, let seconds): "\(step) did not come within \(JSONText.number(seconds)) s"
        case .broken(let reason): "the connection broke: \(reason)"
        case .badReply(let reason): "its answer can't be read: \(reason)"
        case .tooLarge(let limit): "its answer is longer than \(limit) bytes"
        case .status(let status, let body, _):
            "it answered with status \(status)\(isAboutRequest ? ": \(Self.excerpt(body))" : "")"
        case .unsupported(let what): what
        case .untranslatable(let error): "\(error.place): \(error.reason)"
        case .held(let reason, _): reason
        case .tooLongToHold(let limit): "its answer is longer than the \(limit) bytes that are held for the policy"
        case .tripped: "it failed too often and is left alone for a while"
        case .cancelled: "the request was cancelled"
        }
    }
}

extension DoorError {
    /// What a client is told when `stage` failed with `error` and nothing else could answer.
    init(_ error: StageError, stage: String) {
        switch error {
        case .status(let status, _, let retryAfter) where status == 429:
            self.init(
                status: 429, type: "rate_limit_error", message: "Stage \(stage): \(error).",
                code: "rate_limit_exceeded",
                retryAfter: retryAfter ?? 1)
        case .status(let status, _, let retryAfter):
            self.init(
                status: error.isAboutRequest && status != 404 ? status : 502, type: "server_error",
                message: "Stage \(stage): \(error).", code: "upstream_error", retryAfter: retryAfter)
        case .timedOut:
            self.init(
                status: 504, type: "server_error", message: "Stage \(stage): \(error).", code: "upstream_timeout")
        case .held(_, let retryAfter):
            self.init(
                status: 429, type: "rate_limit_error", message: "Stage \(stage): \(error).", code: "overloaded",
                retryAfter: retryAfter)
        case .untranslatable(let error): self = error.doorError
        case .tripped(let retryAfter):
            self.init(
                status: 503, type: "server_error", message: "Stage \(stage): \(error).", code: "upstream_unavailable",
                retryAfter: retryAfter)
        case .unsupported:
            self.init(
                status: 400, type: "invalid_request_error", message: "Stage \(stage): \(error).", code: "unsupported")
        case .cancelled:
            self.init(status: 499, type: "server_error", message: "The request was cancelled.", code: "cancelled")
        case .unreachable, .broken, .badReply, .tooLarge, .tooLongToHold:
            self.init(
                status: 502, type: "server_error", message: "Stage \(stage): \(error).", code: "upstream_unavailable")
        }
    }
}
