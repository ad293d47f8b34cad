/// Passages in the order of their documents, each part of a document in one piece.
///
///     let corpus = try Corpus.read(from: "Examples/passages/wikipedia.jsonl")
///     corpus.depth                  // 2: articles and sections
///     corpus.units(at: 0)[3].title  // an article's title
public struct Corpus: Sendable, Hashable {
    /// A document, or a part of one: what it is called, and which passages are in it.
    public struct Unit: Sendable, Hashable {
        /// The titles from the document's down to its own.
        public var path: [String]
        /// The places of its passages.
        public var passages: Range<Int>
        /// Its own title.
        public var title: String { path.last ?? "" }
    }

    /// The passages, unit by unit.
    public let passages: [Passage]
    /// How many levels of units are above the passages.
    public let depth: Int
    private let levels: [[Unit]]

    /// A corpus of `passages`, whose paths all have one length. Those of one unit are brought together, at the place of its
    /// first one; otherwise the order stays.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for no passages, an id used twice, paths of
    ///   different lengths, or embeddings of different lengths.
    public init(_ passages: [Passage]) throws(LanguageError) {
        guard let first = passages.first else {
            throw .improperParameter(name: "passages", value: "none", expected: "one at least")
        }
        var ids: Set<String> = []
        for passage in passages {
            guard ids.insert(passage.id).inserted else {
                throw .improperParameter(name: "id", value: passage.id, expected: "an id that no other passage has")
            }
            guard passage.path.count == first.path.count else {
                throw .improperParameter(
                    name: "path of '\(passage.id)'", value: "\(passage.path)",
                    expected: "\(first.path.count) titles, as '\(first.id)' has")
            }
            guard passage.embedding?.count == first.embedding?.count else {
                throw .improperParameter(
                    name: "embedding of '\(passage.id)'", value: "\(passage.embedding?.count ?? 0) numbers",
                    expected: "\(first.embedding?.count ?? 0), as '\(first.id)' has")
            }
        }
        depth = first.path.count
        var ordered = Array(passages.indices)
        for level in 0..<depth { ordered = Self.grouped(ordered, passages, by: level + 1) }
        let inOrder = ordered.map { passages[$0] }
        self.passages = inOrder
        levels = (0..<depth).map { Self.units(inOrder, at: $0) }
    }

    /// The units with `depth` titles above them: 0 for documents.
    public func units(at depth: Int) -> [Unit] { levels[depth] }

    /// All that a unit says: its title, then the titles and texts in it.
    public func text(of unit: Unit) -> String {
        var lines = [unit.title]
        var path = unit.path
        for passage in passages[unit.passages] {
            if passage.path != path { lines += passage.path.dropFirst(unit.path.count) }
            path = passage.path
            lines.append(passage.text)
        }
        return lines.joined(separator: "\n")
    }

    /// Which units of the level below are in each unit at `depth`; passages below the last level.
    public func children(at depth: Int) -> [Range<Int>] {
        guard depth + 1 < self.depth else { return levels[depth].map(\.passages) }
        let below = levels[depth + 1]
        var next = 0
        return levels[depth].map { unit in
            let start = next
            while next < below.count, below[next].passages.lowerBound < unit.passages.upperBound { next += 1 }
            return start..<next
        }
    }

    /// `places` with those whose paths begin alike brought together.
    private static func grouped(_ places: [Int], _ passages: [Passage], by count: Int) -> [Int] {
        var groups: [[String]: Int] = [:]
        var members: [[Int]] = []
        for place in places {
            let key = Array(passages[place].path.prefix(count))
            if let group = groups[key] {
                members[group].append(place)
            } else {
                groups[key] = members.count
                members.append([place])
            }
        }
        return members.flatMap { $0 }
    }

    private static func units(_ passages: [Passage], at depth: Int) -> [Unit] {
        var units: [Unit] = []
        for (place, passage) in passages.enumerated() {
            let path = Array(passage.path.prefix(depth + 1))
            if units.last?.path == path {
                units[units.count - 1].passages = units[units.count - 1].passages.lowerBound..<place + 1
            } else {
                units.append(Unit(path: path, passages: place..<place + 1))
            }
        }
        return units
    }
}

extension Corpus {
    /// Reads a file of passages, one JSON object a line with `id`, `text`, and where there are any `path` and `embedding`.
    /// - Throws: ``LanguageError/badRecord(file:line:reason:)``, or what ``init(_:)`` throws.
    public static func read(from path: String) throws(LanguageError) -> Corpus {
        let lines = try JSONLines.read(CorpusLine.self, from: path)
        return try Corpus(
            lines.map { Passage(id: $0.id, path: $0.path ?? [], text: $0.text, embedding: $0.embedding) })
    }

    /// Writes the passages to `path`: the whole file, or nothing.
    /// - Throws: `FileError`, or ``LanguageError`` for vectors that are not finite.
    public func write(to path: String) throws { try JSONLines.write(passages, to: path) }
}

/// A passage as a file has it.
struct CorpusLine: Decodable {
    var id: String
    var path: [String]?
    var text: String
    var embedding: [Float]?
}
