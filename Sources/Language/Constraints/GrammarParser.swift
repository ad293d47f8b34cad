/// Reads GBNF, the notation for grammars that llama.cpp made common.
///
///     root   ::= "answer: " number ("," number)*   # a comment
///     number ::= "-"? [0-9]{1,3}
///
/// Literals and classes know the escapes `\n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH`; `.` is any character; `* + ? {m}
/// {m,} {m,n}` repeat what stands before them; a rule ends with its line, except in parentheses and behind `|`.
struct GrammarParser {
    private var scanner: TextScanner
    private var rules: [String: Pattern] = [:]
    /// Where a rule was first asked for, so that a missing one can be pointed at.
    private var uses: [(name: String, error: LanguageError)] = []
    private var depth = 0

    /// The grammar that `text` writes down.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)``.
    static func grammar(_ text: String) throws(LanguageError) -> Grammar {
        var parser = GrammarParser(scanner: TextScanner(text, kind: "grammar"))
        try parser.read()
        return Grammar(rules: parser.rules)
    }

    private init(scanner: TextScanner) { self.scanner = scanner }

    private mutating func read() throws(LanguageError) {
        passSpace(acrossLines: true)
        while !scanner.isAtEnd {
            let start = scanner
            let name = takeName()
            guard !name.isEmpty else { throw scanner.error("expected the name of a rule") }
            passSpace(acrossLines: false)
            guard scanner.take("::=") else { throw scanner.error("expected ::= behind \(name)") }
            guard rules[name] == nil else { throw start.error("the rule \(name) is there already") }
            passSpace(acrossLines: true)
            rules[name] = try alternatives(nested: false)
            passSpace(acrossLines: false)
            guard scanner.isAtEnd || scanner.next == "\n" || scanner.next == "\r" else {
                throw scanner.error("expected the end of the line")
            }
            passSpace(acrossLines: true)
        }
        if let missing = uses.first(where: { rules[$0.name] == nil }) { throw missing.error }
        guard rules["root"] != nil else { throw scanner.error("there is no rule called root") }
    }

    private mutating func alternatives(nested: Bool) throws(LanguageError) -> Pattern {
        guard depth < 200 else { throw scanner.error("parentheses nest more than 200 deep") }
        depth += 1
        defer { depth -= 1 }
        var choices = [try sequence(nested: nested)]
        while scanner.take("|") {
            passSpace(acrossLines: true)
            choices.append(try sequence(nested: nested))
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence(nested: Bool) throws(LanguageError) -> Pattern {
        var parts: [Pattern] = []
        while let scalar = scanner.next {
            switch scalar {
            case "\"": parts.append(try literal())
            case "[": parts.append(.characters(try characterClass()))
            case ".":
                scanner.take()
                parts.append(.characters(.all))
            case "(":
                scanner.take()
                passSpace(acrossLines: true)
                parts.append(try alternatives(nested: true))
                guard scanner.take(")") else { throw scanner.error("expected )") }
            case "*", "+", "?", "{":
                scanner.take()
                guard let last = parts.popLast() else { throw scanner.error("nothing stands before the repetition") }
                let bounds: (least: Int, most: Int?)
                switch scalar {
                case "*": bounds = (0, nil)
                case "+": bounds = (1, nil)
                case "?": bounds = (0, 1)
                default: bounds = try scanner.takeRepetition()
                }
                parts.append(.repeated(last, least: bounds.least, most: bounds.most))
            default:
                guard Self.isName(scalar) else { return .sequence(parts) }
                let here = scanner
                let name = takeName()
                uses.append((name, here.error("there is no rule called \(name)")))
                parts.append(.rule(name))
            }
            passSpace(acrossLines: nested)
        }
        return .sequence(parts)
    }

    private mutating func literal() throws(LanguageError) -> Pattern {
        let start = scanner
        scanner.take()
        var parts: [Pattern] = []
        while let scalar = scanner.next, scalar != "\"" {
            guard scalar != "\n" else { break }
            parts.append(.characters(CharacterRanges(try character())))
        }
        guard scanner.take("\"") else { throw start.error("the literal does not end") }
        return .sequence(parts)
    }

    private mutating func characterClass() throws(LanguageError) -> CharacterRanges {
        let start = scanner
        scanner.take()
        let isInverted = scanner.take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while let scalar = scanner.next, scalar != "]" {
            let low = try character().value
            var high = low
            if scanner.next == "-", let after = scanner.peek(1), after != "]" {
                scanner.take()
                high = try character().value
                guard high >= low else { throw scanner.error("the range runs backwards") }
            }
            ranges.append(low...high)
        }
        guard scanner.take("]") else { throw start.error("the class does not end") }
        let set = CharacterRanges(ranges)
        return isInverted ? set.inverted : set
    }

    private mutating func character() throws(LanguageError) -> Unicode.Scalar {
        let scalar = scanner.take() ?? "\\"
        guard scalar == "\\" else { return scalar }
        switch scanner.take() {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "x": return try scanner.takeHexadecimal(2)
        case "u": return try scanner.takeHexadecimal(4)
        case "U": return try scanner.takeHexadecimal(8)
        case let other? where "\\\"[]-^".unicodeScalars.contains(other): return other
        default: throw scanner.error("an escape that is none")
        }
    }

    private mutating func takeName() -> String { scanner.take(while: Self.isName) }

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-"
            || scalar == "_"
    }

    private mutating func passSpace(acrossLines: Bool) {
        while let scalar = scanner.next {
            if scalar == "#" {
                _ = scanner.take { $0 != "\n" && $0 != "\r" }
            } else if scalar == " " || scalar == "\t" || acrossLines && (scalar == "\n" || scalar == "\r") {
                scanner.take()
            } else {
                return
            }
        }
    }
}
