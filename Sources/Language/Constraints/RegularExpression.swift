/// Reads regular expressions over whole texts.
///
/// Literals, `.` (any character but a newline), classes (`[a-z]`, `[^"]`), `\d \w \s` and their opposites (ASCII), escapes
/// `\n \r \t \f \v \0 \xHH \uHHHH \u{H…}`, groups `( )` and `(?: )`, `|`, `* + ? {m} {m,} {m,n}` (a `?` behind them changes
/// nothing here: the language is the same). `^` at the beginning and `$` at the end change nothing either. Anchors elsewhere,
/// references back, and looking ahead or behind are not regular or not supported, and are errors.
struct RegularExpression {
    private var scanner: TextScanner
    private var depth = 0

    /// The pattern that `text` writes down.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)``.
    static func pattern(_ text: String) throws(LanguageError) -> Pattern {
        var parser = RegularExpression(scanner: TextScanner(text, kind: "regular expression"))
        let pattern = try parser.alternatives()
        guard parser.scanner.isAtEnd else { throw parser.scanner.error("a ) without its (") }
        return pattern
    }

    private init(scanner: TextScanner) { self.scanner = scanner }

    private mutating func alternatives() throws(LanguageError) -> Pattern {
        guard depth < 200 else { throw scanner.error("parentheses nest more than 200 deep") }
        depth += 1
        defer { depth -= 1 }
        var choices = [try sequence()]
        while scanner.take("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(LanguageError) -> Pattern {
        var parts: [Pattern] = []
        if depth == 1, parts.isEmpty { _ = scanner.take("^") }
        while let scalar = scanner.next, scalar != "|", scalar != ")" {
            if scalar == "$" && depth == 1 {
                let after = scanner.peek(1)
                if after == nil || after == "|" {
                    scanner.take()
                    continue
                }
            }
            let atom = try atom()
            parts.append(try quantified(atom))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified(_ atom: Pattern) throws(LanguageError) -> Pattern {
        let bounds: (least: Int, most: Int?)
        switch scanner.next {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{":
            scanner.take()
            let braces = try scanner.takeRepetition()
            _ = scanner.take("?")
            try refuseQuantifier()
            return .repeated(atom, least: braces.least, most: braces.most)
        default: return atom
        }
        scanner.take()
        _ = scanner.take("?")
        try refuseQuantifier()
        return .repeated(atom, least: bounds.least, most: bounds.most)
    }

    private func refuseQuantifier() throws(LanguageError) {
        if let next = scanner.next, "*+?{".unicodeScalars.contains(next) {
            throw scanner.error("one repetition behind another")
        }
    }

    private mutating func atom() throws(LanguageError) -> Pattern {
        let here = scanner
        switch scanner.take() {
        case "(":
            if scanner.take("?"), !scanner.take(":") {
                throw here.error("only (?: ) is known of the groups that begin with (?")
            }
            let inner = try alternatives()
            guard scanner.take(")") else { throw here.error("a ( without its )") }
            return inner
        case "[": return .characters(try characterClass())
        case ".": return .characters(CharacterRanges("\n").inverted)
        case "\\": return .characters(try escape())
        case "*", "+", "?", "{": throw here.error("nothing stands before the repetition")
        case "^", "$": throw here.error("an anchor in the middle")
        case let scalar?: return .characters(CharacterRanges(scalar))
        case nil: throw here.error("expected a character")
        }
    }

    private mutating func characterClass() throws(LanguageError) -> CharacterRanges {
        let start = scanner
        let isInverted = scanner.take("^")
        var set = CharacterRanges([])
        var isFirst = true
        // A ] that comes first is a character.
        while let scalar = scanner.next, scalar != "]" || isFirst {
            isFirst = false
            let low = try member()
            if scanner.next == "-", let after = scanner.peek(1), after != "]" {
                scanner.take()
                let high = try member()
                guard let a = low.single, let b = high.single else {
                    throw scanner.error("a range between sets of characters")
                }
                guard b >= a else { throw scanner.error("the range runs backwards") }
                set = set.union(CharacterRanges([a...b]))
            } else {
                set = set.union(low)
            }
        }
        guard scanner.take("]") else { throw start.error("the class does not end") }
        return isInverted ? set.inverted : set
    }

    private mutating func member() throws(LanguageError) -> CharacterRanges {
        switch scanner.take() {
        case "\\": return try escape()
        case let scalar?: return CharacterRanges(scalar)
        case nil: throw scanner.error("expected a character")
        }
    }

    private static let digits = CharacterRanges([48...57])
    private static let word = CharacterRanges([48...57, 65...90, 95...95, 97...122])
    private static let space = CharacterRanges([9...13, 32...32])

    private mutating func escape() throws(LanguageError) -> CharacterRanges {
        let here = scanner
        switch scanner.take() {
        case "d": return Self.digits
        case "D": return Self.digits.inverted
        case "w": return Self.word
        case "W": return Self.word.inverted
        case "s": return Self.space
        case "S": return Self.space.inverted
        case "n": return CharacterRanges("\n")
        case "r": return CharacterRanges("\r")
        case "t": return CharacterRanges("\t")
        case "f": return CharacterRanges("\u{0C}")
        case "v": return CharacterRanges("\u{0B}")
        case "0": return CharacterRanges("\0")
        case "x": return CharacterRanges(try scanner.takeHexadecimal(2))
        case "u":
            guard scanner.take("{") else { return CharacterRanges(try scanner.takeHexadecimal(4)) }
            var count = 0
            while scanner.peek(count).flatMap({ Character($0).hexDigitValue }) != nil { count += 1 }
            guard (1...6).contains(count) else { throw here.error("expected one to six hexadecimal digits") }
            let scalar = try scanner.takeHexadecimal(count)
            guard scanner.take("}") else { throw scanner.error("expected }") }
            return CharacterRanges(scalar)
        case let scalar? where !Character(scalar).isLetter && !Character(scalar).isNumber:
            return CharacterRanges(scalar)
        default: throw here.error("an escape that is not known")
        }
    }
}

extension CharacterRanges {
    /// The only character of the set.
    fileprivate var single: UInt32? {
        ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil
    }
}
