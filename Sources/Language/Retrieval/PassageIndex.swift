/// Finds passages: exactly, that is to say as if each one in question had been scored.
///
/// To add one: conform, and the tests of ``HierarchicalIndex`` and ``FusedIndex`` go through it.
public protocol PassageIndex: Sendable {
    /// A text in the form in which the index looks for it.
    associatedtype Query: Sendable

    /// How many passages there are.
    var count: Int { get }

    /// `text` as a query.
    func query(for text: String) async throws -> Query

    /// The best `limit` of the passages in `ranges`, which ascend and do not overlap.
    func search(_ query: Query, limit: Int, within ranges: [Range<Int>]) -> Ranking
}

extension PassageIndex {
    /// The best `limit` of all passages.
    public func search(_ query: Query, limit: Int) -> Ranking { search(query, limit: limit, within: [0..<count]) }

    /// The best `limit` of all passages for `text`.
    public func search(for text: String, limit: Int) async throws -> Ranking {
        search(try await query(for: text), limit: limit)
    }
}

/// What a search found.
public struct Ranking: Sendable, Hashable {
    /// A passage and its score.
    public struct Hit: Sendable, Hashable {
        /// The passage's place.
        public var passage: Int
        /// Its score: the larger the better; the scale is the index's own.
        public var score: Double

        /// A hit.
        public init(passage: Int, score: Double) {
            self.passage = passage
            self.score = score
        }
    }

    /// The hits, the best first; of equal ones the one with the lower place.
    public var hits: [Hit]
    /// How many passages, or units above them, got a score.
    public var scored: Int
    /// Multiply-adds.
    public var operations: Int

    /// A ranking.
    public init(hits: [Hit] = [], scored: Int = 0, operations: Int = 0) {
        self.hits = hits
        self.scored = scored
        self.operations = operations
    }

    /// The place of `passage` from 1 on, or nil where it was not found.
    public func rank(of passage: Int) -> Int? { hits.firstIndex { $0.passage == passage }.map { $0 + 1 } }
}

/// Keeps the best of what is offered, by a heap whose root is the worst kept.
struct BestHits {
    private var heap: [Ranking.Hit] = []
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
        heap.reserveCapacity(limit)
    }

    /// Whether `a` comes behind `b`.
    @inline(__always)
    private static func isWorse(_ a: Ranking.Hit, _ b: Ranking.Hit) -> Bool {
        a.score != b.score ? a.score < b.score : a.passage > b.passage
    }

    @inline(__always)
    mutating func offer(_ passage: Int, _ score: Double) {
        let hit = Ranking.Hit(passage: passage, score: score)
        if heap.count == limit {
            guard limit > 0, Self.isWorse(heap[0], hit) else { return }
            heap[0] = hit
            sink()
        } else {
            heap.append(hit)
            var place = heap.count - 1
            while place > 0, Self.isWorse(heap[place], heap[(place - 1) / 2]) {
                heap.swapAt(place, (place - 1) / 2)
                place = (place - 1) / 2
            }
        }
    }

    private mutating func sink() {
        var place = 0
        while true {
            var worst = place
            for child in 2 * place + 1...2 * place + 2 where child < heap.count {
                if Self.isWorse(heap[child], heap[worst]) { worst = child }
            }
            if worst == place { return }
            heap.swapAt(place, worst)
            place = worst
        }
    }

    /// The hits, the best first.
    var sorted: [Ranking.Hit] { heap.sorted { Self.isWorse($1, $0) } }
}
