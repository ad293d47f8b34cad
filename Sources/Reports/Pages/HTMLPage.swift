/// A report as one HTML file: it needs no network and no other file, and reads well without scripts, on a phone, on paper,
/// by keyboard, in light and in dark.
///
/// ```swift
/// var page = HTMLPage("Cascade report", subtitle: "emotion.jsonl, 4,000 items")
/// page.cards = [.init("Saved", value: "63%", note: "at equal quality")]
/// page.sections = [.init("Frontier", [.prose("Each point is a policy."), .figure(chart), .table(table)])]
/// let text = page.html()
/// ```
public struct HTMLPage: Sendable {
    /// A number that matters, large, at the top.
    public struct Card: Sendable, Equatable {
        /// What it is, the number as text, and a sentence below it.
        public var label: String, value: String, note: String
        /// Whether it is the page's main message.
        public var isMain: Bool

        /// A card.
        public init(_ label: String, value: String, note: String = "", isMain: Bool = false) {
            self.label = label
            self.value = value
            self.note = note
            self.isMain = isMain
        }
    }

    /// A part of a section.
    public indirect enum Block: Sendable {
        /// Paragraphs, separated by empty lines. Plain text: nothing in it is markup.
        case prose(String)
        /// A list of short points.
        case list([String])
        /// A table; a click on a header sorts it.
        case table(TextTable)
        /// A figure with a caption, drawn once for wide and once for narrow screens.
        case figure(any Figure, caption: String = "")
        /// A command or a file's text, as it is.
        case code(String)
        /// A sentence that must not be missed.
        case notice(String, isWarning: Bool = false)
        /// Blocks that are folded away until asked for.
        case details(String, [Block])
    }

    /// A headed part of the page; the table of contents lists it.
    public struct Section: Sendable {
        /// The heading.
        public var title: String
        /// What it holds.
        public var blocks: [Block]

        /// A section.
        public init(_ title: String, _ blocks: [Block]) {
            self.title = title
            self.blocks = blocks
        }
    }

    /// The main heading, also the window's title.
    public var title: String
    /// What the page is about; below the title.
    public var subtitle: String
    /// The numbers that matter.
    public var cards: [Card]
    /// The sections, in order.
    public var sections: [Section]
    /// How the page came to be: version, time, command. The caller gives it, so that equal contents make equal files.
    public var footer: String
    /// The language of the text, as HTML's `lang`.
    public var language: String

    /// A page; all but its title may follow later.
    public init(
        _ title: String, subtitle: String = "", cards: [Card] = [], sections: [Section] = [], footer: String = "",
        language: String = "en"
    ) {
        self.title = title
        self.subtitle = subtitle
        self.cards = cards
        self.sections = sections
        self.footer = footer
        self.language = language
    }

    /// The file's text.
    public func html() -> String {
        var writer = PageWriter()
        return writer.page(self)
    }
}
