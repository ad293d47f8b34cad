/// When requests to one endpoint may go out: decides, and does nothing. Times are seconds of any clock that only goes on.
struct EndpointPacing: Sendable {
    enum Move: Hashable {
        /// Send the request now.
        case go
        /// Ask again at this time.
        case wait(until: Double)
        /// Ask again when another request has ended.
        case queue
    }

    /// What is left until a time, less what has gone out since it was told.
    private struct Allowance: Sendable {
        var remaining: Double
        var resetsAt: Double
    }

    /// The most requests at a time.
    let concurrency: Int
    private(set) var running = 0
    private var pausedUntil = -Double.infinity
    private var requests: Allowance?
    private var tokens: Allowance?

    init(concurrency: Int) { self.concurrency = max(1, concurrency) }

    /// Whether a request that takes about so many tokens may go out now; it counts as running then.
    mutating func next(at now: Double, tokens wanted: Double) -> Move {
        guard running < concurrency else { return .queue }
        if now < pausedUntil { return .wait(until: pausedUntil) }
        // An allowance that is over says nothing any more: what there is then, the next reply tells. So a request that is
        // larger than the whole allowance goes out in the end.
        if let told = requests, now >= told.resetsAt { requests = nil }
        if let told = tokens, now >= told.resetsAt { tokens = nil }
        if let told = requests, told.remaining < 1 { return .wait(until: told.resetsAt) }
        if let told = tokens, told.remaining < wanted { return .wait(until: told.resetsAt) }
        running += 1
        requests?.remaining -= 1
        tokens?.remaining -= wanted
        return .go
    }

    /// A request has ended with these signals. A wait that is longer than `patience` fails its own request and does not
    /// hold up others.
    mutating func ended(_ signals: RateSignals, at now: Double, patience: Double) {
        running -= 1
        if let wait = signals.wait, wait <= patience { pausedUntil = max(pausedUntil, now + wait) }
        func told(_ allowance: RateSignals.Allowance?, _ before: Allowance?) -> Allowance? {
            guard let allowance, allowance.resetsAfter <= patience else { return before }
            return Allowance(remaining: allowance.remaining, resetsAt: now + allowance.resetsAfter)
        }
        requests = told(signals.requests, requests)
        tokens = told(signals.tokens, tokens)
    }
}
