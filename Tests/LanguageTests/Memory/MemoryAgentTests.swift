import Cascades
import Foundation
import Language
import Testing

@Suite struct `an agent with a memory` {
    /// Likes the first candidate, but says again what stands in its conversation.
    private let model = TableModel(logProbability: { text, prompt in
        guard case .chat(let messages) = prompt else { return .nan }
        if messages.contains(.assistant(text)) { return log(0.9) }
        if messages.contains(.assistant("Not \(text).")) { return log(0.01) }
        return text == "red" ? log(0.3) : text == "green" ? log(0.2) : log(0.1)
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

    @Test func `what came to mind is told the best last, right or not`() throws {
        var memory = EpisodicMemory(capacity: 9)
        try memory.write(Episode(situation: "colour of sky", action: "red", outcome: 0))
        try memory.write(Episode(situation: "colour of sea", action: "blue", outcome: 1))
        let asked = RecalledQuestion("colour of sea", recollections: memory.recall("colour of sea", limit: 2))
        #expect(
            MemoryAgent.conversation(asked) == [
                .user("colour of sky"), .assistant("Not red."), .user("colour of sea"), .assistant("blue"),
                .user("colour of sea"),
            ])
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
