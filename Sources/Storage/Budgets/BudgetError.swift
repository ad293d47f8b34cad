/// Why a request may not spend what it asks for.
public enum BudgetError: Error, Equatable, Sendable {
    /// It asks for more than the whole limit.
    case tooLarge(Limit, asked: Int64)
    /// The limit's window is used up; `retryAfter` is when the next begins, in seconds, nil where none does.
    case exhausted(Limit, spent: Int64, retryAfter: Double?)
    /// What is left is set aside for requests under way, here or at other gateways.
    case held(Limit, spent: Int64, retryAfter: Double)
    /// What this gateway holds is used up and the store can't be asked for more.
    case storeAway(StorageError)

    /// In how many seconds asking again makes sense; nil where it never does.
    public var retryAfter: Double? {
        switch self {
        case .tooLarge: nil
        case .exhausted(_, _, let seconds): seconds
        case .held(_, _, let seconds): seconds
        case .storeAway: 1
        }
    }
}

extension BudgetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLarge(let limit, let asked):
            "the request may take \(Self.amount(asked, limit)) and the key's limit is \(limit). Ask for less, or raise the limit."
        case .exhausted(let limit, let spent, let seconds):
            "the key's limit \(limit) is used up: \(Self.amount(spent, limit)) were spent."
                + (seconds.map { " It starts over in \(Int64($0.rounded(.up))) seconds." } ?? " Raise the limit.")
        case .held(let limit, let spent, _):
            "what is left of the key's limit \(limit) is reserved for requests under way: \(Self.amount(spent, limit)) were spent. Try again in a moment."
        case .storeAway(let error):
            "the key's limits can't be checked: \(error)"
        }
    }

    private static func amount(_ amount: Int64, _ limit: Limit) -> String {
        limit.measure == .money ? "\(Double(amount) / 1e9) dollars" : "\(amount) \(limit.measure.rawValue)"
    }
}
