/// Takes out of a text what tells of a person or opens a door, before the text is kept.
///
///     Redactor.standard.redacted("Mail ada@example.org, card 4111 1111 1111 1111")
///     // "Mail [email], card [card]"
///
/// It knows forms, not meanings: names, addresses and what is spelled out stay. Where that matters, keep no texts.
public struct Redactor: Sendable, Hashable {
    /// What is taken out.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// `name@host.domain`
        case email
        /// 13 to 19 digits, perhaps in groups, whose last one is right by Luhn's rule (ISO/IEC 7812-1).
        case card
        /// A plus sign and 7 to 15 digits (ITU-T E.164), or at least 9 digits in groups.
        case phone
        /// Two letters, two check digits and up to 30 more, right by ISO 13616's rule.
        case iban
        /// Four numbers to 255 with dots.
        case address
        /// What follows `Bearer`, `api_key=`, `password:` and the like; words that begin with `sk-`, `ghp_`, `AKIA`, …
        case secret
    }

    /// The kinds that are taken out.
    public var kinds: Set<Kind>

    /// Takes out `kinds`.
    public init(_ kinds: Set<Kind>) { self.kinds = kinds }

    /// Takes out all kinds.
    public static let standard = Redactor(Set(Kind.allCases))

    /// `text` with `[kind]` in the place of what is taken out.
    public func redacted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            if isStart(bytes, position), let found = RedactionScanner(bytes: bytes, start: position).match(kinds) {
                result += bytes[position..<found.range.lowerBound]
                result += "[\(found.kind.rawValue)]".utf8
                position = found.range.upperBound
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether a word, a number or a plus sign begins at `position`.
    private func isStart(_ bytes: [UInt8], _ position: Int) -> Bool {
        let byte = bytes[position]
        guard byte.isWord || byte == UInt8(ascii: "+") else { return false }
        return position == 0 || !bytes[position - 1].isWord
    }
}

/// What is kept of the texts that pass through.
public enum TextKeeping: Sendable, Hashable {
    /// Nothing but the hashes of the answers.
    case none
    /// What the redactor leaves.
    case redacted(Redactor)
    /// All.
    case whole

    /// What is kept of `text`, or nil.
    public func kept(_ text: String) -> String? {
        switch self {
        case .none: nil
        case .redacted(let redactor): redactor.redacted(text)
        case .whole: text
        }
    }
}
