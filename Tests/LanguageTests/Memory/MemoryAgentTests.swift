import Cascades
import Foundation
import Language
import Testing

@Suite struct `an agent with a memory` {
    /// Likes red best, but is swayed by what stands in its notes.
    private let model = TableModel(logProbability: { text, prompt in
        guard case .chat(let messages) = prompt else { return .nan }
        if messages[0].content.contains("colour? \(text).\n") { return log(0.25) }
        return log(text == "red" ? 0.3 : text == "green" ? 0.2 : 0.1)
    })
    private let colours = ["blue", "red", "green"]

    @Test func `learns by trial, and answers right from then on`() async throws {
        let agent = MemoryAgent(
            MemoryFile(EpisodicMemory(capacity: 9)), answerer: MemoryAgent.choosing(model))
        var answers: [String] = []
        for _ in 0..<5 {
            let answer = try await agent.stage.answer(RecalledQuestion("Ada's colour?", candidates: colours)).output
            answers.append(answer)
            try agent.learn("Ada's colour?", answer: answer, outcome: answer == "blue" ? 1 : 0)
        }
        #expect(answers == ["red", "green", "blue", "blue", "blue"])
        #expect(agent.memory.memory.episodes.count == 3)
    }

    @Test func `without recollections it stays as it was`() async throws {
        let agent = MemoryAgent(
            MemoryFile(EpisodicMemory(capacity: 9)), limit: 0, answerer: MemoryAgent.choosing(model))
        try agent.learn("Ada's colour?", answer: "red", outcome: 0)
        #expect(try await agent.stage.answer(RecalledQuestion("Ada's colour?", candidates: colours)).output == "red")
    }

    @Test func `what came to mind and went well is told, the best last`() throws {
        var memory = EpisodicMemory(capacity: 9)
        for (thing, colour, outcome) in [("sky", "red", 0.0), ("sun", "gold", 1), ("sea", "blue", 1)] {
            try memory.write(Episode(situation: "colour of \(thing)", action: colour, outcome: outcome))
        }
        var asked = RecalledQuestion("colour of sea", recollections: memory.recall("colour of sea", limit: 3))
        #expect(
            MemoryAgent.prompt(asked, notes: 2, transfer: 0)
                == .chat([.user("Remember:\ncolour of sun gold.\ncolour of sea blue.\n\nQuestion: colour of sea")]))
        #expect(
            MemoryAgent.prompt(asked) == .chat([.user("Remember:\ncolour of sea blue.\n\nQuestion: colour of sea")]))
        asked.recollections = []
        #expect(MemoryAgent.prompt(asked) == .chat([.user("colour of sea")]))
    }

    @Test func `what went badly lately outweighs what went well long ago`() async throws {
        var memory = EpisodicMemory(capacity: 9)
        memory.weighting.retention = 1
        let file = MemoryFile(memory)
        let agent = MemoryAgent(file, answerer: MemoryAgent.choosing(model))
        // In other words than these the outcomes stay apart.
        try agent.learn("Ada's colour?", answer: "red", outcome: 1)
        try agent.learn("Ada's colour today?", answer: "red", outcome: 0)
        #expect(try await agent.stage.answer(RecalledQuestion("Ada's colour", candidates: colours)).output == "green")
    }

    @Test func `where all failed none is left out, and nothing to choose from is an error`() async throws {
        let memory = MemoryFile(EpisodicMemory(capacity: 9))
        let agent = MemoryAgent(memory, answerer: MemoryAgent.choosing(model))
        for colour in colours { try agent.learn("Ada's colour?", answer: colour, outcome: 0) }
        #expect(try await agent.stage.answer(RecalledQuestion("Ada's colour?", candidates: colours)).output == "red")
        await #expect(throws: (any Error).self) { try await agent.stage.answer(RecalledQuestion("?")) }
    }

    @Test func `a trace holds what was remembered`() async throws {
        let agent = MemoryAgent(MemoryFile(EpisodicMemory(capacity: 9)), answerer: MemoryAgent.choosing(model))
        try agent.learn("Ada's colour?", answer: "blue", outcome: 1)
        let writing = MemoryAgent(
            agent.memory,
            answerer: MemoryAgent.writing(TableModel(write: { _ in [GeneratedToken("Blue", 1)] })))
        #expect(try await writing.stage.answer(RecalledQuestion("Ada's colour?")).output == "Blue")
        // Each answer recalls, and what is recalled grows stronger.
        #expect(agent.memory.memory.episodes[0].strength == 2)
    }
}
