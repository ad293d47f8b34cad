import Foundation
import Language
import Probability
import Testing

/// Texts of `count` words out of a few, so that words repeat within and across texts.
func randomTexts(_ count: Int, words: Int = 12, longest: Int = 20, using random: inout Random) -> [String] {
    (0..<count).map { _ in
        (0..<random.integer(below: longest + 1)).map { _ in
            // Squared, so that some words are in most texts and some in few.
            "w\(Int(pow(random.uniform(), 2) * Double(words)))"
        }.joined(separator: " ")
    }
}

@Suite struct `the lexical index` {
    private let plain = WordSplitter(stopWords: [], singularises: false)

    /// BM25 from its definition, text by text.
    private func definition(_ texts: [String], _ query: String, k: Double, b: Double) -> [Double] {
        let bags = texts.map(plain.words(of:))
        let mean = Double(bags.reduce(0) { $0 + $1.count }) / Double(bags.count)
        return bags.map { bag in
            var score = 0.0
            for word in plain.words(of: query) {
                let holding = Double(bags.count { $0.contains(word) })
                let times = Double(bag.count { $0 == word })
                let rarity = log(1 + (Double(bags.count) - holding + 0.5) / (holding + 0.5))
                let held = times + k * (1 - b + b * Double(bag.count) / mean)
                score += times > 0 ? rarity * times * (k + 1) / held : 0
            }
            return score
        }
    }

    @Test func `three texts have the scores worked out by hand`() throws {
        let index = LexicalIndex(["cat sat mat", "dog sat", "cat cat dog bird"], splitter: plain)
        let ranking = index.search(index.query(for: "cat"), limit: 3)
        // cat is in 2 of 3 texts: ln(1 + 1.5 / 2.5); the mean length is 3.
        let rarity = log(1.6)
        #expect(ranking.hits.map(\.passage) == [2, 0])
        #expect(abs(ranking.hits[0].score - rarity * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / 3))) < 1e-12)
        #expect(abs(ranking.hits[1].score - rarity * 2.2 / 2.2) < 1e-12)
        #expect(ranking.scored == 2 && ranking.operations == 2)
    }

    @Test func `finds what the definition finds, in any ranges`() throws {
        var random = Random(seed: 4)
        for round in 0..<200 {
            let texts = randomTexts(1 + random.integer(below: 40), using: &random)
            let (k, b) = (2 * random.uniform(), random.uniform())
            let index = LexicalIndex(texts, splitter: plain, saturation: k, lengthPenalty: b)
            let query = randomTexts(1, longest: 5, using: &random)[0] + " unknown"
            // Some cuts, every other piece between them.
            let cuts = ([0] + (0..<4).map { _ in random.integer(below: texts.count + 1) } + [texts.count]).sorted()
            let ranges = round % 3 == 0 ? [0..<texts.count] : [cuts[0]..<cuts[1], cuts[2]..<cuts[3], cuts[4]..<cuts[5]]
            let limit = 1 + random.integer(below: 8)
            let ranking = index.search(index.query(for: query), limit: limit, within: ranges)
            let scores = definition(texts, query, k: k, b: b)
            let found = ranges.joined().filter { scores[$0] > 0 }
            #expect(ranking.scored == found.count)
            #expect(ranking.hits.count == min(limit, found.count))
            #expect(Set(ranking.hits.map(\.passage)).count == ranking.hits.count)
            for (hit, score) in zip(ranking.hits, found.map { scores[$0] }.sorted(by: >)) {
                #expect(abs(hit.score - scores[hit.passage]) < 1e-12 && abs(hit.score - score) < 1e-12)
                #expect(ranges.contains { $0.contains(hit.passage) })
            }
        }
    }

    @Test func `equal scores come in the order of the passages`() {
        let index = LexicalIndex([String](repeating: "one two", count: 9), splitter: plain)
        #expect(index.search(index.query(for: "two"), limit: 4).hits.map(\.passage) == [0, 1, 2, 3])
    }

    @Test func `no texts, no words and no places find nothing`() {
        #expect(LexicalIndex([]).search(LexicalIndex([]).query(for: "x"), limit: 3).hits.isEmpty)
        let index = LexicalIndex(["", "word"])
        #expect(index.search(index.query(for: ""), limit: 3).hits.isEmpty)
        #expect(index.search(index.query(for: "word"), limit: 0).hits.isEmpty)
    }

    @Test(arguments: [
        ("The cats' tails aren't theirs", ["cat", "tail", "aren't"]), ("Ponies and buses", ["pony", "buse"]),
        ("It is the bus's bus", ["bus", "bus"]), ("x2 2024, naïve—ÉTÉ", ["x2", "2024", "naïve", "été"]), ("", []),
    ]) func `words are letters and digits without plurals and little words`(_ text: String, _ words: [String]) {
        #expect(WordSplitter().words(of: text) == words)
    }
}

@Suite struct `vectors` {
    @Test func `are found by the cosine of the centred ones`() throws {
        var random = Random(seed: 9)
        for _ in 0..<50 {
            let (count, size) = (1 + random.integer(below: 30), 1 + random.integer(below: 9))
            func vector() -> [Float] { (0..<size).map { _ in Float(1 + random.normal()) } }
            let vectors = (0..<count).map { _ in vector() }
            let query = vector()
            let isCentred = random.bernoulli(0.5)
            let index = try DenseIndex(vectors, isCentred: isCentred)
            let mean = (0..<size).map { column in
                isCentred ? vectors.reduce(0.0) { $0 + Double($1[column]) } / Double(count) : 0
            }
            func cosine(_ row: [Float]) -> Double {
                let (a, b) = (zip(row, mean).map { Double($0) - $1 }, zip(query, mean).map { Double($0) - $1 })
                func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
                let lengths = (product(a, a) * product(b, b)).squareRoot()
                return lengths < 1e-9 ? 0 : product(a, b) / lengths
            }
            let start = random.integer(below: count)
            let ranking = index.search(query, limit: count, within: [start..<count])
            #expect(ranking.scored == count - start && ranking.hits.count == count - start)
            for hit in ranking.hits where count > 1 { #expect(abs(hit.score - cosine(vectors[hit.passage])) < 1e-4) }
            #expect(ranking.hits.map(\.score) == ranking.hits.map(\.score).sorted(by: >))
        }
    }

    @Test func `of different lengths, or not finite, are errors`() {
        #expect(throws: LanguageError.self) { try DenseIndex([[1, 2], [1]]) }
        #expect(throws: LanguageError.self) { try DenseIndex([[.nan]]) }
        #expect(throws: LanguageError.self) { try DenseIndex([[1]]).query(for: "x") }
    }

    @Test func `a query of another length finds nothing`() throws {
        #expect(try DenseIndex([[1, 2]]).search([1], limit: 1).hits.isEmpty)
    }
}
