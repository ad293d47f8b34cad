import Foundation

/// Which of several texts a model means by what it writes.
struct WrittenChoices: Sendable {
    /// The texts.
    let labels: [String]
    /// What of each is compared: its letters and digits in lower case, or all of it where these don't tell them apart.
    private let keys: [String]
    private let isByWords: Bool

    /// Choices among `labels`, which are different.
    init(_ labels: [String]) {
        self.labels = labels
        let words = labels.map(\.onlyLettersAndDigits)
        isByWords = Set(words).count == labels.count && !words.contains("")
        keys = isByWords ? words : labels.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// The label that `text` says: the longest that it begins with, whole words only, after the name of a field where it
    /// repeats one ("Answer: yes").
    func index(of text: String) -> Int? {
        if let found = beginning(text) { return found }
        guard let mark = text.firstIndex(of: ":") else { return nil }
        return beginning(String(text[text.index(after: mark)...]))
    }

    private func beginning(_ text: String) -> Int? {
        guard isByWords else {
            return keys.firstIndex(of: text.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        let written = text.onlyLettersAndDigits + " "
        return keys.indices.filter { written.hasPrefix(keys[$0] + " ") }.max { keys[$0].count < keys[$1].count }
    }

    /// The law over the labels that the likeliest tokens tell at the first word of a reply.
    ///
    /// A label has what the tokens have together that are a beginning of it and of no other. One that none of them begins
    /// has an even share of what is left, but no more than the unlikeliest told token: more it can't have.
    ///
    /// - Returns: `ln` of the labels' probabilities, which add up to 1, and `ln` of what they have together; nil where a
    ///   told token may begin several labels, or the likeliest one begins none.
    func law(of tokens: [GeneratedToken]) -> (logProbabilities: [Double], mass: Double)? {
        guard isByWords,
            let told = tokens.first(where: { !($0.likeliest.first?.text.onlyLettersAndDigits.isEmpty ?? true) })?
                .likeliest
        else { return nil }
        var shares = [Double](repeating: 0, count: labels.count)
        var rest = 1.0
        for (rank, token) in told.enumerated() {
            let start = token.text.onlyLettersAndDigits
            let meant = start.isEmpty ? [] : keys.indices.filter { keys[$0].hasPrefix(start) }
            guard meant.count <= 1, rank > 0 || meant.count == 1 else { return nil }
            let share = exp(token.logProbability)
            rest -= share
            if let label = meant.first { shares[label] += share }
        }
        let untold = shares.indices.filter { shares[$0] == 0 }
        // What is told is rounded, so nothing is impossible.
        let most = max(1e-9, min(rest / Double(max(1, untold.count)), told.last.map { exp($0.logProbability) } ?? 0))
        for label in untold { shares[label] = most }
        let total = shares.reduce(0, +)
        return (shares.map { log($0 / total) }, min(0, log(total)))
    }

    /// The law over the labels that replies let one expect: `(n + 1/2) / (N + K/2)` for a label that n of N readable replies
    /// say among K, so that nothing is impossible because it did not come in a few replies.
    ///
    /// - Parameter votes: the label that each reply says, nil for one that says none.
    /// - Returns: `ln` of the labels' probabilities, which add up to 1, and `ln` of the share of replies that say one.
    func law(votes: [Int?]) -> (logProbabilities: [Double], mass: Double) {
        let read = votes.compactMap(\.self)
        let total = Double(read.count) + Double(labels.count) / 2
        let logs = labels.indices.map { label in log((Double(read.count { $0 == label }) + 0.5) / total) }
        return (logs, log(Double(read.count) / Double(max(1, votes.count))))
    }
}
