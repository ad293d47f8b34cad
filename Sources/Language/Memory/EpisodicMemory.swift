import Foundation

/// Long-term memory: episodes that are written, recalled, made one where they repeat, and forgotten where there is no room.
///
///     var memory = EpisodicMemory(capacity: 500)
///     memory.write(Episode(situation: "Ada's favourite colour?", action: "green", outcome: 1))
///     memory.recall("Which colour does Ada like?", limit: 3)
///
/// What comes to mind is what has the largest
///
///     score = relevance × recency^a × (1 - b + b |2 outcome - 1|)
///     recency = exp(-age / (strength × retention))
///
/// with the relevance the cosine of the words (weighed by how few episodes have them), the age in steps, and strength that
/// grows by one with every recall: Ebbinghaus' curve, flatter for what was needed before. The last factor is for outcomes
/// that teach something, good or bad. A memory holds ``capacity`` episodes at most: the one with the smallest retention,
/// strength × count × recency, is forgotten.
///
/// A value: what it gives depends on what was written and recalled alone.
///
/// - Source: Jiang et al., 2024, "Long Term Memory: The Foundation of AI Self-Evolution" (paper 205); the curve as in Zhong et
///   al., 2023, "MemoryBank".
public struct EpisodicMemory: Sendable, Hashable {
    /// How episodes are weighed.
    public struct Weighting: Sendable, Hashable {
        /// Steps after which an episode of strength 1 has recency 1/e.
        public var retention = 200.0
        /// How much recency counts; 0 for not at all.
        public var recency = 1.0
        /// How much it counts that an outcome was clear, from 0 to 1.
        public var outcome = 0.5
        /// The relevance from which on two episodes with the same action are one.
        public var sameness = 0.95
        /// How much the latest outcome counts at least where episodes are made one, from 0 (a mean over all) to 1.
        public var renewal = 0.5

        /// The usual weighting.
        public init() {}
    }

    /// The most episodes.
    public let capacity: Int
    /// How episodes are weighed.
    public var weighting: Weighting
    /// The episodes, the oldest number first.
    public private(set) var episodes: [Episode] = []
    /// Steps so far: one for each write.
    public private(set) var time = 0
    private var nextID = 0
    private let splitter: WordSplitter
    /// The words of each episode's situation, each once, in order.
    private var words: [[String]] = []
    /// In how many episodes each word is.
    private var holders: [String: Int] = [:]

    /// An empty memory.
    public init(capacity: Int, weighting: Weighting = Weighting(), splitter: WordSplitter = WordSplitter()) {
        precondition(capacity >= 1, "a memory holds one episode at least")
        self.capacity = capacity
        self.weighting = weighting
        self.splitter = splitter
    }

    /// What a write did: the episode as it is kept, and which ones are gone.
    public struct Change: Sendable, Hashable {
        /// The episode that was written, or that the new one became part of.
        public var kept: Episode
        /// The episodes that were forgotten.
        public var forgotten: [Episode]
    }

    /// Remembers `episode`: as part of one like it where there is one, else by itself.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for an outcome that is not from 0 to 1.
    @discardableResult
    public mutating func write(_ episode: Episode) throws(LanguageError) -> Change {
        guard (0...1).contains(episode.outcome) else {
            throw .improperParameter(name: "outcome", value: "\(episode.outcome)", expected: "a number from 0 to 1")
        }
        time += 1
        let own = words(of: episode.situation)
        let same = episodes.indices.first {
            episodes[$0].action == episode.action && relevance(own, words[$0]) >= weighting.sameness
        }
        if let same {
            let share = max(weighting.renewal, 1 / Double(episodes[same].count + 1))
            episodes[same].outcome += share * (episode.outcome - episodes[same].outcome)
            episodes[same].count += 1
            episodes[same].strength += 1
            episodes[same].time = time
            return Change(kept: episodes[same], forgotten: [])
        }
        var new = episode
        (new.id, new.time, new.strength, new.count) = (nextID, time, 1, 1)
        nextID += 1
        add(new, own)
        return Change(kept: new, forgotten: shrink())
    }

    /// Forgets the weakest until there is room; the latest stays.
    @discardableResult
    mutating func shrink() -> [Episode] {
        var forgotten: [Episode] = []
        while episodes.count > capacity {
            let weakest = episodes.indices.dropLast().min { retention($0) < retention($1) } ?? 0
            forgotten.append(remove(at: weakest))
        }
        return forgotten
    }

    /// The `limit` episodes with the largest score for `situation`, the best first; none that has nothing in common with it.
    /// Nothing changes: see ``reinforce(_:)``.
    public func recall(_ situation: String, limit: Int) -> [Recollection] {
        let own = words(of: situation)
        var best = BestHits(limit: limit)
        for index in episodes.indices {
            let score = self.score(index, relevance(own, words[index]))
            if score > 0 { best.offer(index, score) }
        }
        return best.sorted.map {
            Recollection(
                episode: episodes[$0.passage], relevance: relevance(own, words[$0.passage]), score: $0.score)
        }
    }

    /// Makes the episodes with the numbers `ids` stronger: they were of use.
    /// - Returns: the episodes as they are now.
    @discardableResult
    public mutating func reinforce(_ ids: [Int]) -> [Episode] {
        ids.compactMap { id in
            guard let index = place(of: id) else { return nil }
            episodes[index].strength += 1
            episodes[index].time = time
            return episodes[index]
        }
    }

    // MARK: Parts

    private func score(_ index: Int, _ relevance: Double) -> Double {
        let episode = episodes[index]
        let clarity = 1 - weighting.outcome + weighting.outcome * abs(2 * episode.outcome - 1)
        return relevance * exp(-weighting.recency * staleness(index)) * clarity
    }

    private func retention(_ index: Int) -> Double {
        episodes[index].strength * Double(episodes[index].count) * exp(-staleness(index))
    }

    private func staleness(_ index: Int) -> Double {
        Double(time - episodes[index].time) / (episodes[index].strength * weighting.retention)
    }

    /// The cosine of two sets of words in order, each word weighed by ln(1 + n / holders).
    private func relevance(_ a: [String], _ b: [String]) -> Double {
        if a == b { return a.isEmpty ? 0 : 1 }
        func weight(_ word: String) -> Double {
            let rarity = log(1 + Double(episodes.count + 1) / Double(holders[word, default: 0] + 1))
            return rarity * rarity
        }
        var (i, j) = (0, 0)
        var (shared, first, second) = (0.0, 0.0, 0.0)
        while i < a.count || j < b.count {
            if j == b.count || i < a.count && a[i] < b[j] {
                first += weight(a[i])
                i += 1
            } else if i == a.count || b[j] < a[i] {
                second += weight(b[j])
                j += 1
            } else {
                shared += weight(a[i])
                (i, j) = (i + 1, j + 1)
            }
        }
        return shared == 0 ? 0 : shared / ((first + shared) * (second + shared)).squareRoot()
    }

    private func words(of text: String) -> [String] { Set(splitter.words(of: text)).sorted() }

    private func place(of id: Int) -> Int? { episodes.firstIndex { $0.id == id } }

    private mutating func add(_ episode: Episode, _ own: [String]) {
        episodes.append(episode)
        words.append(own)
        for word in own { holders[word, default: 0] += 1 }
    }

    private mutating func remove(at index: Int) -> Episode {
        for word in words.remove(at: index) {
            holders[word, default: 1] -= 1
            if holders[word] == 0 { holders[word] = nil }
        }
        return episodes.remove(at: index)
    }

    // MARK: Restoring

    /// Puts `episode` in place of the one with its number, or adds it.
    mutating func restore(_ episode: Episode) {
        if let index = place(of: episode.id) { _ = remove(at: index) }
        let index = episodes.firstIndex { $0.id > episode.id } ?? episodes.count
        let own = words(of: episode.situation)
        episodes.insert(episode, at: index)
        words.insert(own, at: index)
        for word in own { holders[word, default: 0] += 1 }
        nextID = max(nextID, episode.id + 1)
        time = max(time, episode.time)
    }

    /// Drops the episode with the number `id`.
    /// - Returns: whether there was one.
    mutating func drop(_ id: Int) -> Bool {
        guard let index = place(of: id) else { return false }
        _ = remove(at: index)
        return true
    }
}
