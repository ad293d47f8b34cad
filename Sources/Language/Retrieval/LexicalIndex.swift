import Foundation

/// An inverted index that ranks passages by the words that they share with a query: BM25.
///
///     let index = LexicalIndex(corpus.passages.map(\.text))
///     let ranking = try await index.search(for: "who wrote the first algebra", limit: 10)
///
/// With n passages, n(w) of them with word w, f times in a passage of L words, mean length M, and q times in the query:
///
///     score = Σ_w q ln(1 + (n - n(w) + 1/2) / (n(w) + 1/2)) f (k + 1) / (f + k (1 - b + b L / M))
///
/// What a word adds to a passage is worked out when the index is made, so that a search only adds up. Passages without any
/// of the words are not found.
///
/// - Source: S. Robertson and H. Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009; with the 1 + in
///   the logarithm that keeps it positive for words in most passages.
public struct LexicalIndex: PassageIndex {
    /// Words and how often they come, in the order of their first coming.
    public struct Query: Sendable, Hashable {
        /// The words, no two the same.
        public var words: [String]
        /// How much each counts.
        public var weights: [Double]
    }

    /// Cuts texts and queries into words.
    public let splitter: WordSplitter
    /// How soon further mentions of a word stop counting, from 0 (at once).
    public let saturation: Double
    /// How much long passages are held to their length, from 0 (not at all) to 1.
    public let lengthPenalty: Double
    public let count: Int
    private let numbers: [String: Int32]
    /// Where each word's postings begin, `[words + 1]`.
    private let starts: [Int]
    /// The passages of each word, ascending, and what the word adds to each, `[postings]`.
    private let passages: [Int32]
    private let impacts: [Double]

    /// An index of `texts`.
    /// - Parameters:
    ///   - saturation: k, not negative.
    ///   - lengthPenalty: b, from 0 to 1.
    public init(
        _ texts: [String], splitter: WordSplitter = WordSplitter(), saturation: Double = 1.2,
        lengthPenalty: Double = 0.75
    ) {
        precondition(saturation >= 0 && (0...1).contains(lengthPenalty), "k >= 0, and b is from 0 to 1")
        self.splitter = splitter
        self.saturation = saturation
        self.lengthPenalty = lengthPenalty
        count = texts.count
        var numbers: [String: Int32] = [:]
        var entries: [(word: Int32, passage: Int32, times: Int32)] = []
        var lengths: [Int] = []
        for (passage, text) in texts.enumerated() {
            let words = splitter.words(of: text)
            lengths.append(words.count)
            var times: [Int32: Int32] = [:]
            for word in words {
                let number = numbers[word] ?? Int32(numbers.count)
                numbers[word] = number
                times[number, default: 0] += 1
            }
            for (word, times) in times { entries.append((word, Int32(passage), times)) }
        }
        // Postings word by word, by counting; passages ascend because they came so.
        var starts = [Int](repeating: 0, count: numbers.count + 1)
        for entry in entries { starts[Int(entry.word) + 1] += 1 }
        for word in 0..<numbers.count { starts[word + 1] += starts[word] }
        var next = starts
        var passages = [Int32](repeating: 0, count: entries.count)
        var impacts = [Double](repeating: 0, count: entries.count)
        let mean = Double(lengths.reduce(0, +)) / Double(max(1, texts.count))
        for entry in entries {
            let word = Int(entry.word)
            let holding = Double(starts[word + 1] - starts[word])
            let rarity = log(1 + (Double(texts.count) - holding + 0.5) / (holding + 0.5))
            let times = Double(entry.times)
            let length = Double(lengths[Int(entry.passage)]) / mean
            passages[next[word]] = entry.passage
            impacts[next[word]] =
                rarity * times * (saturation + 1)
                / (times + saturation * (1 - lengthPenalty + lengthPenalty * length))
            next[word] += 1
        }
        self.numbers = numbers
        self.starts = starts
        self.passages = passages
        self.impacts = impacts
    }

    public func query(for text: String) -> Query {
        var query = Query(words: [], weights: [])
        var places: [String: Int] = [:]
        for word in splitter.words(of: text) {
            if let place = places[word] {
                query.weights[place] += 1
            } else {
                places[word] = query.words.count
                query.words.append(word)
                query.weights.append(1)
            }
        }
        return query
    }

    public func search(_ query: Query, limit: Int, within ranges: [Range<Int>]) -> Ranking {
        let total = ranges.reduce(0) { $0 + $1.count }
        var operations = 0
        var best = BestHits(limit: limit)
        var scored = 0
        // One place a passage in question, range after range.
        withUnsafeTemporaryAllocation(of: Double.self, capacity: total) { scores in
            scores.initialize(repeating: 0)
            for (word, weight) in zip(query.words, query.weights) {
                guard let number = numbers[word].map(Int.init) else { continue }
                var place = starts[number]
                let end = starts[number + 1]
                var offset = 0
                for range in ranges {
                    place = firstPosting(place..<end, from: range.lowerBound)
                    while place < end, passages[place] < range.upperBound {
                        scores[offset + Int(passages[place]) - range.lowerBound] += weight * impacts[place]
                        place += 1
                        operations += 1
                    }
                    offset += range.count
                }
            }
            var offset = 0
            for range in ranges {
                for place in 0..<range.count where scores[offset + place] > 0 {
                    scored += 1
                    best.offer(range.lowerBound + place, scores[offset + place])
                }
                offset += range.count
            }
        }
        return Ranking(hits: best.sorted, scored: scored, operations: operations)
    }

    /// The first of `postings` whose passage is `passage` or later.
    @inline(__always)
    private func firstPosting(_ postings: Range<Int>, from passage: Int) -> Int {
        var (low, high) = (postings.lowerBound, postings.upperBound)
        // Most searches go on from where they are.
        if low == high || Int(passages[low]) >= passage { return low }
        while low < high {
            let middle = (low + high) / 2
            if Int(passages[middle]) < passage { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
