/// What a piece of text may be.
indirect enum Pattern: Sendable, Hashable {
    /// One character of a set.
    case characters(CharacterRanges)
    /// One after the other; of nothing: the empty text.
    case sequence([Pattern])
    /// One of several; of nothing: no text at all.
    case choice([Pattern])
    /// From `least` to `most` times the same; nil for as often as one likes.
    case repeated(Pattern, least: Int, most: Int?)
    /// What the rule of this name says.
    case rule(String)

    static let empty = Pattern.sequence([])

    /// These characters, one after the other.
    static func literal(_ text: String) -> Pattern {
        .sequence(text.unicodeScalars.map { .characters(CharacterRanges($0)) })
    }

    static func optional(_ pattern: Pattern) -> Pattern { .repeated(pattern, least: 0, most: 1) }
}

/// A context-free grammar: rules by name, one of them the whole text's.
struct Grammar: Sendable, Hashable {
    /// What each rule says.
    var rules: [String: Pattern]
    /// The whole text's rule.
    var root: String
    /// How errors call it.
    var kind = "grammar"

    init(rules: [String: Pattern], root: String = "root", kind: String = "grammar") {
        self.rules = rules
        self.root = root
        self.kind = kind
    }

    init(root pattern: Pattern, kind: String = "regular expression") {
        self.init(rules: ["root": pattern], kind: kind)
    }
}
