/// A labelling and its score.
public struct ScoredPath: Sendable, Equatable {
    /// The labels, `[length]`.
    public let path: [Int]
    /// The score in nats, not normalised.
    public let score: Double
}

extension ChainPotentials {
    /// The labelling of the highest score; of equal ones the one with the smaller label where they part last.
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` when every labelling is forbidden.
    public func bestPath() throws(InferenceError) -> ScoredPath { try bestPaths(1)[0] }

    /// The `count` labellings of the highest scores, best first; fewer where fewer are possible.
    ///
    /// - Complexity: O(length * labels² * count) time, after which each position keeps `count` beginnings a label.
    /// - Throws: ``InferenceError/impossibleObservation(place:)`` when every labelling is forbidden.
    public func bestPaths(_ count: Int) throws(InferenceError) -> [ScoredPath] {
        precondition(count >= 1, "at least one labelling has to be asked for")
        // The best beginnings that end in each label: score, and where they came from.
        var table: [[Entry]] = (0..<labelCount).map { y in
            states[y] > -.infinity ? [Entry(score: states[y], label: -1, rank: 0)] : []
        }
        var history: [[[Entry]]] = [table]
        for t in 1..<max(1, length) {
            table = (0..<labelCount).map { y in
                let state = states[t * labelCount + y]
                guard state > -.infinity else { return [] }
                return best(count, t, y, state, table)
            }
            history.append(table)
        }
        var ends: [(label: Int, rank: Int, score: Double)] = []
        for y in 0..<labelCount {
            for (rank, entry) in table[y].enumerated() { ends.append((y, rank, entry.score)) }
        }
        guard !ends.isEmpty else {
            throw .impossibleObservation(place: "a chain whose every labelling is forbidden")
        }
        ends.sort { ($0.score, $1.label, $1.rank) > ($1.score, $0.label, $0.rank) }
        return ends.prefix(count).map { end in
            var path = [Int](repeating: 0, count: length)
            var (label, rank) = (end.label, end.rank)
            for t in stride(from: length - 1, through: 0, by: -1) {
                path[t] = label
                let entry = history[t][label][rank]
                (label, rank) = (entry.label, entry.rank)
            }
            return ScoredPath(path: path, score: end.score)
        }
    }

    private struct Entry {
        var score: Double
        /// The label before, and which of its beginnings.
        var label: Int
        var rank: Int
    }

    /// Merges the sorted lists of all labels before: each yields its next best until `count` are found.
    private func best(_ count: Int, _ t: Int, _ y: Int, _ state: Double, _ before: [[Entry]]) -> [Entry] {
        var places = [Int](repeating: 0, count: labelCount)
        var result: [Entry] = []
        while result.count < count {
            var found = Entry(score: -.infinity, label: -1, rank: 0)
            for z in 0..<labelCount where places[z] < before[z].count {
                let score = before[z][places[z]].score + transition(t - 1, z, y)
                if score > found.score { found = Entry(score: score, label: z, rank: places[z]) }
            }
            guard found.label >= 0 else { break }
            places[found.label] += 1
            found.score += state
            result.append(found)
        }
        return result
    }
}
