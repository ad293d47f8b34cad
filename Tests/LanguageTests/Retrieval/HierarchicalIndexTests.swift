import Cascades
import Language
import Probability
import Testing

@Suite struct `hierarchical retrieval` {
    private let plain = WordSplitter(stopWords: [], singularises: false)

    private func corpus(_ random: inout Random) throws -> Corpus {
        var passages: [Passage] = []
        for document in 0..<1 + random.integer(below: 6) {
            for section in 0..<1 + random.integer(below: 4) {
                for text in randomTexts(1 + random.integer(below: 5), using: &random) {
                    passages.append(
                        Passage(id: "\(passages.count)", path: ["d\(document)", "s\(section)"], text: text))
                }
            }
        }
        return try Corpus(passages)
    }

    @Test func `with wide beams finds what a flat search finds, in any ranges`() async throws {
        var random = Random(seed: 3)
        for round in 0..<100 {
            let corpus = try corpus(&random)
            let count = corpus.passages.count
            let flat = LexicalIndex(corpus.passages.map(\.text), splitter: plain)
            let index = HierarchicalIndex.lexical(corpus, beams: [count, count], splitter: plain)
            let text = randomTexts(1, longest: 4, using: &random)[0]
            let cuts = (0..<2).map { _ in random.integer(below: count + 1) }.sorted()
            let ranges = round % 2 == 0 ? [0..<count] : [cuts[0]..<cuts[1]]
            let wide = index.search(try await index.query(for: text), limit: 5, within: ranges)
            let all = flat.search(flat.query(for: text), limit: 5, within: ranges)
            #expect(wide.hits == all.hits)
        }
    }

    @Test func `finds the best of the passages in the kept units only`() async throws {
        var random = Random(seed: 5)
        for _ in 0..<100 {
            let corpus = try corpus(&random)
            let beams = [1 + random.integer(below: 3), 1 + random.integer(below: 3)]
            let index = HierarchicalIndex.lexical(corpus, beams: beams, splitter: plain)
            let query = try await index.query(for: randomTexts(1, longest: 4, using: &random)[0])
            // Level by level, as the definition says.
            let documents = index.levels[0].search(query, limit: beams[0]).hits.map(\.passage).sorted()
            let sections = index.levels[1].search(
                query, limit: beams[1], within: documents.map { corpus.children(at: 0)[$0] }
            ).hits.map(\.passage).sorted()
            let expected = index.levels[2].search(
                query, limit: 5, within: sections.map { corpus.children(at: 1)[$0] })
            #expect(index.search(query, limit: 5).hits == expected.hits)
        }
    }

    @Test func `scores fewer passages than a flat search`() async throws {
        // Ten documents on a topic each; every passage has a common word.
        let passages = (0..<200).map {
            Passage(id: "\($0)", path: ["topic\($0 / 20)", "part\($0 / 5)"], text: "common topic\($0 / 20) fact\($0)")
        }
        let corpus = try Corpus(passages)
        let index = HierarchicalIndex.lexical(corpus, beams: [1, 2])
        let found = try await index.search(for: "common fact137 topic6", limit: 1)
        let flat = LexicalIndex(passages.map(\.text))
        #expect(found.hits.map(\.passage) == [137])
        #expect(found.scored == 10 + 4 + 10)
        #expect(flat.search(flat.query(for: "common fact137 topic6"), limit: 1).scored == 200)
    }

    @Test func `fusion adds up reciprocal places`() {
        let first = Ranking(hits: [3, 1, 2].map { Ranking.Hit(passage: $0, score: 0) }, scored: 5)
        let second = Ranking(hits: [1, 4].map { Ranking.Hit(passage: $0, score: 9) }, scored: 2)
        let fused = RankFusion(offset: 1).fused([first, second], limit: 3)
        // 1: 1/3 + 1/2; 3: 1/2; 4: 1/3; 2: 1/4.
        #expect(fused.hits.map(\.passage) == [1, 3, 4])
        #expect(abs(fused.hits[0].score - 5.0 / 6) < 1e-15 && fused.scored == 7)
    }

    @Test func `two indices of the same passages are asked together`() async throws {
        let texts = ["red apple", "green pear", "red car"]
        let index = FusedIndex(LexicalIndex(texts), LexicalIndex(texts.map { String($0.reversed()) }))
        // "rac" is found backwards.
        #expect(try await index.search(for: "apple rac", limit: 2).hits.map(\.passage) == [0, 2])
    }

    @Test func `a stage gives passages, how sure it is, and what it took`() async throws {
        let corpus = try Corpus([
            Passage(id: "a", path: ["fruit"], text: "apples grow on trees"),
            Passage(id: "b", path: ["cars"], text: "cars grow old"),
        ])
        let stage = RetrievalStage("find", corpus, HierarchicalIndex.lexical(corpus, beams: [2]), limit: 1)
        let answer = try await stage.answer("what grows on an apple tree")
        #expect(answer.output.map(\.passage.id) == ["a"])
        #expect(answer.evidence.names == stage.evidenceNames)
        #expect(answer.evidence["topScore"]! == answer.output[0].score && answer.evidence["scored"]! == 4)
        #expect(answer.cost.operations > 0)
        let nothing = try await stage.answer("unknown")
        #expect(nothing.output.isEmpty && nothing.evidence["topScore"]!.isNaN)
    }

    @Test func `embeddings of a model are searched by documents, sections and passages`() async throws {
        // A vector a text: how often its letters are a, b and c.
        var model = TableModel()
        model.vector = { text in "abc".map { letter in Double(text.count { $0 == letter }) } }
        let corpus = try await Corpus([
            Passage(id: "0", path: ["x"], text: "aaa"), Passage(id: "1", path: ["x"], text: "aab"),
            Passage(id: "2", path: ["y"], text: "ccc"), Passage(id: "3", path: ["y"], text: "bcc"),
        ]).embedded(by: model)
        #expect(corpus.passages[1].embedding == [2, 1, 0])
        let index = try HierarchicalIndex.dense(corpus, by: model, beams: [1])
        let found = try await index.search(for: "ccb", limit: 1)
        #expect(found.hits.map(\.passage) == [3] && found.scored == 4)
        await #expect(throws: LanguageError.self) { try await corpus.embedded(by: TableModel()) }
    }
}
