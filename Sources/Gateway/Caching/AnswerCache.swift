/// The answers of one virtual model that may be given again: the least recently used go where there are too many, old ones
/// when their time is up. A state machine: it is told what time it is.
struct AnswerCache: Sendable {
    /// How much is kept, and for how long.
    struct Limits: Sendable, Hashable {
        /// Seconds for which an answer may be given again.
        var seconds = 3600.0
        var entries = 10_000
        /// Of all entries together.
        var bytes = 64 << 20
        /// Of one entry.
        var entryBytes = 1 << 20
    }

    /// What was counted.
    struct Counts: Sendable, Hashable {
        var exactHits = 0
        var semanticHits = 0
        var misses = 0
        /// Questions that were near one that was answered and meant something else, by the verifier's word.
        var refused = 0
        /// Entries that somebody evicted.
        var evicted = 0
        /// Dollars that hits would have cost.
        var saved = 0.0
    }

    private struct Slot: Sendable {
        var reply: CachedReply
        var previous: Int
        var next: Int
    }

    var limits: Limits {
        didSet { shrink() }
    }
    var counts = Counts()
    private(set) var bytes = 0
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var byKey: [CacheKey: Int] = [:]
    private var byID: [String: Int] = [:]
    private var byFrame: [CacheKey: [Int]] = [:]
    /// Questions that were taken for others' and were not: they answer nobody else any more.
    private var literal = RecentMap<Bool>(capacity: 10_000)
    /// The most and the least recently used; -1 for none.
    private var first = -1
    private var last = -1

    init(_ limits: Limits = Limits()) { self.limits = limits }

    var count: Int { byKey.count }

    /// The answer to the request `key` that is not too old at `now`.
    mutating func answer(_ key: CacheKey, at now: Double) -> CachedReply? {
        guard let place = byKey[key], let reply = slots[place]?.reply else { return nil }
        guard isFresh(reply, now) else {
            remove(place)
            return nil
        }
        use(place)
        return reply
    }

    /// The answer in `frame` whose question is nearest to `vector` (of length 1), where their cosine is `least` or more.
    mutating func nearest(
        _ frame: CacheKey, _ vector: [Float], least: Double, at now: Double
    ) -> (reply: CachedReply, similarity: Double)? {
        var best: (place: Int, similarity: Float)?
        for place in byFrame[frame] ?? [] {
            guard let reply = slots[place]?.reply, let meaning = reply.meaning, isFresh(reply, now),
                meaning.vector.count == vector.count
            else { continue }
            var dot: Float = 0
            for index in vector.indices { dot += vector[index] * meaning.vector[index] }
            if dot > (best?.similarity ?? -2) { best = (place, dot) }
        }
        guard let best, Double(best.similarity) >= least, let reply = slots[best.place]?.reply else { return nil }
        use(best.place)
        return (reply, Double(best.similarity))
    }

    /// Keeps `reply`, in the place of what had its key. One that is too large is not kept.
    mutating func insert(_ reply: CachedReply, at now: Double) {
        if let place = byKey[reply.key] { remove(place) }
        if let place = byID[reply.id] { remove(place) }
        var reply = reply
        if let meaning = reply.meaning, literal[Self.name(meaning)] != nil { reply.meaning = nil }
        guard reply.size <= min(limits.entryBytes, limits.bytes), limits.entries > 0, isFresh(reply, now) else {
            return
        }
        let slot = Slot(reply: reply, previous: -1, next: -1)
        let place: Int
        if let spare = free.popLast() {
            slots[spare] = slot
            place = spare
        } else {
            slots.append(slot)
            place = slots.count - 1
        }
        byKey[reply.key] = place
        byID[reply.id] = place
        if let meaning = reply.meaning { byFrame[meaning.frame, default: []].append(place) }
        bytes += reply.size
        link(place)
        shrink()
    }

    /// The answer called `id`, whatever its age.
    func reply(_ id: String) -> CachedReply? { byID[id].flatMap { slots[$0]?.reply } }

    /// Takes the answer called `id` away, since it was given where it was wrong; its question is not taken for another's
    /// again. Says whether there was one.
    mutating func evict(_ id: String) -> Bool {
        guard let place = byID[id], let reply = slots[place]?.reply else { return false }
        if let meaning = reply.meaning { literal.insert(Self.name(meaning), true) }
        remove(place)
        counts.evicted += 1
        return true
    }

    /// Takes away all that `matches`, and says how many there were.
    mutating func removeAll(where matches: (CachedReply) -> Bool) -> Int {
        var removed = 0
        for place in slots.indices {
            guard let reply = slots[place]?.reply, matches(reply) else { continue }
            remove(place)
            removed += 1
        }
        return removed
    }

    /// The ids from the most to the least recently used.
    var ids: [String] {
        var ids: [String] = []
        var place = first
        while place >= 0, let slot = slots[place] {
            ids.append(slot.reply.id)
            place = slot.next
        }
        return ids
    }

    // MARK: - Inside

    private static func name(_ meaning: CachedReply.Meaning) -> String {
        "\(meaning.frame.scope ?? "")\u{0}\(meaning.text)"
    }

    private func isFresh(_ reply: CachedReply, _ now: Double) -> Bool {
        // A clock that was set back makes nothing older; what comes from the future is not trusted for longer either.
        now - reply.created < limits.seconds && reply.created - now < limits.seconds
    }

    private mutating func shrink() {
        while last >= 0, byKey.count > limits.entries || bytes > limits.bytes { remove(last) }
    }

    private mutating func use(_ place: Int) {
        guard place != first else { return }
        unlink(place)
        link(place)
    }

    private mutating func link(_ place: Int) {
        slots[place]?.previous = -1
        slots[place]?.next = first
        if first >= 0 { slots[first]?.previous = place }
        first = place
        if last < 0 { last = place }
    }

    private mutating func unlink(_ place: Int) {
        guard let slot = slots[place] else { return }
        if slot.previous >= 0 { slots[slot.previous]?.next = slot.next } else { first = slot.next }
        if slot.next >= 0 { slots[slot.next]?.previous = slot.previous } else { last = slot.previous }
    }

    private mutating func remove(_ place: Int) {
        guard let reply = slots[place]?.reply else { return }
        unlink(place)
        slots[place] = nil
        free.append(place)
        bytes -= reply.size
        byKey[reply.key] = nil
        byID[reply.id] = nil
        if let meaning = reply.meaning {
            byFrame[meaning.frame]?.removeAll { $0 == place }
            if byFrame[meaning.frame]?.isEmpty == true { byFrame[meaning.frame] = nil }
        }
    }
}
