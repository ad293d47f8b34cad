import Cascades
import NIOCore

/// A short question that the gateway itself asks of a stage: to grade an answer, or to compare two questions.
struct StageQuestion: Sendable {
    let stage: GatewayStage
    let instruction: String
    /// The most tokens of the answer. Models that think first need room for it.
    static let mostTokens = 512

    /// What the stage says to `text`, and what that cost.
    struct Said: Sendable {
        var text: String
        var cost: Cost
    }

    func ask(_ text: String) async throws(StageError) -> Said {
        let body: JSONTree = [
            "model": .string(stage.model ?? stage.name),
            "messages": [
                ["role": "system", "content": .string(instruction)], ["role": "user", "content": .string(text)],
            ],
            "temperature": 0, "max_tokens": JSONTree(integerLiteral: Self.mostTokens),
        ]
        let begin = ContinuousClock.now
        let reply = try await stage.client.send(
            StageRequest(api: .chatCompletions, body: body.bytes, streams: false, key: "cascade"))
        guard case .whole(let bytes) = reply.body else { throw .badReply(reason: "a whole answer was expected") }
        var scanner = AnswerScanner(wants: ReplyFields.Wants(text: true))
        _ = try scanner.whole(bytes)
        let cost = stage.cost(
            scanner.counts ?? TokenCounts(read: Double(text.utf8.count) / 4, written: 1),
            seconds: (ContinuousClock.now - begin).seconds)
        return Said(text: scanner.text, cost: cost)
    }
}
