/// Rankings put together by places alone, so that their scores need no common scale.
///
///     score(d) = Σ_r 1 / (offset + rank of d in ranking r)
///
/// - Source: G. Cormack, C. Clarke and S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank
///   learning methods", 2009.
public struct RankFusion: Sendable, Hashable {
    /// How little the first places stand out; 60 in the source.
    public var offset: Double

    /// A fusion.
    public init(offset: Double = 60) { self.offset = offset }

    /// The best `limit` of what any of `rankings` found.
    public func fused(_ rankings: [Ranking], limit: Int) -> Ranking {
        var scores: [Int: Double] = [:]
        for ranking in rankings {
            for (place, hit) in ranking.hits.enumerated() {
                scores[hit.passage, default: 0] += 1 / (offset + Double(place + 1))
            }
        }
        var best = BestHits(limit: limit)
        // The order of offers does not matter: no two hits are equal.
        for (passage, score) in scores { best.offer(passage, score) }
        return Ranking(
            hits: best.sorted, scored: rankings.reduce(0) { $0 + $1.scored },
            operations: rankings.reduce(0) { $0 + $1.operations })
    }
}

/// Two indices of the same passages, such as words and vectors, asked together.
public struct FusedIndex<First: PassageIndex, Second: PassageIndex>: PassageIndex {
    /// A query of both.
    public struct Query: Sendable {
        var first: First.Query
        var second: Second.Query
    }

    /// What is asked.
    public let first: First
    /// What is asked beside it.
    public let second: Second
    /// How the rankings are put together.
    public let fusion: RankFusion
    /// How many hits of each are put together.
    public let pool: Int
    public var count: Int { first.count }

    /// `first` and `second`, which index the same passages.
    public init(_ first: First, _ second: Second, fusion: RankFusion = RankFusion(), pool: Int = 100) {
        precondition(first.count == second.count, "both index the same passages")
        self.first = first
        self.second = second
        self.fusion = fusion
        self.pool = pool
    }

    public func query(for text: String) async throws -> Query {
        Query(first: try await first.query(for: text), second: try await second.query(for: text))
    }

    public func search(_ query: Query, limit: Int, within ranges: [Range<Int>]) -> Ranking {
        let pool = max(pool, limit)
        return fusion.fused(
            [
                first.search(query.first, limit: pool, within: ranges),
                second.search(query.second, limit: pool, within: ranges),
            ], limit: limit)
    }
}
