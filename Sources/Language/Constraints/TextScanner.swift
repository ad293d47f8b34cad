/// Reads a text character by character and knows where it is.
struct TextScanner {
    let kind: String
    private let scalars: [Unicode.Scalar]
    private(set) var place = 0

    init(_ text: String, kind: String) {
        scalars = Array(text.unicodeScalars)
        self.kind = kind
    }

    /// The character here; nil at the end.
    var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    var isAtEnd: Bool { place >= scalars.count }

    func peek(_ offset: Int) -> Unicode.Scalar? {
        place + offset < scalars.count ? scalars[place + offset] : nil
    }

    /// The character here, which is passed.
    @discardableResult
    mutating func take() -> Unicode.Scalar? {
        guard place < scalars.count else { return nil }
        defer { place += 1 }
        return scalars[place]
    }

    /// Passes `text` if it comes here.
    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard place + wanted.count <= scalars.count, Array(scalars[place..<place + wanted.count]) == wanted else {
            return false
        }
        place += wanted.count
        return true
    }

    /// Passes characters while `isWanted`; what they were.
    mutating func take(while isWanted: (Unicode.Scalar) -> Bool) -> String {
        let start = place
        while let scalar = next, isWanted(scalar) { place += 1 }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[start..<place])
        return String(text)
    }

    /// Exactly `count` hexadecimal digits as a character.
    mutating func takeHexadecimal(_ count: Int) throws(LanguageError) -> Unicode.Scalar {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = next.flatMap({ Character($0).hexDigitValue }) else {
                throw error("expected \(count) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        guard let scalar = Unicode.Scalar(value) else { throw error("there is no such character") }
        return scalar
    }

    /// The bounds of a repetition behind its opening brace: `m}`, `m,}`, `,n}` or `m,n}`.
    mutating func takeRepetition() throws(LanguageError) -> (least: Int, most: Int?) {
        func digit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
        func number(_ text: String) throws(LanguageError) -> Int {
            guard let value = Int(text), value <= 100_000 else {
                throw error("a repetition of \(text) is more than 100000")
            }
            return value
        }
        let first = take(while: digit)
        var bounds: (Int, Int?)
        if take(",") {
            let second = take(while: digit)
            guard !(first.isEmpty && second.isEmpty) else { throw error("expected a number in the braces") }
            bounds = (first.isEmpty ? 0 : try number(first), second.isEmpty ? nil : try number(second))
        } else {
            guard !first.isEmpty else { throw error("expected a number in the braces") }
            bounds = (try number(first), try number(first))
        }
        guard take("}") else { throw error("expected }") }
        if let most = bounds.1, most < bounds.0 { throw error("at least \(bounds.0) times but at most \(most)") }
        return bounds
    }

    /// What is wrong here.
    func error(_ reason: String) -> LanguageError {
        var line = 1
        var column = 1
        for scalar in scalars.prefix(place) {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return .badConstraint(kind: kind, line: line, column: column, reason: reason)
    }
}
