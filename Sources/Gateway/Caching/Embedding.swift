import Cascades
import NIOCore

/// What a text means, as a vector of length 1, by a stage that serves embeddings.
enum Embedding {
    /// The vector of `text`, and what it cost.
    static func of(
        _ text: String, by stage: GatewayStage
    ) async throws(StageError) -> (vector: [Float], cost: Cost) {
        let body: JSONTree = [
            "model": .string(stage.model ?? stage.name), "input": .string(text), "encoding_format": "float",
        ]
        let reply = try await stage.client.send(
            StageRequest(api: .embeddings, body: body.bytes, streams: false, key: "cascade"))
        guard case .whole(let bytes) = reply.body else { throw .badReply(reason: "a whole answer was expected") }
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(bytes) } catch { throw .badReply(reason: error.description) }
        guard let first = tree["data"]?.elements?.first, let numbers = first["embedding"]?.elements else {
            throw .badReply(reason: "it holds no data[0].embedding")
        }
        var vector: [Float] = []
        vector.reserveCapacity(numbers.count)
        var square = 0.0
        for number in numbers {
            guard let value = number.number, value.isFinite else {
                throw .badReply(reason: "its embedding holds what is no number")
            }
            vector.append(Float(value))
            square += value * value
        }
        guard square > 0 else { throw .badReply(reason: "its embedding is zero") }
        let scale = Float(1 / square.squareRoot())
        for index in vector.indices { vector[index] *= scale }
        let read = (try? ReplyFields(bytes))?.usage?.read ?? Double(text.utf8.count) / 4
        return (vector, stage.cost(TokenCounts(read: read), seconds: 0))
    }
}
