/// The numbers between two ends as patterns of digits: exact, whatever the numbers.
///
/// Numbers are written without an exponent, and zero without a sign. Digits are compared from the first one on: while a
/// number's digits are those of an end, the next one may not cross it; once they differ all digits may come. Of multiples the
/// remainder is carried along, one rule for each remainder and number of digits still to come.
struct NumberRange {
    /// The lowest and highest number; nil where there is no end.
    var low: RangeEnd?
    var high: RangeEnd?

    // MARK: Whole numbers

    /// The whole numbers of the range that are multiples of `multiple`.
    /// - Parameter rules: takes the rules that the pattern needs.
    func wholes(multipleOf multiple: Int, rules: inout [String: Pattern]) -> Pattern {
        let least = low?.leastWhole
        let most = high?.largestWhole
        var choices: [Pattern] = []
        if least ?? 0 <= 0, most ?? 0 >= 0 { choices.append(.literal("0")) }
        if most.map({ $0 > 0 }) ?? true {
            choices.append(Self.positive(max(1, least ?? 1), most, multiple, &rules))
        }
        if least.map({ $0 < 0 }) ?? true {
            let positive = Self.positive(max(1, most.map { -$0 } ?? 1), least.map { -$0 }, multiple, &rules)
            choices.append(.sequence([.literal("-"), positive]))
        }
        return .choice(choices)
    }

    /// The multiples of `multiple` from `low`, which is above 0, to `high`.
    private static func positive(
        _ low: Int, _ high: Int?, _ multiple: Int, _ rules: inout [String: Pattern]
    ) -> Pattern {
        if let high, high < low { return .choice([]) }
        let length = String(low).count
        let longest = high.map { String($0).count } ?? length
        var choices: [Pattern] = []
        for count in length...longest {
            let least = count == length ? digits(low) : [1] + [Int](repeating: 0, count: count - 1)
            let most =
                high.flatMap { count == longest ? digits($0) : nil } ?? [Int](repeating: 9, count: count)
            choices.append(between(least[...], most[...], 0, multiple, &rules))
        }
        if high == nil {
            // Longer numbers without an end: the digits that they need, then any more.
            choices.append(
                .choice(
                    (1...9).map { digit in
                        .sequence([
                            literal(digit), free(length, digit % multiple, multiple, isOpen: true, &rules),
                        ])
                    }))
        }
        return .choice(choices)
    }

    private static func digits(_ number: Int) -> [Int] { String(number).compactMap(\.wholeNumberValue) }
    private static func literal(_ digit: Int) -> Pattern { .literal(String(digit)) }

    /// Numbers of as many digits as both ends have, from `least` to `most`, behind digits with this remainder.
    private static func between(
        _ least: ArraySlice<Int>?, _ most: ArraySlice<Int>?, _ remainder: Int, _ multiple: Int,
        _ rules: inout [String: Pattern]
    ) -> Pattern {
        guard let count = (least ?? most)?.count else { return .choice([]) }
        if count == 0 { return remainder == 0 ? .empty : .choice([]) }
        var choices: [Pattern] = []
        for digit in (least?.first ?? 0)...max(least?.first ?? 0, most?.first ?? 9) {
            guard digit <= most?.first ?? 9 else { break }
            let next = (remainder * 10 + digit) % multiple
            let low = digit == least?.first ? least?.dropFirst() : nil
            let high = digit == most?.first ? most?.dropFirst() : nil
            let rest =
                low == nil && high == nil
                ? free(count - 1, next, multiple, isOpen: false, &rules) : between(low, high, next, multiple, &rules)
            choices.append(.sequence([literal(digit), rest]))
        }
        return .choice(choices)
    }

    /// `count` digits, or at least as many where it is open, behind which the remainder is 0.
    private static func free(
        _ count: Int, _ remainder: Int, _ multiple: Int, isOpen: Bool, _ rules: inout [String: Pattern]
    ) -> Pattern {
        let digit = Pattern.characters(CharacterRanges([48...57]))
        if multiple == 1 { return .repeated(digit, least: count, most: isOpen ? nil : count) }
        let name = "multiple-\(multiple)-\(isOpen ? "open" : "closed")-\(count)-\(remainder)"
        if rules[name] != nil { return .rule(name) }
        // Known before it is written, since a rule without an end comes back to itself.
        rules[name] = .empty
        var choices: [Pattern] = []
        if count == 0, remainder == 0 { choices.append(.empty) }
        if count > 0 || isOpen {
            for digit in 0...9 {
                choices.append(
                    .sequence([
                        literal(digit),
                        free(max(0, count - 1), (remainder * 10 + digit) % multiple, multiple, isOpen: isOpen, &rules),
                    ]))
            }
        }
        rules[name] = .choice(choices)
        return .rule(name)
    }

    // MARK: Numbers with a fraction

    /// The numbers of the range.
    func numbers() -> Pattern {
        let zero = RangeEnd(bound: .zero, isExclusive: true)
        var choices: [Pattern] = []
        let lowIsBelowZero = low.map { $0.bound.isNegative || $0.bound.isZero && !$0.isExclusive } ?? true
        let highIsAboveZero = high.map { !$0.bound.isNegative && !($0.bound.isZero && $0.isExclusive) } ?? true
        if lowIsBelowZero, highIsAboveZero {
            choices.append(
                .sequence([
                    .literal("0"),
                    .optional(.sequence([.literal("."), .repeated(.literal("0"), least: 1, most: nil)])),
                ]))
        }
        if high.map({ RangeEnd.lower($0, zero) != $0 }) ?? true {
            choices.append(Self.positive(RangeEnd.higher(low, zero), high))
        }
        if low.map({ RangeEnd.higher($0, zero) != $0 }) ?? true {
            let mirrored = Self.positive(RangeEnd.higher(high?.negated, zero), low?.negated)
            choices.append(.sequence([.literal("-"), mirrored]))
        }
        return .choice(choices)
    }

    private static let digit = Pattern.characters(CharacterRanges([48...57]))
    private static let anyDigits = Pattern.repeated(digit, least: 0, most: nil)
    private static let anyFraction = Pattern.optional(
        .sequence([.literal("."), .repeated(digit, least: 1, most: nil)]))

    /// Numbers above 0 between two ends that are not below it.
    private static func positive(_ low: RangeEnd?, _ high: RangeEnd?) -> Pattern {
        let from = low?.bound.whole ?? 0
        let to = high?.bound.whole
        if let to, to < from { return .choice([]) }
        var choices: [Pattern] = []
        let atLow = low.map { (digits: $0.bound.fraction[...], isExclusive: $0.isExclusive) }
        let atHigh = high.map { (digits: $0.bound.fraction[...], isExclusive: $0.isExclusive) }
        choices.append(.sequence([.literal(String(from)), fraction(atLow, to == from ? atHigh : nil)]))
        if let to, to > from {
            choices.append(.sequence([.literal(String(to)), fraction(nil, atHigh)]))
        }
        if to.map({ $0 - from > 1 }) ?? true {
            // Without multiples no rules are needed.
            var rules: [String: Pattern] = [:]
            choices.append(.sequence([positive(from + 1, to.map { $0 - 1 }, 1, &rules), anyFraction]))
        }
        return .choice(choices)
    }

    private typealias End = (digits: ArraySlice<Int>, isExclusive: Bool)

    /// What may come behind the whole part of a number whose whole part is that of these ends.
    private static func fraction(_ low: End?, _ high: End?) -> Pattern {
        var choices: [Pattern] = []
        if canEnd(low, high) { choices.append(.empty) }
        choices.append(.sequence([.literal("."), tail(low, high, isFirst: true)]))
        return .choice(choices)
    }

    /// Whether a number may end where these digits of the ends are still to come: all that is left of it is 0.
    private static func canEnd(_ low: End?, _ high: End?) -> Bool {
        // Digits of an end have no zeros at the end: any that are left make it larger than what has been written.
        (low.map { $0.digits.isEmpty && !$0.isExclusive } ?? true)
            && (high.map { !$0.digits.isEmpty || !$0.isExclusive } ?? true)
    }

    /// Digits behind the point, one at least where it is the first.
    private static func tail(_ low: End?, _ high: End?, isFirst: Bool) -> Pattern {
        if low == nil, high == nil { return .repeated(digit, least: isFirst ? 1 : 0, most: nil) }
        if let low, high == nil, low.digits.isEmpty {
            if !low.isExclusive { return .repeated(digit, least: isFirst ? 1 : 0, most: nil) }
            // Above what has been written: something that is not 0 has to come.
            return .sequence([
                .repeated(.literal("0"), least: 0, most: nil), .characters(CharacterRanges([49...57])), anyDigits,
            ])
        }
        if let high, high.digits.isEmpty {
            // What has been written is the upper end: only zeros may come, and only where it is in the range.
            let isIn = !high.isExclusive && (low.map { $0.digits.isEmpty && !$0.isExclusive } ?? true)
            return isIn ? .repeated(.literal("0"), least: isFirst ? 1 : 0, most: nil) : .choice([])
        }
        var choices: [Pattern] = []
        if !isFirst, canEnd(low, high) { choices.append(.empty) }
        // An end without further digits goes on with zeros.
        let least = low.map { $0.digits.first ?? 0 }
        let most = high?.digits.first
        for value in 0...9 where value >= least ?? 0 && value <= most ?? 9 {
            let nextLow =
                value == least ? low.map { (digits: $0.digits.dropFirst(), isExclusive: $0.isExclusive) } : nil
            let nextHigh =
                value == most ? high.map { (digits: $0.digits.dropFirst(), isExclusive: $0.isExclusive) } : nil
            choices.append(.sequence([.literal(String(value)), tail(nextLow, nextHigh, isFirst: false)]))
        }
        return .choice(choices)
    }
}
