/// ROUGE of a text against one reference, 0 to 1: the F-measure of what they share. Words are runs of Latin letters and
/// digits, whatever the case.
///
/// - Source: Lin, "ROUGE: a package for automatic evaluation of summaries", 2004, sections 2 and 3.2 (lines as sentences).
enum ROUGEScore {
    /// The score by `metric`, one of the three.
    static func value(_ metric: CapabilityMetric, _ text: String, _ reference: String) -> Double {
        switch metric {
        case .rouge1: runs(words(of: text), words(of: reference), size: 1)
        case .rouge2: runs(words(of: text), words(of: reference), size: 2)
        default: lines(text, reference)
        }
    }

    private static func words(of text: some StringProtocol) -> [String] {
        text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.map(String.init)
    }

    private static func measure(_ shared: Int, _ count: Int, _ referenceCount: Int) -> Double {
        shared > 0 ? 2 * Double(shared) / Double(count + referenceCount) : 0
    }

    private static func runs(_ words: [String], _ reference: [String], size: Int) -> Double {
        func counts(_ words: [String]) -> [ArraySlice<String>: Int] {
            var counts: [ArraySlice<String>: Int] = [:]
            for start in 0..<max(0, words.count - size + 1) { counts[words[start..<start + size], default: 0] += 1 }
            return counts
        }
        let (ours, theirs) = (counts(words), counts(reference))
        let shared = ours.reduce(0) { $0 + min($1.value, theirs[$1.key] ?? 0) }
        return measure(shared, max(0, words.count - size + 1), max(0, reference.count - size + 1))
    }

    /// For each line of the reference the words that are on a longest common subsequence with some line of the text; each
    /// word counts no more often than both have it.
    private static func lines(_ text: String, _ reference: String) -> Double {
        func lines(_ text: String) -> [[String]] {
            text.split(separator: "\n").map { words(of: $0) }
        }
        let (ours, theirs) = (lines(text), lines(reference))
        func counts(_ lines: [[String]]) -> [String: Int] {
            lines.joined().reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        var (left, referenceLeft) = (counts(ours), counts(theirs))
        var shared = 0
        for line in theirs {
            var places: Set<Int> = []
            for other in ours { places.formUnion(commonPlaces(line, other)) }
            for place in places.sorted() {
                let word = line[place]
                guard let one = left[word], let other = referenceLeft[word], one > 0, other > 0 else { continue }
                left[word] = one - 1
                referenceLeft[word] = other - 1
                shared += 1
            }
        }
        return measure(shared, ours.reduce(0) { $0 + $1.count }, theirs.reduce(0) { $0 + $1.count })
    }

    /// The places in `line` of a longest common subsequence with `other`.
    private static func commonPlaces(_ line: [String], _ other: [String]) -> [Int] {
        let width = other.count + 1
        var lengths = [Int](repeating: 0, count: (line.count + 1) * width)
        for i in line.indices {
            for j in other.indices {
                lengths[(i + 1) * width + j + 1] =
                    line[i] == other[j]
                    ? lengths[i * width + j] + 1 : max(lengths[i * width + j + 1], lengths[(i + 1) * width + j])
            }
        }
        var places: [Int] = []
        var (i, j) = (line.count, other.count)
        while i > 0, j > 0 {
            if line[i - 1] == other[j - 1] {
                places.append(i - 1)
                i -= 1
                j -= 1
            } else if lengths[i * width + j - 1] > lengths[(i - 1) * width + j] {
                j -= 1
            } else {
                i -= 1
            }
        }
        return places
    }
}
