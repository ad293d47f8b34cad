import Foundation
import Language
import Probability
import Testing

@Suite struct `long-term memory` {
    private func episode(_ situation: String, _ action: String = "x", _ outcome: Double = 1) -> Episode {
        Episode(situation: situation, action: action, outcome: outcome)
    }

    @Test func `what is alike comes to mind, the best first`() throws {
        var memory = EpisodicMemory(capacity: 10)
        try memory.write(episode("Which colour does Ada like?", "green"))
        try memory.write(episode("Which food does Ada like?", "soup"))
        try memory.write(episode("Where is the station?", "north"))
        let found = memory.recall("What colour would Ada like", limit: 3)
        #expect(found.map(\.episode.action) == ["green", "soup"])
        #expect(found[0].relevance == 1 && found[1].relevance < 1 && found[1].relevance > 0)
        #expect(memory.recall("unknown words", limit: 3).isEmpty)
    }

    @Test func `the score is relevance, recency and how clear the outcome was`() throws {
        var memory = EpisodicMemory(capacity: 10)
        memory.weighting.retention = 2
        memory.weighting.recency = 1.5
        memory.weighting.outcome = 0.4
        for (word, outcome) in [("one", 0.5), ("two", 0.0), ("three", 0.75)] {
            try memory.write(episode(word, word, outcome))
        }
        for (word, age, clarity) in [("one", 2.0, 0.6), ("two", 1, 1), ("three", 0, 0.8)] {
            let found = memory.recall(word, limit: 1)[0]
            #expect(abs(found.score - exp(-1.5 * age / 2) * clarity) < 1e-12, "\(word)")
        }
        // Recalled twice: stronger, and as of now.
        memory.reinforce([0])
        memory.reinforce([0, 99])
        #expect(memory.episodes[0].strength == 3 && memory.episodes[0].time == 3)
        try memory.write(episode("four"))
        #expect(abs(memory.recall("one", limit: 1)[0].score - exp(-1.5 / 6) * 0.6) < 1e-12)
    }

    @Test func `episodes that repeat become one, with the mean outcome`() throws {
        var memory = EpisodicMemory(capacity: 10)
        try memory.write(episode("the colour of the sea", "blue", 1))
        let change = try memory.write(episode("The sea's colour?", "blue", 0.25))
        try memory.write(episode("the colour of the sea", "red", 0))
        #expect(memory.episodes.count == 2 && change.kept.count == 2 && change.kept.id == 0)
        #expect(memory.episodes[0].outcome == 0.625 && memory.episodes[0].strength == 2)
    }

    @Test func `what is weak and old is forgotten, never the latest`() throws {
        var memory = EpisodicMemory(capacity: 2)
        memory.weighting.retention = 5
        try memory.write(episode("one"))
        try memory.write(episode("two"))
        memory.reinforce([0])
        let change = try memory.write(episode("three"))
        #expect(change.forgotten.map(\.situation) == ["two"])
        #expect(memory.episodes.map(\.situation) == ["one", "three"])
        #expect(memory.recall("two", limit: 1).isEmpty)
    }

    @Test func `it never holds more than its capacity, and gives the same again`() throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = Random(seed: seed)
            let capacity = 1 + random.integer(below: 12)
            var memory = EpisodicMemory(capacity: capacity)
            var again = EpisodicMemory(capacity: capacity)
            for _ in 0..<150 {
                let text = randomTexts(1, words: 8, longest: 4, using: &random)[0]
                if random.bernoulli(0.6) {
                    let new = episode(text, "a\(random.integer(below: 3))", random.uniform())
                    let change = try memory.write(new)
                    #expect(try again.write(new) == change)
                    #expect(memory.episodes.contains { $0.id == change.kept.id })
                } else {
                    let found = memory.recall(text, limit: 3)
                    #expect(found == again.recall(text, limit: 3))
                    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
                    #expect(memory.reinforce(found.map(\.episode.id)) == again.reinforce(found.map(\.episode.id)))
                }
                #expect(memory.episodes.count <= capacity && memory == again)
                #expect(memory.episodes.map(\.id) == memory.episodes.map(\.id).sorted())
            }
        }
    }

    @Test(arguments: [-0.1, 1.5, .nan]) func `an outcome is from 0 to 1`(_ outcome: Double) {
        var memory = EpisodicMemory(capacity: 1)
        #expect(throws: LanguageError.self) { try memory.write(Episode(situation: "", action: "", outcome: outcome)) }
        #expect(memory.episodes.isEmpty)
    }
}
