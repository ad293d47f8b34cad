/// Why an endpoint did not serve a request. No case holds a key: what the endpoint said is searched for it first.
public enum EndpointFailure: Error, Sendable, Hashable {
    /// What was waited for in vain.
    public enum Wait: String, Sendable, Hashable {
        /// A connection.
        case connection = "a connection"
        /// The first byte of the reply.
        case firstByte = "the first byte of the reply"
        /// The next bytes of a reply that had begun.
        case nextBytes = "the rest of the reply"
        /// All of the request, attempts and pauses included.
        case whole = "the whole reply"
    }

    /// No connection came about.
    case unreachable(reason: String)
    /// It took too long.
    case timedOut(Wait, seconds: Double)
    /// It answered with a status that is no success.
    case refused(status: Int, message: String)
    /// It asks to wait longer than we are prepared to.
    case busy(seconds: Double, patience: Double)
    /// The connection ended before the reply did.
    case brokenOff(reason: String)
    /// The reply is not what the protocol asks for.
    case unreadable(reason: String)
    /// The reply is another model's than the one that was asked.
    case otherModel(asked: String, answered: String)

    /// Whether the same request may go well a moment later, so that it may be sent again while nothing of its reply has been
    /// handed on. A reply that does not begin in time is not asked for again: the endpoint may still be at work on it, and
    /// charge for both.
    public var mayBeRetried: Bool {
        switch self {
        case .unreachable, .brokenOff, .timedOut(.connection, _): true
        case .refused(let status, _): Self.passing.contains(status)
        case .timedOut, .busy, .unreadable, .otherModel: false
        }
    }

    /// This failure with its words changed by `hide`.
    func hiding(_ hide: (String) -> String) -> EndpointFailure {
        switch self {
        case .unreachable(let reason): .unreachable(reason: hide(reason))
        case .refused(let status, let message): .refused(status: status, message: hide(message))
        case .brokenOff(let reason): .brokenOff(reason: hide(reason))
        case .unreadable(let reason): .unreadable(reason: hide(reason))
        case .otherModel(let asked, let answered): .otherModel(asked: asked, answered: hide(answered))
        case .timedOut, .busy: self
        }
    }

    /// Statuses of a passing fault: a time-out, a conflict, too early, too many requests, and faults behind a gateway.
    public static let passing: Set<Int> = [408, 409, 425, 429, 500, 502, 503, 504]
}

extension EndpointFailure: CustomStringConvertible {
    public var description: String {
        func words(_ seconds: Double) -> String {
            seconds == seconds.rounded() && abs(seconds) < 1e9
                ? "\(Int(seconds)) s" : "\((seconds * 100).rounded() / 100) s"
        }
        switch self {
        case .unreachable(let reason):
            return "it can't be reached (\(reason)). Check the address, and that the server runs."
        case .timedOut(let wait, let seconds):
            return "\(wait.rawValue) did not come within \(words(seconds)). Try again, or allow more time."
        case .refused(let status, let message):
            let advice =
                switch status {
                case 401, 403: "Check the key, and that it is allowed to use this model."
                case 404: "Check the address (it mostly ends in /v1) and the model's name there."
                case 400, 422:
                    "Change what the message names; log-probabilities and tools can be switched off for a model."
                case 429: "Wait, or ask for a higher limit."
                case 300..<400: "Give the address that it leads to."
                case 500...: "Try again later."
                default: "Change what the message names."
                }
            return "it refused with status \(status)\(message.isEmpty ? "" : ": \(message)"). \(advice)"
        case .busy(let seconds, let patience):
            return
                "it asks to wait \(words(seconds)), longer than the \(words(patience)) that we are prepared to. Try again then."
        case .brokenOff(let reason): return "the reply broke off (\(reason)). Try again."
        case .unreadable(let reason):
            return
                "its reply can't be read: \(reason). Check that the address is that of an OpenAI-compatible endpoint."
        case .otherModel(let asked, let answered):
            return
                "\"\(asked)\" was asked, and \"\(answered)\" answered. Ask for that one, or allow it: `models add --alias`."
        }
    }
}
