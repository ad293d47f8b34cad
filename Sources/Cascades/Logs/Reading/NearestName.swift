/// Finds the known name that a misspelt one most likely stands for.
package enum NearestName {
    /// The name in `known` with the fewest edits (insert, delete, replace a character) from `name`,
    /// or nil when even that one needs more edits than a third of its length, rounded up.
    package static func of(_ name: String, in known: [String]) -> String? {
        let target = Array(name.lowercased().unicodeScalars.prefix(200))
        var best: (name: String, edits: Int)?
        for candidate in known {
            let edits = distance(target, Array(candidate.lowercased().unicodeScalars.prefix(200)))
            if edits < best?.edits ?? Int.max { best = (candidate, edits) }
        }
        guard let best, best.edits <= (best.name.unicodeScalars.count + 2) / 3 else { return nil }
        return best.name
    }

    /// Levenshtein's edit distance.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let substituted = diagonal + (x == y ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
