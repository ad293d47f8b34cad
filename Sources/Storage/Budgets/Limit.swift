/// At most so much in each window of time: a budget or a rate limit of a key.
///
///     Limit(.money, 50, per: .month)      // 50 dollars a month
///     Limit(.requests, 60, per: .minute)
public struct Limit: Sendable, Hashable {
    /// What is counted.
    public enum Measure: String, Sendable, Hashable, CaseIterable {
        /// US dollars, counted in billionths.
        case money
        /// Tokens, read and written.
        case tokens
        /// Requests.
        case requests

        fileprivate var order: Int {
            switch self {
            case .money: 0
            case .tokens: 1
            case .requests: 2
            }
        }
    }

    /// What is counted.
    public var measure: Measure
    /// How much of it, in billionths of a dollar, tokens or requests.
    public var amount: Int64
    /// In which time.
    public var window: Window

    /// At most `amount` (dollars, tokens or requests) in each `window`.
    public init(_ measure: Measure, _ amount: Double, per window: Window) {
        let scaled = measure == .money ? (amount * 1e9).rounded() : amount.rounded(.down)
        self.init(measure, units: scaled.isNaN ? 0 : Int64(max(0, min(scaled, 1e18))), per: window)
    }

    /// At most `units` (billionths of a dollar, tokens or requests) in each `window`.
    public init(_ measure: Measure, units: Int64, per window: Window) {
        self.measure = measure
        amount = max(0, min(units, 1_000_000_000_000_000_000))
        self.window = window
    }

    /// The limit's name in the ledger: `money/month`. A key has one limit of a name.
    public var account: String { Self.accounts[measure.order * Window.allCases.count + window.order] }

    /// Whether it has the other's name.
    func isSame(as other: Limit) -> Bool { measure == other.measure && window == other.window }

    /// The names of all limits: none is put together while a request waits.
    private static let accounts = Measure.allCases.flatMap { measure in
        Window.allCases.map { "\(measure.rawValue)/\($0.rawValue)" }
    }
}

extension Limit: CustomStringConvertible {
    /// `50/month` of money is `money=50/month`.
    public var description: String {
        let number: String
        if measure == .money {
            let (dollars, rest) = amount.quotientAndRemainder(dividingBy: 1_000_000_000)
            let digits = String(1_000_000_000 + rest).dropFirst()
            let fraction = digits.reversed().drop { $0 == "0" }.reversed()
            number = fraction.isEmpty ? "\(dollars)" : "\(dollars).\(String(fraction))"
        } else {
            number = "\(amount)"
        }
        return "\(measure.rawValue)=\(number)/\(window.rawValue)"
    }

    /// The limit that `text` says: `money=50/month`, `tokens=100000/day`, `requests=60/minute`, `money=200/total`.
    /// - Throws: ``StorageError/improper(what:reason:)``.
    public init(_ text: String) throws(StorageError) {
        func bad(_ reason: String) -> StorageError {
            .improper(
                what: "the limit '\(text)'", reason: "\(reason); write it like money=50/month or requests=60/minute")
        }
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, let measure = Measure(rawValue: String(parts[0])) else {
            throw bad("it must begin with money=, tokens= or requests=")
        }
        let words = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard words.count == 2, let window = Window(rawValue: String(words[1])) else {
            throw bad("it must end with /" + Window.allCases.map(\.rawValue).joined(separator: ", /"))
        }
        guard let amount = Double(String(words[0])), amount.isFinite, amount >= 0, amount <= 1e9 || measure != .money,
            amount <= 1e18
        else { throw bad("'\(words[0])' is no amount") }
        self.init(measure, amount, per: window)
        if measure != .money, amount != amount.rounded() {
            throw bad("\(measure.rawValue) are counted in whole numbers")
        }
    }
}

/// A stretch of time after which counting starts over, by the calendar in UTC.
public enum Window: String, Sendable, Hashable, CaseIterable {
    case minute, hour, day, month
    /// Never starts over.
    case total

    fileprivate var order: Int {
        switch self {
        case .minute: 0
        case .hour: 1
        case .day: 2
        case .month: 3
        case .total: 4
        }
    }

    /// When the window that holds `time` began, in seconds since 1970.
    public func start(at time: Double) -> Int64 {
        // A clock that is far off must not end the program.
        let seconds = Int64(max(-6e10, min(time.isNaN ? 0 : time.rounded(.down), 2.5e11)))
        switch self {
        case .minute: return seconds - seconds.modulo(60)
        case .hour: return seconds - seconds.modulo(3_600)
        case .day: return seconds - seconds.modulo(86_400)
        case .month: return CivilMonth(holding: seconds).start
        case .total: return 0
        }
    }

    /// When the window that began at `start` ends, in seconds since 1970; nil where it never does.
    public func end(of start: Int64) -> Int64? {
        switch self {
        case .minute: start + 60
        case .hour: start + 3_600
        case .day: start + 86_400
        case .month: CivilMonth(holding: start).next.start
        case .total: nil
        }
    }
}

/// A month of the proleptic Gregorian calendar.
private struct CivilMonth {
    var year: Int64
    var month: Int64

    /// The month that holds the second `seconds` since 1970.
    ///
    /// Years begin in March here, so that the leap day is the last one: day d of such a year is in month (5d + 2) / 153.
    init(holding seconds: Int64) {
        let days = (seconds - seconds.modulo(86_400)) / 86_400 + 719_468
        let era = (days - days.modulo(146_097)) / 146_097
        let dayOfEra = days.modulo(146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private init(year: Int64, month: Int64) { (self.year, self.month) = (year, month) }

    var next: CivilMonth {
        month == 12 ? CivilMonth(year: year + 1, month: 1) : CivilMonth(year: year, month: month + 1)
    }

    /// The first second of its first day.
    var start: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear - shiftedYear.modulo(400)) / 400
        let yearOfEra = shiftedYear.modulo(400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468) * 86_400
    }
}

extension Int64 {
    /// The remainder that is never negative.
    fileprivate func modulo(_ divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
