/// Looks for documents, then for sections in the best of these, then for passages in the best of those: each level narrows
/// the next, and what is not in the best units is never scored.
///
///     let index = HierarchicalIndex.lexical(corpus, beams: [4, 12])
///     let ranking = try await index.search(for: question, limit: 5)
///
/// With beams as wide as the levels it finds exactly what a search of all passages finds.
///
/// - Source: hierarchical retrieval of ClimateGPT (paper 116): documents first, then their pieces.
public struct HierarchicalIndex<Base: PassageIndex>: PassageIndex {
    /// An index a level, documents first; the last one's passages are what is found. All take the same queries.
    public let levels: [Base]
    /// How many units are kept on each level but the last.
    public let beams: [Int]
    /// Which units of the level below are in each unit, a list a level but the last.
    private let children: [[Range<Int>]]
    /// Which passages are in each unit, a list a level but the last.
    private let leaves: [[Range<Int>]]
    public var count: Int { levels[levels.count - 1].count }

    /// An index of `levels`.
    /// - Parameters:
    ///   - children: for each level but the last and each of its units, the units below: ascending, without gaps.
    ///   - beams: how many units are kept on each level but the last.
    public init(levels: [Base], children: [[Range<Int>]], beams: [Int]) {
        precondition(
            !levels.isEmpty && children.count == levels.count - 1 && beams.count == children.count,
            "a list of children and a beam for each level but the last")
        for (level, ranges) in children.enumerated() {
            precondition(
                ranges.count == levels[level].count && Self.tile(ranges, levels[level + 1].count),
                "the children of a level's units are the units below, in order")
        }
        precondition(beams.allSatisfy { $0 > 0 }, "a beam keeps one unit at least")
        self.levels = levels
        self.children = children
        self.beams = beams
        var leaves = children
        for level in children.indices.dropLast().reversed() {
            let below = leaves[level + 1]
            leaves[level] = children[level].map { range in
                range.isEmpty ? 0..<0 : below[range.lowerBound].lowerBound..<below[range.upperBound - 1].upperBound
            }
        }
        self.leaves = leaves
    }

    private static func tile(_ ranges: [Range<Int>], _ count: Int) -> Bool {
        var next = 0
        for range in ranges {
            guard range.lowerBound == next else { return false }
            next = range.upperBound
        }
        return next == count
    }

    public func query(for text: String) async throws -> Base.Query { try await levels[0].query(for: text) }

    public func search(_ query: Base.Query, limit: Int, within ranges: [Range<Int>]) -> Ranking {
        var total = Ranking()
        // The units that may hold something, level by level.
        var candidates = units(at: 0, over: ranges)
        for level in beams.indices {
            let kept = levels[level].search(query, limit: beams[level], within: candidates)
            total.scored += kept.scored
            total.operations += kept.operations
            let below = Self.joined(kept.hits.map(\.passage).sorted().map { children[level][$0] })
            candidates = Self.common(below, units(at: level + 1, over: ranges))
        }
        let found = levels[levels.count - 1].search(query, limit: limit, within: candidates)
        return Ranking(
            hits: found.hits, scored: total.scored + found.scored, operations: total.operations + found.operations)
    }

    /// The units of a level that hold passages of `ranges`.
    private func units(at level: Int, over ranges: [Range<Int>]) -> [Range<Int>] {
        guard level < leaves.count else { return ranges }
        if ranges == [0..<count] { return [0..<levels[level].count] }
        let holding = leaves[level].indices.filter { unit in ranges.contains { $0.overlaps(leaves[level][unit]) } }
        return Self.joined(holding.map { $0..<$0 + 1 })
    }

    /// Ascending ranges with neighbours made one.
    static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges where !range.isEmpty {
            if let last = result.last, last.upperBound == range.lowerBound {
                result[result.count - 1] = last.lowerBound..<range.upperBound
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// What is in both lists of ascending ranges.
    static func common(_ first: [Range<Int>], _ second: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var (i, j) = (0, 0)
        while i < first.count, j < second.count {
            let (low, high) = (
                max(first[i].lowerBound, second[j].lowerBound), min(first[i].upperBound, second[j].upperBound)
            )
            if low < high { result.append(low..<high) }
            if first[i].upperBound < second[j].upperBound { i += 1 } else { j += 1 }
        }
        return result
    }
}

extension HierarchicalIndex where Base == LexicalIndex {
    /// The documents, sections and passages of `corpus` by their words.
    public static func lexical(
        _ corpus: Corpus, beams: [Int], splitter: WordSplitter = WordSplitter()
    ) -> HierarchicalIndex {
        HierarchicalIndex(
            levels: (0..<corpus.depth).map { depth in
                LexicalIndex(corpus.units(at: depth).map(corpus.text(of:)), splitter: splitter)
            } + [LexicalIndex(corpus.passages.map(\.text), splitter: splitter)],
            children: (0..<corpus.depth).map(corpus.children(at:)), beams: beams)
    }
}

extension HierarchicalIndex where Base == EmbeddingIndex {
    /// The documents, sections and passages of `corpus` by vectors that `model` made: a unit's is the mean of its passages'.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where a passage has none.
    public static func dense(
        _ corpus: Corpus, by model: any LanguageModel, beams: [Int]
    ) throws(LanguageError) -> HierarchicalIndex {
        var vectors: [[Float]] = []
        for passage in corpus.passages {
            guard let vector = passage.embedding else {
                throw .improperParameter(
                    name: "passages", value: "'\(passage.id)' without a vector", expected: "an embedded corpus")
            }
            vectors.append(vector)
        }
        var levels: [EmbeddingIndex] = []
        for depth in 0..<corpus.depth {
            let means = corpus.units(at: depth).map { mean(vectors[$0.passages]) }
            levels.append(EmbeddingIndex(model, vectors: try DenseIndex(means)))
        }
        levels.append(EmbeddingIndex(model, vectors: try DenseIndex(vectors)))
        return HierarchicalIndex(
            levels: levels, children: (0..<corpus.depth).map(corpus.children(at:)), beams: beams)
    }

    private static func mean(_ vectors: ArraySlice<[Float]>) -> [Float] {
        var sum = [Float](repeating: 0, count: vectors.first?.count ?? 0)
        for vector in vectors { for index in sum.indices { sum[index] += vector[index] } }
        return sum.map { $0 / Float(max(1, vectors.count)) }
    }
}
