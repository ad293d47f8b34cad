import NumericalMethods

/// Vectors searched exactly by the cosine of their angle to a query's.
///
/// Embeddings of language models lie in a narrow cone: what they have in common is taken off first
/// (J. Mu and P. Viswanath, "All-but-the-top", 2018, its first step).
public struct DenseIndex: PassageIndex {
    public let count: Int
    /// How many numbers a vector has.
    public let dimension: Int
    /// What is taken off every vector, `[dimension]`: the vectors' mean, or zeros.
    private let centre: [Float]
    /// The centred vectors at length 1, `[count, dimension]`.
    private let rows: [Float]

    /// An index of `vectors`, `[count][dimension]`.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for vectors of different lengths, or numbers that
    ///   are not finite.
    public init(_ vectors: [[Float]], isCentred: Bool = true) throws(LanguageError) {
        count = vectors.count
        dimension = vectors.first?.count ?? 0
        var sum = [Double](repeating: 0, count: dimension)
        for (place, vector) in vectors.enumerated() {
            guard vector.count == dimension, vector.allSatisfy(\.isFinite) else {
                throw .improperParameter(
                    name: "vector \(place)", value: "\(vector.count) numbers", expected: "\(dimension) finite ones")
            }
            for index in vector.indices { sum[index] += Double(vector[index]) }
        }
        let number = Double(max(1, count))
        centre = isCentred ? sum.map { Float($0 / number) } : [Float](repeating: 0, count: dimension)
        var rows: [Float] = []
        rows.reserveCapacity(count * dimension)
        for vector in vectors { rows += Self.direction(vector, from: centre) }
        self.rows = rows
    }

    /// The vector that `query` is compared by; texts have none here: see ``EmbeddingIndex``.
    public func query(for text: String) throws -> [Float] {
        throw LanguageError.unsupported(
            model: "dense index", what: "it can't make a vector of a text", remedy: "Search an EmbeddingIndex.")
    }

    /// The best `limit` by the cosine, from -1 to 1; a vector of another length finds nothing.
    public func search(_ query: [Float], limit: Int, within ranges: [Range<Int>]) -> Ranking {
        guard query.count == dimension, dimension > 0 else { return Ranking() }
        let direction = Self.direction(query, from: centre)
        var best = BestHits(limit: limit)
        var scored = 0
        let longest = ranges.map(\.count).max() ?? 0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: longest) { scores in
            for range in ranges where !range.isEmpty {
                let scores = UnsafeMutableBufferPointer(rebasing: scores[..<range.count])
                scores.initialize(repeating: 0)
                rows.withUnsafeBufferPointer { rows in
                    direction.withUnsafeBufferPointer { direction in
                        BLAS.gemm(
                            rows: range.count, columns: 1, inner: dimension,
                            UnsafeBufferPointer(
                                rebasing: rows[range.lowerBound * dimension..<range.upperBound * dimension]),
                            direction, into: scores)
                    }
                }
                for place in scores.indices { best.offer(range.lowerBound + place, Double(scores[place])) }
                scored += range.count
            }
        }
        return Ranking(hits: best.sorted, scored: scored, operations: scored * dimension)
    }

    /// `vector` less `centre`, at length 1; zeros stay zeros.
    private static func direction(_ vector: [Float], from centre: [Float]) -> [Float] {
        let moved = zip(vector, centre).map { $0 - $1 }
        let length = moved.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? moved.map { $0 / length } : moved
    }
}

/// A ``DenseIndex`` whose queries a model turns into vectors.
public struct EmbeddingIndex: PassageIndex {
    /// Makes the vectors.
    public let model: any LanguageModel
    /// The vectors.
    public let vectors: DenseIndex
    public var count: Int { vectors.count }

    /// An index whose vectors `model` made.
    public init(_ model: any LanguageModel, vectors: DenseIndex) {
        self.model = model
        self.vectors = vectors
    }

    public func query(for text: String) async throws -> [Float] {
        try await model.embeddings(of: [text]).first?.map(Float.init) ?? []
    }

    public func search(_ query: [Float], limit: Int, within ranges: [Range<Int>]) -> Ranking {
        vectors.search(query, limit: limit, within: ranges)
    }
}

extension Corpus {
    /// This corpus with a vector for each passage, made by `model` from its text.
    /// - Throws: what the model throws; ``LanguageError/unsupported(model:what:remedy:)`` where it has none.
    public func embedded(by model: any LanguageModel) async throws -> Corpus {
        let vectors = try await model.embeddings(of: passages.map(\.text))
        guard vectors.count == passages.count else {
            throw LanguageError.unsupported(
                model: model.name, what: "it gave \(vectors.count) vectors for \(passages.count) texts",
                remedy: "Use a model that has embeddings.")
        }
        return try Corpus(
            zip(passages, vectors).map { passage, vector in
                var passage = passage
                passage.embedding = vector.map(Float.init)
                return passage
            })
    }
}
