/// A word, number or sign of a calculation.
struct ScriptToken: Sendable {
    enum Kind: Sendable, Equatable {
        case number(Rational)
        case word(String)
        case sign(String)
        case end
    }
    var kind: Kind
    var place: ScriptPlace

    /// In words.
    var text: String {
        switch kind {
        case .number(let number): "\(number)"
        case .word(let word): word
        case .sign(let sign): sign
        case .end: "the end"
        }
    }

    private static let signs = [
        "->", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", "[", "]", ",", ";", "=",
    ]
    /// Signs as models and people write them, too.
    private static let others = ["×": "*", "·": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->"]

    /// The tokens of `text`, with one for its end.
    static func tokens(of text: String) throws(LanguageError) -> [ScriptToken] {
        let characters = Array(text)
        var tokens: [ScriptToken] = []
        var index = 0
        var place = ScriptPlace(line: 1, column: 1)
        func run(_ isWanted: (Character) -> Bool) -> String {
            String(characters[index...].prefix(while: isWanted))
        }
        while index < characters.count {
            let character = characters[index]
            var length = 1
            if character.isNewline {
                place = ScriptPlace(line: place.line + 1, column: 0)
            } else if character.isASCII, character.isNumber {
                let digits = run { $0.isASCII && $0.isNumber || $0 == "." }
                length = digits.count
                guard let number = Rational(digits) else {
                    throw place.error("'\(digits)' is no number, or one of too many digits")
                }
                tokens.append(ScriptToken(kind: .number(number), place: place))
            } else if character.isLetter || character == "_" {
                let word = run { $0.isLetter || $0.isNumber || $0 == "_" }
                length = word.count
                tokens.append(ScriptToken(kind: .word(word), place: place))
            } else if !character.isWhitespace {
                let two = String(characters[index..<min(index + 2, characters.count)])
                guard
                    let sign = signs.first(where: { two.hasPrefix($0) }) ?? others[String(character)]
                else { throw place.error("'\(character)' means nothing here") }
                length = others[String(character)] == nil ? sign.count : 1
                tokens.append(ScriptToken(kind: .sign(sign), place: place))
            }
            index += length
            place.column += length
        }
        tokens.append(ScriptToken(kind: .end, place: place))
        return tokens
    }
}

/// Reads tokens as a calculation, by recursive descent.
struct ScriptParser {
    private let tokens: [ScriptToken]
    private var index = 0
    private var depth = 0
    /// Deeper nesting is refused, so that no text can exhaust the stack.
    private static let maximumDepth = 100

    init(tokens: [ScriptToken]) { self.tokens = tokens }

    private var next: ScriptToken { tokens[index] }

    private mutating func advance() -> ScriptToken {
        let token = tokens[index]
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    private func isNext(_ sign: String) -> Bool { next.kind == .sign(sign) || next.kind == .word(sign) }

    private mutating func take(_ sign: String) -> Bool {
        guard isNext(sign) else { return false }
        _ = advance()
        return true
    }

    private mutating func expect(_ sign: String, _ what: String) throws(LanguageError) {
        guard take(sign) else { throw next.place.error("expected '\(sign)' \(what), found '\(next.text)'") }
    }

    /// The whole text.
    mutating func whole() throws(LanguageError) -> ScriptNode {
        let node = try expression()
        guard next.kind == .end else {
            throw next.place.error("expected an operator or the end, found '\(next.text)'")
        }
        return node
    }

    private mutating func expression() throws(LanguageError) -> ScriptNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw next.place.error("more than \(Self.maximumDepth) levels") }
        let place = next.place
        if take("let") {
            let name = try self.name()
            try expect("=", "after the name")
            let value = try expression()
            if !take("in") { try expect(";", "or 'in' after what the name stands for") }
            return ScriptNode(kind: .binding(name, value, try expression()), place: place)
        }
        if take("if") {
            let condition = try expression()
            try expect("then", "after the condition")
            let first = try expression()
            try expect("else", "after what holds if so")
            return ScriptNode(kind: .either(condition, first, try expression()), place: place)
        }
        return try binary(0)
    }

    /// Operators by how loosely they bind, loosest first.
    private static let levels: [[ScriptOperator]] = [
        [.or], [.and], [.equal, .different, .atMost, .atLeast, .less, .more], [.plus, .minus],
        [.times, .over, .modulo],
    ]

    private mutating func binary(_ level: Int) throws(LanguageError) -> ScriptNode {
        guard level < Self.levels.count else { return try unary() }
        if level == Self.notLevel, isNext("not") { return try negation() }
        let first = try binary(level + 1)
        var links: [ScriptLink] = []
        while let sign = Self.levels[level].first(where: { isNext($0.rawValue) }) {
            let place = advance().place
            links.append(ScriptLink(sign: sign, place: place, node: try binary(level + 1)))
        }
        return links.isEmpty ? first : ScriptNode(kind: .chain(first, links), place: first.place)
    }

    /// `not` binds more loosely than a comparison and more tightly than `and`.
    private static let notLevel = 2

    private mutating func negation() throws(LanguageError) -> ScriptNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw next.place.error("more than \(Self.maximumDepth) levels") }
        let place = advance().place
        return ScriptNode(kind: .not(try binary(Self.notLevel)), place: place)
    }

    private mutating func unary() throws(LanguageError) -> ScriptNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw next.place.error("more than \(Self.maximumDepth) levels") }
        let place = next.place
        if take("-") { return ScriptNode(kind: .negative(try unary()), place: place) }
        let base = try postfix()
        let sign = next.place
        if take("^") { return ScriptNode(kind: .power(base, try unary()), place: sign) }
        return base
    }

    private mutating func postfix() throws(LanguageError) -> ScriptNode {
        var node = try primary()
        var count = 0
        while next.kind == .sign("[") {
            let place = advance().place
            count += 1
            guard count <= Self.maximumDepth else { throw place.error("more than \(Self.maximumDepth) levels") }
            let position = try expression()
            try expect("]", "after the place in the list")
            node = ScriptNode(kind: .member(node, position), place: place)
        }
        return node
    }

    private static let reserved: Set<String> = ["let", "in", "if", "then", "else", "and", "or", "not", "true", "false"]

    private mutating func name() throws(LanguageError) -> String {
        guard case .word(let word) = next.kind, !Self.reserved.contains(word) else {
            throw next.place.error("expected a name, found '\(next.text)'")
        }
        _ = advance()
        return word
    }

    private mutating func primary() throws(LanguageError) -> ScriptNode {
        let token = next
        switch token.kind {
        case .number(let number):
            _ = advance()
            return ScriptNode(kind: .number(number), place: token.place)
        case .word("true"), .word("false"):
            return ScriptNode(kind: .truth(advance().kind == .word("true")), place: token.place)
        case .word:
            let name = try self.name()
            return take("(") ? try call(name, token.place) : ScriptNode(kind: .name(name), place: token.place)
        case .sign("("):
            _ = advance()
            let inner = try expression()
            try expect(")", "to close '('")
            return inner
        case .sign("["):
            _ = advance()
            return ScriptNode(kind: .list(try list(until: "]")), place: token.place)
        default: throw token.place.error("expected a number, a name, '(' or '[', found '\(token.text)'")
        }
    }

    private mutating func list(until close: String) throws(LanguageError) -> [ScriptNode] {
        var members: [ScriptNode] = []
        if take(close) { return members }
        repeat { members.append(try expression()) } while take(",")
        try expect(close, "or ','")
        return members
    }

    private mutating func call(_ name: String, _ place: ScriptPlace) throws(LanguageError) -> ScriptNode {
        guard let function = ScriptFunction(called: name) else {
            let known = ScriptFunction.allCases.map(\.rawValue).joined(separator: ", ")
            throw place.error("there is no function '\(name)'. Known are: \(known)")
        }
        if function == .map || function == .filter {
            let list = try expression()
            try expect(",", "after the list")
            let variable = try self.name()
            try expect("->", "after the name of a member")
            let body = try expression()
            try expect(")", "to close '\(name)('")
            return ScriptNode(kind: .each(function, list, variable, body), place: place)
        }
        let arguments = try list(until: ")")
        guard function.arguments.contains(arguments.count) else {
            throw place.error(
                "'\(name)' takes \(function == .range ? "one or two arguments" : "one argument"), not \(arguments.count)"
            )
        }
        return ScriptNode(kind: .call(function, arguments), place: place)
    }
}
