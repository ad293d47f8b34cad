/// A decimal number that bounds others, digit by digit.
struct DecimalBound: Hashable, Sendable {
    /// Whether it is below 0.
    var isNegative: Bool
    /// What stands before the point, without the sign.
    var whole: Int
    /// The digits behind the point, without zeros at the end.
    var fraction: [Int]

    static let zero = DecimalBound(isNegative: false, whole: 0, fraction: [])

    var isZero: Bool { whole == 0 && fraction.isEmpty }
    var negated: DecimalBound { DecimalBound(isNegative: !isNegative && !isZero, whole: whole, fraction: fraction) }

    init(isNegative: Bool, whole: Int, fraction: [Int]) {
        self.isNegative = isNegative
        self.whole = whole
        self.fraction = fraction
    }

    /// The number that a JSON number writes down; nil where it has more than 17 digits before the point or 40 behind it.
    init?(_ text: String) {
        var digits: [Int] = []
        var point: Int?
        var rest = text[...]
        isNegative = rest.first == "-"
        if isNegative { rest.removeFirst() }
        var exponent = 0
        for (place, character) in zip(rest.indices, rest) {
            if let digit = character.wholeNumberValue {
                digits.append(digit)
            } else if character == "." {
                point = digits.count
            } else {
                guard let value = Int(rest[rest.index(after: place)...]), abs(value) <= 100 else { return nil }
                exponent = value
                break
            }
        }
        var before = (point ?? digits.count) + exponent
        if before > digits.count { digits += [Int](repeating: 0, count: before - digits.count) }
        if before < 0 {
            digits = [Int](repeating: 0, count: -before) + digits
            before = 0
        }
        var fraction = Array(digits[before...])
        while fraction.last == 0 { fraction.removeLast() }
        let whole = digits[..<before].drop { $0 == 0 }
        guard whole.count <= 17, fraction.count <= 40 else { return nil }
        self.whole = whole.reduce(0) { $0 * 10 + $1 }
        self.fraction = fraction
        if isZero { isNegative = false }
    }

    /// Whether it is smaller than `other`.
    func isBelow(_ other: DecimalBound) -> Bool {
        if isNegative != other.isNegative { return isNegative }
        let (a, b) = isNegative ? (other, self) : (self, other)
        if a.whole != b.whole { return a.whole < b.whole }
        return a.fraction.lexicographicallyPrecedes(b.fraction)
    }
}

/// An end of a range of numbers.
struct RangeEnd: Hashable, Sendable {
    /// Where it is, and whether the number itself is left out.
    var bound: DecimalBound
    var isExclusive: Bool

    /// The stricter of two lower ends; an exclusive one where they are at one place.
    static func higher(_ a: RangeEnd?, _ b: RangeEnd?) -> RangeEnd? {
        guard let a, let b else { return a ?? b }
        if a.bound == b.bound { return a.isExclusive ? a : b }
        return a.bound.isBelow(b.bound) ? b : a
    }

    /// The stricter of two upper ends.
    static func lower(_ a: RangeEnd?, _ b: RangeEnd?) -> RangeEnd? {
        guard let a, let b else { return a ?? b }
        if a.bound == b.bound { return a.isExclusive ? a : b }
        return a.bound.isBelow(b.bound) ? a : b
    }

    /// The end of the mirrored range.
    var negated: RangeEnd { RangeEnd(bound: bound.negated, isExclusive: isExclusive) }

    /// The least whole number that is not below this lower end.
    var leastWhole: Int {
        let size = bound.whole
        if bound.fraction.isEmpty { return (bound.isNegative ? -size : size) + (isExclusive ? 1 : 0) }
        return bound.isNegative ? -size : size + 1
    }

    /// The largest whole number that is not above this upper end.
    var largestWhole: Int { -negated.leastWhole }
}
