/// The grammar of RFC 8259, rule by rule and under the RFC's own names: slow, and plain enough to be checked by eye.
///
/// Each rule takes the bytes from a place and says where they go on, or nil where they don't follow the rule.
struct GrammarOfJSON {
    let bytes: [UInt8]

    /// Whether the whole text is a `JSON-text`: `ws value ws`.
    static func allows(_ text: String) -> Bool {
        let grammar = GrammarOfJSON(bytes: Array(text.utf8))
        guard let end = grammar.value(grammar.ws(0)) else { return false }
        return grammar.ws(end) == grammar.bytes.count
    }

    private func at(_ place: Int) -> Character? {
        bytes.indices.contains(place) ? Character(Unicode.Scalar(bytes[place])) : nil
    }

    private func word(_ text: String, _ place: Int) -> Int? {
        bytes[place...].starts(with: text.utf8) ? place + text.utf8.count : nil
    }

    /// `ws = *( %x20 / %x09 / %x0A / %x0D )`
    private func ws(_ place: Int) -> Int {
        var place = place
        while bytes.indices.contains(place), [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
        return place
    }

    /// `value = false / null / true / object / array / number / string`
    private func value(_ place: Int) -> Int? {
        guard place < bytes.count else { return nil }
        return word("false", place) ?? word("null", place) ?? word("true", place) ?? object(place) ?? array(place)
            ?? number(place) ?? string(place)
    }

    /// `begin-list [ item *( value-separator item ) ] end-list`, white space around each mark.
    private func list(_ place: Int, _ begin: Character, _ end: Character, _ item: (Int) -> Int?) -> Int? {
        guard at(place) == begin else { return nil }
        var place = ws(place + 1)
        if at(place) == end { return place + 1 }
        while let behind = item(place) {
            place = ws(behind)
            if at(place) == end { return place + 1 }
            guard at(place) == "," else { return nil }
            place = ws(place + 1)
        }
        return nil
    }

    /// `object`, of members `string name-separator value`
    private func object(_ place: Int) -> Int? {
        list(place, "{", "}") { place in
            guard let name = string(place) else { return nil }
            let separator = ws(name)
            guard at(separator) == ":" else { return nil }
            return value(ws(separator + 1))
        }
    }

    private func array(_ place: Int) -> Int? { list(place, "[", "]", value) }

    private func isDigit(_ place: Int) -> Bool { at(place).map { ("0"..."9").contains($0) } ?? false }

    private func digits(_ place: Int) -> Int? {
        var end = place
        while isDigit(end) { end += 1 }
        return end > place ? end : nil
    }

    /// `number = [ minus ] int [ frac ] [ exp ]`, `int = zero / ( digit1-9 *DIGIT )`
    private func number(_ place: Int) -> Int? {
        let first = at(place) == "-" ? place + 1 : place
        guard var end = at(first) == "0" ? first + 1 : digits(first) else { return nil }
        if at(end) == ".", let fraction = digits(end + 1) { end = fraction }
        if at(end) == "e" || at(end) == "E" {
            let sign = at(end + 1) == "+" || at(end + 1) == "-" ? end + 2 : end + 1
            if let exponent = digits(sign) { end = exponent }
        }
        return end
    }

    /// `string = quotation-mark *char quotation-mark`
    private func string(_ place: Int) -> Int? {
        guard at(place) == "\"" else { return nil }
        var place = place + 1
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""): return place + 1
            case UInt8(ascii: "\\"):
                switch at(place + 1) {
                case "\"", "\\", "/", "b", "f", "n", "r", "t": place += 2
                case "u":
                    guard (2..<6).allSatisfy({ at(place + $0)?.isHexDigit ?? false }) else { return nil }
                    place += 6
                default: return nil
                }
            // unescaped = %x20-21 / %x23-5B / %x5D-10FFFF
            case 0x20...: place += 1
            default: return nil
            }
        }
        return nil
    }
}
