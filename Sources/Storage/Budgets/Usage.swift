/// What is counted against limits. Whole numbers, so that sums are exact in any order.
public struct Usage: Sendable, Hashable {
    /// Money in billionths of a US dollar.
    public var nanodollars: Int64
    /// Tokens, read and written.
    public var tokens: Int64
    /// Requests.
    public var requests: Int64

    /// A usage; what is left out is zero.
    public init(nanodollars: Int64 = 0, tokens: Int64 = 0, requests: Int64 = 0) {
        self.nanodollars = nanodollars
        self.tokens = tokens
        self.requests = requests
    }

    /// A usage of `money` US dollars, rounded up to the next billionth, `tokens` and `requests`.
    ///
    /// What is no number counts as nothing; no request counts more than a million dollars, so that sums stay in range.
    public init(money: Double, tokens: Double = 0, requests: Int = 0) {
        func whole(_ value: Double) -> Int64 {
            value.isNaN ? 0 : Int64(max(0, min(value.rounded(.up), 1e15)))
        }
        // A sum of a few prices is a little above or below what is meant; a billionth of a billionth is no spending.
        self.init(
            nanodollars: whole(money * 1e9 - 1e-6), tokens: whole(tokens), requests: Int64(max(0, requests)))
    }

    /// How much of `measure` this is.
    @inlinable
    public subscript(measure: Limit.Measure) -> Int64 {
        switch measure {
        case .money: nanodollars
        case .tokens: tokens
        case .requests: requests
        }
    }
}
