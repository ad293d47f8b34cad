/// An exact fraction of two 64-bit integers, in lowest terms with a positive denominator.
///
/// Arithmetic that would leave 64 bits gives nil: nothing is rounded.
public struct Rational: Sendable, Hashable {
    /// Above the line.
    public let numerator: Int
    /// Below the line, above 0.
    public let denominator: Int

    /// A whole number.
    public init(_ integer: Int) {
        numerator = integer
        denominator = 1
    }

    /// `numerator / denominator`; nil for a denominator of 0, or beyond 64 bits.
    public init?(_ numerator: Int, _ denominator: Int) {
        guard denominator != 0 else { return nil }
        let common = Self.commonDivisor(numerator.magnitude, denominator.magnitude)
        guard let above = Int(exactly: numerator.magnitude / common),
            let below = Int(exactly: denominator.magnitude / common)
        else { return nil }
        self.numerator = (numerator < 0) == (denominator < 0) ? above : -above
        self.denominator = below
    }

    /// A number as it is written: digits, with a point and further digits or without; nil beyond 64 bits.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        guard !text.isEmpty, parts[0].allSatisfy({ $0.isASCII && $0.isNumber }), !parts[0].isEmpty,
            fraction.allSatisfy({ $0.isASCII && $0.isNumber }), parts.count == 1 || !fraction.isEmpty,
            let digits = Int(parts[0] + fraction)
        else { return nil }
        var scale = 1
        for _ in fraction {
            let (product, overflow) = scale.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            scale = product
        }
        self.init(digits, scale)
    }

    /// Whether it is a whole number.
    public var isInteger: Bool { denominator == 1 }

    /// The nearest `Double`.
    public var double: Double { Double(numerator) / Double(denominator) }

    /// The largest whole number that is not above it.
    public var floor: Int {
        let quotient = numerator / denominator
        return numerator % denominator < 0 ? quotient - 1 : quotient
    }

    private static func commonDivisor(_ a: UInt, _ b: UInt) -> UInt {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }

    /// The sum, or nil beyond 64 bits.
    public func plus(_ other: Rational) -> Rational? {
        let common = Int(Self.commonDivisor(denominator.magnitude, other.denominator.magnitude))
        let (left, first) = numerator.multipliedReportingOverflow(by: other.denominator / common)
        let (right, second) = other.numerator.multipliedReportingOverflow(by: denominator / common)
        let (sum, third) = left.addingReportingOverflow(right)
        let (below, fourth) = denominator.multipliedReportingOverflow(by: other.denominator / common)
        return first || second || third || fourth ? nil : Rational(sum, below)
    }

    /// With the other sign, or nil beyond 64 bits.
    public var negated: Rational? { numerator == .min ? nil : Rational(-numerator, denominator) }

    /// The product, or nil beyond 64 bits.
    public func times(_ other: Rational) -> Rational? {
        // Reduced across before it is multiplied, so that only what does not fit at all is lost.
        guard let first = Rational(numerator, other.denominator), let second = Rational(other.numerator, denominator)
        else { return nil }
        let (above, left) = first.numerator.multipliedReportingOverflow(by: second.numerator)
        let (below, right) = first.denominator.multipliedReportingOverflow(by: second.denominator)
        return left || right ? nil : Rational(above, below)
    }

    /// The quotient; nil for a divisor of 0, or beyond 64 bits.
    public func divided(by other: Rational) -> Rational? {
        Rational(other.denominator, other.numerator).flatMap { times($0) }
    }
}

extension Rational: Comparable {
    public static func < (left: Rational, right: Rational) -> Bool {
        let a = left.numerator.multipliedFullWidth(by: right.denominator)
        let b = right.numerator.multipliedFullWidth(by: left.denominator)
        return a.high != b.high ? a.high < b.high : a.low < b.low
    }
}

extension Rational: CustomStringConvertible {
    /// As a decimal where it ends within nine digits, else as a fraction.
    public var description: String {
        if isInteger { return "\(numerator)" }
        var scale = 1
        for digits in 1...9 {
            scale *= 10
            guard scale % denominator == 0 else { continue }
            let (whole, overflow) = numerator.multipliedReportingOverflow(by: scale / denominator)
            if overflow { break }
            let text = String(whole.magnitude)
            let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
            return (whole < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
        }
        return "\(numerator)/\(denominator)"
    }
}
