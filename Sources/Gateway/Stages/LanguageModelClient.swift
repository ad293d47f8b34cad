import Cascades
import Foundation
import Language
import NIOCore
import Synchronization

/// A language model in this process as a stage: answers completions and embeddings as an endpoint would.
final class LanguageModelClient: StageClient {
    private let make: @Sendable () throws -> any LanguageModel
    private let made = Mutex<(any LanguageModel)?>(nil)
    private let count = Atomic<UInt64>(0)

    /// - Parameter make: loads the model, once, when it is first asked.
    init(_ make: @escaping @Sendable () throws -> any LanguageModel) { self.make = make }

    func model() throws(StageError) -> any LanguageModel {
        do {
            return try made.withLock { made in
                if let model = made { return model }
                let model = try make()
                made = model
                return model
            }
        } catch {
            throw .unreachable(reason: "\(error)")
        }
    }

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        // Loading a model blocks, and what a model computes would keep an event loop from its connections.
        try await withTaskExecutorPreference(globalConcurrentExecutor) { () async throws(StageError) in
            try await answer(request)
        }
    }

    @concurrent private func answer(_ request: StageRequest) async throws(StageError) -> StageReply {
        let model = try model()
        if request.api == .classify || request.api == .rank {
            let choice = try ChoiceRequest(request.body)
            let body: ByteBuffer
            do {
                body = try await request.api == .rank ? rank(choice, model) : classify(choice, model)
            } catch {
                throw StageError(model: error)
            }
            return StageReply(status: 200, contentType: "application/json", body: .whole(body))
        }
        let asked = try ChatRequest(request.body)
        if request.api == .embeddings { return try await embeddings(asked, model) }
        let tools = try RequestTools.areOffered(request.body)
        if tools { throw .unsupported(what: "a model in this process calls no tools") }
        let generation = try asked.generation(api: request.api)
        let writer = CompletionWriter(
            id: "chatcmpl-\(count.wrappingAdd(1, ordering: .relaxed).oldValue)", model: model.name, api: request.api,
            tells: asked.logprobs?.isAsked ?? false)
        if request.streams {
            let pipe = BytePipe()
            pipe.run { pipe in
                do {
                    for try await event in model.events(generation) { pipe.write(writer.piece(event)) }
                } catch {
                    throw StageError(model: error)
                }
                try Task.checkCancellation()
                pipe.write(writer.end)
            }
            return StageReply(status: 200, contentType: "text/event-stream", body: .stream(pipe))
        }
        do {
            let text = try await model.generate(generation)
            return StageReply(status: 200, contentType: "application/json", body: .whole(writer.whole(text)))
        } catch {
            throw StageError(model: error)
        }
    }

    private func embeddings(_ asked: ChatRequest, _ model: any LanguageModel) async throws(StageError) -> StageReply {
        guard let texts = asked.input?.values, !texts.isEmpty else {
            throw .unsupported(what: "a model in this process takes texts as input")
        }
        let vectors: [[Double]]
        do {
            vectors = try await model.embeddings(of: texts)
        } catch {
            throw StageError(model: error)
        }
        var body = ByteBuffer(string: "{\"object\":\"list\",\"data\":[")
        for (index, vector) in vectors.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            body.writeString("{\"object\":\"embedding\",\"index\":\(index),\"embedding\":[")
            body.writeString(vector.map { JSONText.number(Double(Float($0))) }.joined(separator: ","))
            body.writeStaticString("]}")
        }
        body.writeStaticString("],\"model\":")
        body.writeQuoted(model.name)
        // What embeddings read is not told; four bytes a token is about what English comes to.
        let tokens = texts.reduce(0) { $0 + $1.utf8.count } / 4
        body.writeString(",\"usage\":{\"prompt_tokens\":\(tokens),\"total_tokens\":\(tokens)}}")
        return StageReply(status: 200, contentType: "application/json", body: .whole(body))
    }
}

/// Whether a request offers tools, which only some stages can use.
enum RequestTools {
    static func areOffered(_ body: ByteBuffer) throws(StageError) -> Bool {
        do throws(DoorError) {
            return try RequestFields(body).hasTools
        } catch {
            throw .unsupported(what: error.message)
        }
    }
}

extension StageError {
    /// What an error of a language model means.
    init(model error: any Error) {
        if let error = error as? StageError {
            self = error
            return
        }
        guard let error = error as? LanguageError else {
            self = error is CancellationError ? .cancelled : .broken(reason: "\(error)")
            return
        }
        switch error {
        case .contextOverflow, .unsupported, .improperParameter, .badConstraint, .emptyConstraint, .constraintTooLarge,
            .noTokenLeft:
            self = .unsupported(what: error.description)
        case .contextFull: self = .held(reason: error.description, retryAfter: 1)
        default: self = .broken(reason: error.description)
        }
    }
}

/// Writes what a model says as OpenAI's interface has it.
struct CompletionWriter: Sendable {
    let id: String
    let model: String
    let api: WireAPI
    /// Whether log-probabilities are told.
    let tells: Bool
    private let created = Int(Date().timeIntervalSince1970)

    init(id: String, model: String, api: WireAPI, tells: Bool) {
        self.id = id
        self.model = model
        self.api = api
        self.tells = tells
    }

    private var isChat: Bool { api == .chatCompletions }

    private func begin(_ object: String) -> ByteBuffer {
        var body = ByteBuffer(string: "{\"id\":")
        body.writeQuoted(id)
        body.writeString(",\"object\":\"\(object)\",\"created\":\(created),\"model\":")
        body.writeQuoted(model)
        return body
    }

    func whole(_ text: GeneratedText) -> ByteBuffer {
        var body = begin(isChat ? "chat.completion" : "text_completion")
        body.writeStaticString(",\"choices\":[{\"index\":0,")
        if isChat {
            body.writeStaticString("\"message\":{\"role\":\"assistant\",\"content\":")
            body.writeQuoted(text.text)
            body.writeStaticString("}")
        } else {
            body.writeStaticString("\"text\":")
            body.writeQuoted(text.text)
        }
        writeLogProbabilities(text.tokens, into: &body)
        body.writeString(",\"finish_reason\":\"\(Self.word(text.reason))\"}],\"usage\":")
        write(text.usage, into: &body)
        body.writeStaticString("}")
        return body
    }

    /// One event of a stream.
    func piece(_ event: GenerationEvent) -> ByteBuffer {
        // Requests with tools are refused before; a call that nobody asked for is no part of the answer.
        if case .toolCall = event { return ByteBuffer() }
        var body = ByteBuffer(string: "data: ")
        let begun = begin(isChat ? "chat.completion.chunk" : "text_completion")
        body.writeImmutableBuffer(begun)
        body.writeStaticString(",\"choices\":[{\"index\":0,")
        switch event {
        case .toolCall: break
        case .token(let token):
            body.writeString(isChat ? "\"delta\":{\"content\":" : "\"text\":")
            body.writeQuoted(token.text)
            if isChat { body.writeStaticString("}") }
            writeLogProbabilities([token], into: &body)
            body.writeStaticString(",\"finish_reason\":null}]}\n\n")
        case .finished(let reason, let usage):
            body.writeString(isChat ? "\"delta\":{}" : "\"text\":\"\"")
            body.writeString(",\"logprobs\":null,\"finish_reason\":\"\(Self.word(reason))\"}]}\n\n")
            body.writeStaticString("data: ")
            body.writeImmutableBuffer(begun)
            body.writeStaticString(",\"choices\":[],\"usage\":")
            write(usage, into: &body)
            body.writeStaticString("}\n\n")
        }
        return body
    }

    /// The mark that ends a stream.
    var end: ByteBuffer { ByteBuffer(string: "data: [DONE]\n\n") }

    private func write(_ usage: GenerationUsage, into body: inout ByteBuffer) {
        body.writeString(
            "{\"prompt_tokens\":\(usage.promptTokens),\"completion_tokens\":\(usage.completionTokens),\"total_tokens\":\(usage.promptTokens + usage.completionTokens)}"
        )
    }

    /// Each token's log-probability; entropy and margin, which this model knows exactly, beside it.
    private func writeLogProbabilities(_ tokens: [GeneratedToken], into body: inout ByteBuffer) {
        guard tells, isChat else {
            body.writeStaticString(",\"logprobs\":")
            guard tells else {
                _ = body.writeStaticString("null")
                return
            }
            body.writeString("{\"token_logprobs\":[")
            body.writeString(tokens.map { JSONText.number($0.logProbability ?? .nan) }.joined(separator: ","))
            body.writeStaticString("]}")
            return
        }
        body.writeStaticString(",\"logprobs\":{\"content\":[")
        for (index, token) in tokens.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            body.writeStaticString("{\"token\":")
            body.writeQuoted(token.text)
            body.writeString(",\"logprob\":\(JSONText.number(token.logProbability ?? .nan))")
            if let entropy = token.entropy { body.writeString(",\"entropy\":\(JSONText.number(entropy))") }
            if let margin = token.margin { body.writeString(",\"margin\":\(JSONText.number(margin))") }
            if token.token == nil { body.writeStaticString(",\"held\":true") }
            body.writeStaticString(",\"bytes\":null,\"top_logprobs\":[]}")
        }
        body.writeStaticString("]}")
    }

    private static func word(_ reason: FinishReason) -> String {
        switch reason {
        case .stop: "stop"
        case .length: "length"
        case .filtered: "content_filter"
        case .toolCalls: "tool_calls"
        }
    }
}
