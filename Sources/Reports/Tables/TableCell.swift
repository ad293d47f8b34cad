/// One value of a table: it keeps the number, so that each format can write it as it should be written there.
public enum TableCell: Sendable, Equatable {
    /// Words.
    case text(String)
    /// A number shown to a number of significant digits; full precision in CSV and JSON.
    case number(Double, significant: Int = 3)
    /// A whole number, shown with all its digits.
    case count(Int)
    /// An estimate with the ends of its interval.
    case interval(Double, low: Double, high: Double, significant: Int = 3)
    /// A share in 0...1, shown as a percentage; the share itself in CSV and JSON.
    case percent(Double, decimals: Int = 1)
    /// A share in 0...1 with the ends of its interval, shown as percentages.
    case percentInterval(Double, low: Double, high: Double, decimals: Int = 1)
    /// No value. A number that is NaN reads the same.
    case missing

    /// What a person reads.
    public var displayText: String {
        switch self {
        case .text(let text): text
        case .number(let value, let digits): NumberText.significant(value, digits: digits)
        case .count(let value): NumberText.fixed(Double(value), decimals: 0)
        case .interval(let value, let low, let high, let digits):
            value.isNaN ? NumberText.missing : NumberText.interval(value, low: low, high: high, digits: digits)
        case .percent(let share, let decimals): NumberText.percent(share, decimals: decimals)
        case .percentInterval(let share, let low, let high, let decimals):
            share.isNaN
                ? NumberText.missing
                : "\(NumberText.percent(share, decimals: decimals)) "
                    + "[\(NumberText.fixed(low * 100, decimals: decimals)), "
                    + "\(NumberText.fixed(high * 100, decimals: decimals))]"
        case .missing: NumberText.missing
        }
    }

    /// The number in the cell, or nil for words and where there is none; what a table is sorted by.
    public var value: Double? {
        switch self {
        case .text, .missing: nil
        case .count(let value): Double(value)
        case .number(let value, _), .percent(let value, _): value.isNaN ? nil : value
        case .interval(let value, _, _, _), .percentInterval(let value, _, _, _): value.isNaN ? nil : value
        }
    }

    /// The ends of the interval, for cells that have one.
    var bounds: (low: Double, high: Double)? {
        switch self {
        case .interval(_, let low, let high, _), .percentInterval(_, let low, let high, _): (low, high)
        default: nil
        }
    }
}

extension TableCell: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    /// A cell of words.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A cell with a count.
    public init(integerLiteral value: Int) { self = .count(value) }
    /// A cell with a number to three significant digits.
    public init(floatLiteral value: Double) { self = .number(value) }
}
