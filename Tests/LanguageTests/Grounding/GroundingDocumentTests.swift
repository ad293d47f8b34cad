import Language
import Probability
import Testing

@testable import Language

@Suite struct `a document to answer from` {
    private let text = """
        # Opening
        We open at nine. On Sundays
        we open at noon.

        ## Holidays
        We are closed on Dr. King's day, e.g. in January. Why? It is the law!

        # Cards
        A card is free.
        """

    @Test func `is cut into sentences under their titles`() {
        let document = GroundingDocument(title: "Library", text: text)
        #expect(
            document.spans.map(\.text) == [
                "We open at nine.", "On Sundays we open at noon.", "We are closed on Dr. King's day, e.g. in January.",
                "Why?", "It is the law!", "A card is free.",
            ])
        #expect(document.spans.map(\.path.count) == [1, 1, 2, 2, 2, 1])
        #expect(document.text(of: 2) == "Library, Opening, Holidays: We are closed on Dr. King's day, e.g. in January.")
        #expect(document.text.hasPrefix("Library\nOpening\nWe open at nine.\nOn Sundays"))
        #expect(document.text.hasSuffix("Cards\nA card is free."))
        #expect(document.text.split(separator: "\n").count { $0 == "Opening" } == 1)
    }

    @Test func `or into paragraphs`() {
        let document = GroundingDocument(title: "", text: text, granularity: .paragraph)
        #expect(document.spans.count == 3 && document.spans[0].text == "We open at nine. On Sundays we open at noon.")
        #expect(document.text(of: 2) == "Cards: A card is free.")
    }

    @Test(arguments: [
        ("One. Two", ["One.", "Two"]), ("It costs 1.5 pounds. 3 days.", ["It costs 1.5 pounds.", "3 days."]),
        ("J. S. Bach wrote it.", ["J. S. Bach wrote it."]),
        ("He said \"No.\" She left.", ["He said \"No.\"", "She left."]),
        ("", []), ("no end", ["no end"]), ("a. b. c.", ["a. b. c."]),
    ]) func `sentences end where they end`(_ text: String, _ sentences: [String]) {
        #expect(SentenceSplitter.sentences(of: text) == sentences)
    }

    /// No letter is lost, whatever the text.
    @Test func `spans hold all of the text`() {
        var random = Random(seed: 2)
        let signs: [Character] = ["a", "B", " ", " ", ".", "!", "#", "\n", "\n", "\"", "3", "\r", "é"]
        for _ in 0..<2000 {
            let text = String((0..<random.integer(below: 60)).map { _ in signs[random.integer(below: signs.count)] })
            let document = GroundingDocument(title: "", text: text)
            var kept = document.spans.map(\.text).joined()
            // Titles without spans under them are not in any span.
            let lines = text.split(whereSeparator: \.isNewline).filter {
                !($0.split(whereSeparator: \.isWhitespace).first?.allSatisfy { $0 == "#" } ?? false)
            }
            kept.removeAll(where: \.isWhitespace)
            #expect(kept == lines.joined().filter { !$0.isWhitespace })
        }
    }
}
