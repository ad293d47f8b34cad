/// A piece of text that can be found and read: a paragraph, a gloss, an entry.
public struct Passage: Sendable, Hashable, Codable {
    /// Its name, unique in its corpus.
    public var id: String
    /// The titles above it, outermost first: of the document, the chapter, the section.
    public var path: [String]
    /// What it says.
    public var text: String
    /// Its vector, where one was computed: any length, the same in a corpus.
    public var embedding: [Float]?

    /// A passage.
    public init(id: String, path: [String] = [], text: String, embedding: [Float]? = nil) {
        self.id = id
        self.path = path
        self.text = text
        self.embedding = embedding
    }
}
