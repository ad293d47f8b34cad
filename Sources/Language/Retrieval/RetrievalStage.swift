public import Cascades

/// Finding passages as a stage: a question in, the best passages out.
///
///     let stage = RetrievalStage("articles", corpus, HierarchicalIndex.lexical(corpus, beams: [4, 12]))
///     let found = try await stage.answer("who wrote the first algebra").output
public struct RetrievalStage<Index: PassageIndex>: Stage {
    /// A passage that was found.
    public struct Found: Sendable, Hashable {
        /// The passage.
        public var passage: Passage
        /// Its place in the corpus.
        public var place: Int
        /// Its score: the larger the better; the scale is the index's own.
        public var score: Double
    }

    public let name: String
    /// What is searched.
    public let corpus: Corpus
    /// What finds.
    public let index: Index
    /// The most passages that are given back.
    public var limit: Int

    /// The names of the evidence: the best score, by how much it exceeds the next, and how many passages or units above them
    /// got a score. `NaN` where nothing was found, or nothing more.
    public static var evidenceNames: [String] { ["topScore", "scoreMargin", "scored"] }
    public var evidenceNames: [String] { Self.evidenceNames }

    /// The stage `name` that searches `corpus` by `index`.
    public init(_ name: String, _ corpus: Corpus, _ index: Index, limit: Int = 5) {
        precondition(index.count == corpus.passages.count, "the index is one of the corpus's passages")
        self.name = name
        self.corpus = corpus
        self.index = index
        self.limit = limit
    }

    public func answer(_ question: String) async throws -> Answer<[Found]> {
        let clock = ContinuousClock()
        let start = clock.now
        let ranking = try await index.search(for: question, limit: max(2, limit))
        let scores = ranking.hits.map(\.score)
        let found = ranking.hits.prefix(limit).map {
            Found(passage: corpus.passages[$0.passage], place: $0.passage, score: $0.score)
        }
        return Answer(
            found,
            evidence: Evidence(
                names: evidenceNames,
                values: [
                    scores.first ?? .nan, scores.count > 1 ? scores[0] - scores[1] : .nan, Double(ranking.scored),
                ]),
            cost: Cost(seconds: start.duration(to: clock.now) / .seconds(1), operations: Double(ranking.operations)))
    }
}
