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
        let generations = try asked.generations(api: request.api)
        let writer = CompletionWriter(
            id: "chatcmpl-\(count.wrappingAdd(1, ordering: .relaxed).oldValue)", model: model.name, api: request.api,
            tells: asked.logprobs?.isAsked ?? false)
        if request.streams {
            let pipe = BytePipe()
            pipe.run { pipe in
                let usages = try await Self.stream(generations, model, writer, pipe)
                pipe.write(writer.usage(GenerationUsage(usages, answersPerPrompt: asked.n ?? 1)))
                pipe.write(writer.end)
            }
            return StageReply(status: 200, contentType: "text/event-stream", body: .stream(pipe))
        }
        var texts: [GeneratedText] = []
        do {
            if generations.count == 1 {
                texts.append(try await model.generate(generations[0]))
            } else {
                for text in await model.generate(generations) { texts.append(try text.get()) }
            }
        } catch {
            throw StageError(model: error)
        }
        let usage = GenerationUsage(texts.map(\.usage), answersPerPrompt: asked.n ?? 1)
        return StageReply(status: 200, contentType: "application/json", body: .whole(writer.whole(texts, usage)))
    }

    /// What one of several answers took. A struct, because a tuple came back with another's index from optimised task groups
    /// (Swift 6.3.1).
    private struct Taken: Sendable {
        var index: Int
        var usage: GenerationUsage
    }

    /// Writes several answers side by side into one stream; what each of them took.
    private static func stream(
        _ generations: [GenerationRequest], _ model: any LanguageModel, _ writer: CompletionWriter, _ pipe: BytePipe
    ) async throws -> [GenerationUsage] {
        do {
            return try await withThrowingTaskGroup(of: Taken.self) { group in
                for (index, generation) in generations.enumerated() {
                    group.addTask {
                        var usage = GenerationUsage()
                        for try await event in model.events(generation) {
                            pipe.write(writer.piece(event, choice: index))
                            if case .finished(_, let took) = event { usage = took }
                        }
                        try Task.checkCancellation()
                        return Taken(index: index, usage: usage)
                    }
                }
                var usages = generations.map { _ in GenerationUsage() }
                for try await taken in group { usages[taken.index] = taken.usage }
                return usages
            }
        } catch {
            throw StageError(model: error)
        }
    }

    private func embeddings(_ asked: ChatRequest, _ model: any LanguageModel) async throws(StageError) -> StageReply {
        guard let texts = asked.input?.values, !texts.isEmpty else {
            throw .unsupported(what: "a model in this process takes texts as input")
        }
        let format = asked.encoding_format ?? "float"
        guard ["float", "base64"].contains(format) else {
            throw .unsupported(what: "encoding_format is float or base64, not \(format)")
        }
        let vectors: [[Double]]
        do {
            vectors = try await model.embeddings(of: texts)
        } catch {
            throw StageError(model: error)
        }
        // Part of a vector means something only where a model was made for that.
        if let dimensions = asked.dimensions, dimensions != vectors[0].count {
            throw .unsupported(what: "\(model.name) has vectors of \(vectors[0].count) dimensions, not \(dimensions)")
        }
        var body = ByteBuffer(string: "{\"object\":\"list\",\"data\":[")
        for (index, vector) in vectors.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            body.writeString("{\"object\":\"embedding\",\"index\":\(index),\"embedding\":")
            if format == "base64" {
                var bytes = ByteBuffer()
                for number in vector { bytes.writeInteger(Float(number).bitPattern, endianness: .little) }
                body.writeQuoted(Data(bytes.readableBytesView).base64EncodedString())
            } else {
                let numbers = vector.map { JSONText.number(Double(Float($0))) }
                body.writeString("[\(numbers.joined(separator: ","))]")
            }
            body.writeStaticString("}")
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
