import Cascades
import Foundation
import Language
import NIOCore

/// What is asked at `/v1/classify` and `/v1/rank`.
struct ChoiceRequest: Decodable {
    var input: ChatRequest.Texts?
    var labels: [String]?
    var query: String?
    var documents: [String]?
    var top_n: Int?

    /// - Throws: ``StageError/unsupported(what:)``.
    init(_ body: ByteBuffer) throws(StageError) {
        do {
            self = try JSONDecoder().decode(ChoiceRequest.self, from: Data(body.readableBytesView))
        } catch {
            throw .unsupported(
                what: "the request is not as expected: input and labels, or query and documents, as texts")
        }
    }
}

extension LanguageModelClient {
    /// `{"input": TEXT or TEXTS, "labels": [...]}`: the probability of each label as what comes next, and the logarithm of that
    /// of all labels together, as ``LabelStage`` has them.
    func classify(_ request: ChoiceRequest, _ model: any LanguageModel) async throws -> ByteBuffer {
        guard let texts = request.input?.values, let labels = request.labels, labels.count >= 2,
            Set(labels).count == labels.count
        else { throw StageError.unsupported(what: "classification needs input and two different labels at least") }
        var body = ByteBuffer(string: "{\"object\":\"list\",\"labels\":")
        JSONTree.array(labels.map { .string($0) }).write(into: &body)
        body.writeStaticString(",\"data\":[")
        let chats = model.capabilities.holdsConversations
        let stage = LabelStage(model, labels: labels) { (text: String) in chats ? .chat([.user(text)]) : .text(text) }
        var read = 0
        for (index, text) in texts.enumerated() {
            let law = try await stage.law(given: text)
            if index > 0 { body.writeStaticString(",") }
            body.writeString("{\"index\":\(index),\"label\":")
            body.writeQuoted(labels[law.likeliest])
            let probabilities = law.logProbabilities.map { JSONText.number(exp($0)) }
            body.writeString(",\"probs\":[\(probabilities.joined(separator: ","))]")
            body.writeString(",\"label_mass\":\(JSONText.number(law.labelMass))}")
            read += Int(law.cost.tokensIn + law.cost.tokensOut)
        }
        body.writeStaticString("],\"model\":")
        body.writeQuoted(model.name)
        body.writeString(",\"usage\":{\"prompt_tokens\":\(read),\"completion_tokens\":0,\"total_tokens\":\(read)}}")
        return body
    }

    /// `{"query": TEXT, "documents": [...], "top_n": N}`: documents by the cosine of their vector and the query's.
    func rank(_ request: ChoiceRequest, _ model: any LanguageModel) async throws -> ByteBuffer {
        guard let query = request.query, let documents = request.documents, !documents.isEmpty else {
            throw StageError.unsupported(what: "ranking needs a query and documents, as texts")
        }
        let vectors = try await model.embeddings(of: [query] + documents)
        func product(_ left: [Double], _ right: [Double]) -> Double { zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }
        let scores = vectors.dropFirst().map { vector in
            product(vectors[0], vector)
                / max(1e-300, (product(vectors[0], vectors[0]) * product(vector, vector)).squareRoot())
        }
        // Equal documents keep their order.
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        var body = ByteBuffer(string: "{\"model\":")
        body.writeQuoted(model.name)
        body.writeStaticString(",\"results\":[")
        for (place, index) in order.prefix(max(1, request.top_n ?? order.count)).enumerated() {
            if place > 0 { body.writeStaticString(",") }
            body.writeString("{\"index\":\(index),\"relevance_score\":\(JSONText.number(scores[index]))}")
        }
        let tokens = ([query] + documents).reduce(0) { $0 + $1.utf8.count } / 4
        body.writeString("],\"usage\":{\"prompt_tokens\":\(tokens),\"total_tokens\":\(tokens)}}")
        return body
    }
}
