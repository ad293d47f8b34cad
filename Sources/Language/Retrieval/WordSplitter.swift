/// Cuts text into the words that an index counts.
///
/// Words are runs of letters and digits in lower case; an apostrophe inside a word belongs to it. Words of
/// ``stopWords`` are left out, and the plurals of English nouns can be brought to their singular.
public struct WordSplitter: Sendable, Hashable {
    /// Words that say nothing about what a text is about.
    public var stopWords: Set<String>
    /// Whether a plural counts as its singular, by Harman's three rules.
    public var singularises: Bool

    /// A splitter; by default English.
    public init(stopWords: Set<String> = WordSplitter.englishStopWords, singularises: Bool = true) {
        self.stopWords = stopWords
        self.singularises = singularises
    }

    /// The words of `text`, in order.
    public func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        func end() {
            while word.last == "'" { word.removeLast() }
            if word.hasSuffix("'s") { word.removeLast(2) }
            if !word.isEmpty, !stopWords.contains(word) { words.append(singularises ? Self.singular(word) : word) }
            word = ""
        }
        for character in text.lowercased() {
            if character.isLetter || character.isNumber {
                word.append(character)
            } else if (character == "'" || character == "’") && !word.isEmpty {
                word.append("'")
            } else if !word.isEmpty {
                end()
            }
        }
        end()
        return words
    }

    /// The singular of an English noun, nearly.
    ///
    /// - Source: D. Harman, "How effective is suffixing?", 1991, the "S" stemmer.
    static func singular(_ word: String) -> String {
        guard word.utf8.count > 3, word.hasSuffix("s") else { return word }
        if word.hasSuffix("ies") {
            return word.hasSuffix("eies") || word.hasSuffix("aies") ? word : String(word.dropLast(3)) + "y"
        }
        if word.hasSuffix("es") {
            return word.hasSuffix("aes") || word.hasSuffix("ees") || word.hasSuffix("oes")
                ? word : String(word.dropLast())
        }
        return word.hasSuffix("us") || word.hasSuffix("ss") ? word : String(word.dropLast())
    }

    /// English articles, pronouns, prepositions, conjunctions and auxiliaries.
    public static let englishStopWords: Set<String> = Set(
        """
        a about after all also an and any are as at be because been before being between both but by can could did do does \
        during each few for from further had has have having he her here hers him his how i if in into is it its itself \
        just me more most my no nor not now of off on once only or other our out over own same she should so some such \
        than that the their theirs them then there these they this those through to too under until up very was we were \
        what when where which while who whom why will with would you your yours
        """.split(separator: " ").map(String.init))
}
