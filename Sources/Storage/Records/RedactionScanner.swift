/// Looks for one thing to redact at a place of a text where a word begins.
struct RedactionScanner {
    struct Match {
        var kind: Redactor.Kind
        var range: Range<Int>
    }

    let bytes: [UInt8]
    let start: Int

    /// The first of `kinds` that begins at the start.
    func match(_ kinds: Set<Redactor.Kind>) -> Match? {
        func found(_ kind: Redactor.Kind, _ range: () -> Range<Int>?) -> Match? {
            guard kinds.contains(kind), let range = range() else { return nil }
            return Match(kind: kind, range: range)
        }
        return found(.secret, secret) ?? found(.email, email) ?? found(.iban, iban) ?? found(.address, address)
            ?? found(.card, card) ?? found(.phone, phone)
    }

    private func at(_ position: Int) -> UInt8 { position < bytes.count ? bytes[position] : 0 }

    /// Where what passes `test` ends; `limit` bounds the look ahead, or a text of many short words would take a time that
    /// grows with its square.
    private func end(from position: Int, limit: Int = .max, while test: (UInt8) -> Bool) -> Int {
        var end = position
        while end < bytes.count, end - position < limit, test(bytes[end]) { end += 1 }
        return end
    }

    // MARK: Secrets

    private static let beginnings = [
        "sk-", "pk-", "rk-", "csk-", "sk_live_", "sk_test_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-",
        "xoxp-", "AKIA", "ASIA", "AIza", "hf_", "eyJ",
    ].map { Array($0.utf8) }
    private static let labels = [
        "bearer", "api_key", "apikey", "api-key", "x-api-key", "password", "passwd", "secret", "token", "access_token",
        "authorization",
    ].map { Array($0.utf8) }

    private static let schemes = ["bearer", "basic", "digest", "token"].map { Array($0.utf8) }

    private func secret() -> Range<Int>? {
        let isPart: (UInt8) -> Bool = {
            $0.isWord || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/")
                || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "=")
        }
        for beginning in Self.beginnings where bytes[start...].starts(with: beginning) {
            // Providers show a key by its beginning and its end, with stars between them.
            let end = end(
                from: start,
                while: {
                    $0.isWord || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "*")
                })
            if end - start >= beginning.count + 12 { return start..<end }
        }
        let labelEnd = end(from: start, limit: 16, while: { $0.isWord || $0 == UInt8(ascii: "-") })
        let label = bytes[start..<labelEnd].map(\.lowercased)
        guard Self.labels.contains(label) else { return nil }
        let isBearer = label == Self.labels[0]
        // `Bearer abc`, `password: abc`, `"token": "abc"`
        var position = labelEnd
        var separators = 0
        while position < bytes.count, position - labelEnd < 6 {
            let byte = bytes[position]
            if byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") {
                separators += 1
            } else if byte != UInt8(ascii: " "), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "'") {
                break
            }
            position += 1
        }
        guard separators == 1 || isBearer && separators == 0 && position > labelEnd else { return nil }
        // `Authorization: Bearer abc`: the scheme is no secret, what follows it is.
        let schemeEnd = end(from: position, limit: 8, while: \.isLetter)
        if at(schemeEnd) == UInt8(ascii: " "), Self.schemes.contains(bytes[position..<schemeEnd].map(\.lowercased)) {
            position = end(from: schemeEnd, limit: 8, while: { $0 == UInt8(ascii: " ") })
        }
        let end = end(from: position, while: isPart)
        // Prose such as "bearer of news" and "token: yes" stays.
        guard end - position >= (isBearer ? 16 : 6) else { return nil }
        return position..<end
    }

    // MARK: Email

    private func email() -> Range<Int>? {
        // The lengths are those that RFC 5321 allows.
        let nameEnd = end(from: start, limit: 64) {
            $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "%")
        }
        guard at(nameEnd) == UInt8(ascii: "@") else { return nil }
        var hostEnd = end(from: nameEnd + 1, limit: 255) {
            $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
        while hostEnd > nameEnd + 1, !bytes[hostEnd - 1].isWord { hostEnd -= 1 }
        let host = bytes[(nameEnd + 1)..<hostEnd]
        guard let dot = host.lastIndex(of: UInt8(ascii: ".")), dot > nameEnd + 1, hostEnd - dot > 2 else { return nil }
        return start..<hostEnd
    }

    // MARK: Numbers

    /// Digits from the start on, with single spaces, dots or hyphens between them (and one pair of brackets where
    /// `brackets` says so), and where they end.
    private func digits(from position: Int, brackets: Bool) -> (digits: [UInt8], groups: Int, end: Int) {
        var digits: [UInt8] = []
        var groups = 1
        var position = position
        var end = position
        while position < bytes.count, digits.count < 20 {
            let byte = bytes[position]
            if byte.isDigit {
                digits.append(byte - UInt8(ascii: "0"))
                position += 1
                end = position
                continue
            }
            var next = position
            while next < bytes.count, next - position < 3, Self.isGap(bytes[next], brackets) { next += 1 }
            guard next > position, at(next).isDigit else { break }
            groups += 1
            position = next
        }
        return (digits, groups, end)
    }

    private static func isGap(_ byte: UInt8, _ brackets: Bool) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "-")
            || brackets && (byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "."))
    }

    private func card() -> Range<Int>? {
        guard at(start).isDigit else { return nil }
        let number = digits(from: start, brackets: false)
        guard (13...19).contains(number.digits.count), !at(number.end).isWord else { return nil }
        var sum = 0
        for (index, digit) in number.digits.reversed().enumerated() {
            let doubled = Int(digit) * (index % 2 == 0 ? 1 : 2)
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return sum % 10 == 0 ? start..<number.end : nil
    }

    private func phone() -> Range<Int>? {
        let isInternational = at(start) == UInt8(ascii: "+")
        guard isInternational || at(start) == UInt8(ascii: "0") else { return nil }
        let number = digits(from: isInternational ? start + 1 : start, brackets: true)
        let count = number.digits.count
        guard !at(number.end).isWord else { return nil }
        return isInternational && (7...15).contains(count) || count >= 9 && count <= 15 && number.groups > 1
            ? start..<number.end : nil
    }

    private func address() -> Range<Int>? {
        guard at(start).isDigit else { return nil }
        // The end of a longer row of numbers is none either.
        if start > 1, bytes[start - 1] == UInt8(ascii: "."), bytes[start - 2].isDigit { return nil }
        var position = start
        for part in 0..<4 {
            let end = end(from: position, while: { $0.isDigit })
            guard end > position, end - position <= 3,
                let value = Int(String(decoding: bytes[position..<end], as: UTF8.self)),
                value <= 255
            else { return nil }
            position = end
            if part < 3 {
                guard at(position) == UInt8(ascii: ".") else { return nil }
                position += 1
            }
        }
        // A fifth part makes it a version, not an address.
        guard !at(position).isWord, !(at(position) == UInt8(ascii: ".") && at(position + 1).isDigit) else { return nil }
        return start..<position
    }

    private func iban() -> Range<Int>? {
        guard at(start).isLetter, at(start + 1).isLetter, at(start + 2).isDigit, at(start + 3).isDigit else {
            return nil
        }
        var letters: [UInt8] = []
        var position = start
        var end = start
        while position < bytes.count, letters.count < 35 {
            let byte = bytes[position]
            if byte.isDigit || byte.isLetter {
                letters.append(byte.lowercased)
                end = position + 1
            } else if byte != UInt8(ascii: " ") || !(at(position + 1).isDigit || at(position + 1).isLetter) {
                break
            }
            position += 1
        }
        // What follows may be the next words: the longest beginning that is right by the check digits counts.
        while letters.count >= 15 {
            if !at(end).isWord, Self.remainder(letters) == 1 { return start..<end }
            letters.removeLast()
            end -= 1
            while end > start, bytes[end - 1] == UInt8(ascii: " ") { end -= 1 }
        }
        return nil
    }

    /// The remainder by 97 of the number that ISO 13616 makes of the letters.
    private static func remainder(_ letters: [UInt8]) -> Int {
        var remainder = 0
        for byte in letters[4...] + letters[..<4] {
            if byte.isDigit {
                remainder = (remainder * 10 + Int(byte - UInt8(ascii: "0"))) % 97
            } else {
                remainder = (remainder * 100 + Int(byte - UInt8(ascii: "a")) + 10) % 97
            }
        }
        return remainder
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isLetter: Bool { (lowercased >= UInt8(ascii: "a")) && (lowercased <= UInt8(ascii: "z")) }
    var lowercased: UInt8 { self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self }
    /// Letters, digits, underscores, and all beyond ASCII.
    var isWord: Bool { isDigit || isLetter || self == UInt8(ascii: "_") || self >= 0x80 }
}
