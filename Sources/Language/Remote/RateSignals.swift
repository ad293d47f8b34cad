import Foundation
import NIOHTTP1

/// What a reply's headers say of how much may be asked, and when.
struct RateSignals: Sendable, Hashable {
    /// What is left of something that is counted, and in how many seconds it is whole again.
    struct Allowance: Sendable, Hashable {
        var remaining: Double
        var resetsAfter: Double
    }

    /// Seconds to wait before anything is asked again.
    var wait: Double?
    /// Requests.
    var requests: Allowance?
    /// Tokens, read and written.
    var tokens: Allowance?

    init() {}

    /// - Parameter now: the time, for a header that names a date.
    init(_ headers: HTTPHeaders, now: Date) {
        if let milliseconds = headers.first(name: "retry-after-ms").flatMap(Double.init), milliseconds >= 0 {
            wait = milliseconds / 1000
        } else {
            wait = headers.first(name: "retry-after").flatMap { Self.wait($0, now: now) }
        }
        func allowance(_ kind: String) -> Allowance? {
            guard let remaining = headers.first(name: "x-ratelimit-remaining-\(kind)").flatMap(Double.init),
                let reset = headers.first(name: "x-ratelimit-reset-\(kind)").flatMap(Self.seconds), remaining >= 0
            else { return nil }
            return Allowance(remaining: remaining, resetsAfter: reset)
        }
        requests = allowance("requests")
        tokens = allowance("tokens")
    }

    /// The seconds of a `Retry-After`: a number of them, or a date (RFC 9110, section 10.2.3).
    static func wait(_ text: String, now: Date) -> Double? {
        let text = text.trimmingCharacters(in: .whitespaces)
        if let seconds = Double(text) { return seconds >= 0 && seconds.isFinite ? seconds : nil }
        // The form in use and the two old ones (RFC 9110, section 5.6.7).
        for format in ["EEE, dd MMM yyyy HH:mm:ss zzz", "EEEE, dd-MMM-yy HH:mm:ss zzz", "EEE MMM d HH:mm:ss yyyy"] {
            let reader = DateFormatter()
            reader.locale = Locale(identifier: "en_US_POSIX")
            reader.timeZone = TimeZone(secondsFromGMT: 0)
            reader.dateFormat = format
            if let date = reader.date(from: text) { return max(0, date.timeIntervalSince(now)) }
        }
        return nil
    }

    /// The seconds of a span such as `6m0s`, `17ms`, `1h2m3.5s` or `12`.
    static func seconds(_ text: String) -> Double? {
        if let seconds = Double(text) { return seconds >= 0 && seconds.isFinite ? seconds : nil }
        var rest = Substring(text)
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            guard let number = Double(digits), number.isFinite else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            guard let scale = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400][String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count)
            total += number * scale
        }
        return text.isEmpty ? nil : total
    }
}
