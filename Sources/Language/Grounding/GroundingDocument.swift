/// A document that answers are taken from, cut into spans: the pieces that one answer can rest on.
///
///     let document = GroundingDocument(title: "Library", text: """
///         # Opening
///         We open at nine. On Sundays we open at noon.
///
///         # Membership
///         A card is free for children.
///         """)
///     document.spans.map(\.text)  // three sentences
public struct GroundingDocument: Sendable, Hashable {
    /// A piece of the document.
    public struct Span: Sendable, Hashable {
        /// The titles above it, from the document's sections down.
        public var path: [String]
        /// What it says.
        public var text: String

        /// A span.
        public init(path: [String] = [], text: String) {
            self.path = path
            self.text = text
        }
    }

    /// How large a span is.
    public enum Granularity: String, Sendable, Hashable, Codable, CaseIterable {
        case sentence, paragraph
    }

    /// What the document is called.
    public let title: String
    /// Its spans, in order.
    public let spans: [Span]
    /// The spans by their words and the words of their titles.
    let index: LexicalIndex

    /// A document of `spans`.
    public init(title: String, spans: [Span]) {
        self.title = title
        self.spans = spans
        index = LexicalIndex(spans.map { ($0.path + [$0.text]).joined(separator: "\n") })
    }

    /// The spans of `text`: paragraphs are parted by empty lines, and lines that begin with number signs are titles, more
    /// signs for those further in.
    public init(title: String, text: String, granularity: Granularity = .sentence) {
        var spans: [Span] = []
        var path: [String] = []
        var paragraph: [Substring] = []
        func end() {
            let whole = paragraph.joined(separator: " ")
            paragraph = []
            guard !whole.isEmpty else { return }
            let pieces = granularity == .paragraph ? [whole] : SentenceSplitter.sentences(of: whole)
            spans += pieces.map { Span(path: path, text: $0) }
        }
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first else {
                end()
                continue
            }
            if first.allSatisfy({ $0 == "#" }) {
                end()
                path = path.prefix(first.count - 1) + [words.dropFirst().joined(separator: " ")]
            } else {
                paragraph.append(Substring(words.joined(separator: " ")))
            }
        }
        end()
        self.init(title: title, spans: spans)
    }

    /// What is told of a span: the titles above it, and what it says.
    public func text(of place: Int) -> String {
        let titles = ([title] + spans[place].path).filter { !$0.isEmpty }
        return titles.isEmpty ? spans[place].text : titles.joined(separator: ", ") + ": " + spans[place].text
    }

    /// All of it, a title before the spans under it.
    public var text: String {
        var lines = title.isEmpty ? [] : [title]
        var path: [String] = []
        for span in spans {
            if span.path != path {
                let shared = zip(span.path, path).prefix { $0 == $1 }.count
                lines += span.path.dropFirst(shared)
                path = span.path
            }
            lines.append(span.text)
        }
        return lines.joined(separator: "\n")
    }
}

extension GroundingDocument: CustomStringConvertible {
    public var description: String { "\(title) (\(spans.count) spans)" }

    public static func == (left: GroundingDocument, right: GroundingDocument) -> Bool {
        left.title == right.title && left.spans == right.spans
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(title)
        hasher.combine(spans)
    }
}

/// Cuts a paragraph into sentences.
enum SentenceSplitter {
    /// Words after which a full stop ends nothing.
    private static let abbreviations: Set<String> = [
        "mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "e.g", "i.e", "cf", "approx", "fig", "vol", "pp",
        "jr",
        "sr", "inc", "ca", "c",
    ]

    /// The sentences of `text`: each ends with a full stop, question or exclamation mark before a space and a letter in
    /// upper case, a digit or an opening mark; not after an abbreviation or an initial.
    static func sentences(of text: String) -> [String] {
        var sentences: [String] = []
        var sentence = ""
        let characters = Array(text)
        for (place, character) in characters.enumerated() {
            sentence.append(character)
            guard place + 2 < characters.count, characters[place + 1] == " " else { continue }
            let next = characters[place + 2]
            guard next.isUppercase || next.isNumber || "\"'“‘(".contains(next) else { continue }
            guard ends(sentence, before: next) else { continue }
            sentences.append(sentence.drop { $0 == " " }.description)
            sentence = ""
        }
        let rest = sentence.drop { $0 == " " }
        if !rest.isEmpty { sentences.append(String(rest)) }
        return sentences
    }

    private static func ends(_ sentence: String, before next: Character) -> Bool {
        var end = Substring(sentence)
        while let last = end.last, "\"'”’)".contains(last) { end.removeLast() }
        guard let mark = end.last, ".!?".contains(mark) else { return false }
        guard mark == "." else { return true }
        let word = end.dropLast().split(separator: " ").last.map { $0.drop { "(\"'“‘".contains($0) } } ?? ""
        if word.count == 1, word.first!.isLetter { return false }
        // "No. 5" goes on, "No." by itself does not.
        if word.lowercased() == "no" { return !next.isNumber }
        return !abbreviations.contains(word.lowercased())
    }
}
