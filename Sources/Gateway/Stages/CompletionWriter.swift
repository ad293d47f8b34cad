import Foundation
import Language
import NIOCore

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

    /// The whole reply: a choice for each of `texts`, and what they took.
    func whole(_ texts: [GeneratedText], _ usage: GenerationUsage) -> ByteBuffer {
        var body = begin(isChat ? "chat.completion" : "text_completion")
        body.writeStaticString(",\"choices\":[")
        for (index, text) in texts.enumerated() {
            if index > 0 { body.writeStaticString(",") }
            body.writeString("{\"index\":\(index),")
            if isChat {
                body.writeStaticString("\"message\":{\"role\":\"assistant\",\"content\":")
                body.writeQuoted(text.text)
                body.writeStaticString("}")
            } else {
                body.writeStaticString("\"text\":")
                body.writeQuoted(text.text)
            }
            writeLogProbabilities(text.tokens, into: &body)
            body.writeString(",\"finish_reason\":\"\(Self.word(text.reason))\"}")
        }
        body.writeStaticString("],\"usage\":")
        write(usage, into: &body)
        body.writeStaticString("}")
        return body
    }

    /// One event of a stream, of the answer with this number.
    func piece(_ event: GenerationEvent, choice: Int) -> ByteBuffer {
        // Requests with tools are refused before; a call that nobody asked for is no part of the answer.
        if case .toolCall = event { return ByteBuffer() }
        var body = beginPiece()
        body.writeString("{\"index\":\(choice),")
        switch event {
        case .toolCall: break
        case .token(let token):
            body.writeString(isChat ? "\"delta\":{\"content\":" : "\"text\":")
            body.writeQuoted(token.text)
            if isChat { body.writeStaticString("}") }
            writeLogProbabilities([token], into: &body)
            body.writeStaticString(",\"finish_reason\":null}")
        case .finished(let reason, _):
            body.writeString(isChat ? "\"delta\":{}" : "\"text\":\"\"")
            body.writeString(",\"logprobs\":null,\"finish_reason\":\"\(Self.word(reason))\"}")
        }
        body.writeStaticString("]}\n\n")
        return body
    }

    /// What all answers of a stream took.
    func usage(_ usage: GenerationUsage) -> ByteBuffer {
        var body = beginPiece()
        body.writeStaticString("],\"usage\":")
        write(usage, into: &body)
        body.writeStaticString("}\n\n")
        return body
    }

    private func beginPiece() -> ByteBuffer {
        var body = ByteBuffer(string: "data: ")
        body.writeImmutableBuffer(begin(isChat ? "chat.completion.chunk" : "text_completion"))
        body.writeStaticString(",\"choices\":[")
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
        guard tells else {
            body.writeStaticString(",\"logprobs\":null")
            return
        }
        let tree =
            isChat
            ? JSONTree.object([.init("content", .array(tokens.map(Self.entry)))]) : Self.columns(tokens)
        body.writeStaticString(",\"logprobs\":")
        tree.write(into: &body)
    }

    private static func number(_ value: Double?) -> JSONTree { .number(value ?? .nan) }

    /// A token in a conversation.
    private static func entry(_ token: GeneratedToken) -> JSONTree {
        func named(_ text: String, _ logProbability: Double?) -> [(String, JSONTree?)] {
            [
                ("token", .string(text)), ("logprob", number(logProbability)),
                ("bytes", .array(text.utf8.map { JSONTree.number(Double($0)) })),
            ]
        }
        let alternatives = token.likeliest.map { JSONTree.members(named($0.text, $0.logProbability)) }
        return .members(
            named(token.text, token.logProbability) + [
                ("entropy", token.entropy.map(JSONTree.number)), ("margin", token.margin.map(JSONTree.number)),
                // Text that was held back as a possible stop is no token of its own.
                ("held", token.token == nil ? true : nil), ("top_logprobs", .array(alternatives)),
            ])
    }

    /// The tokens of a plain completion.
    private static func columns(_ tokens: [GeneratedToken]) -> JSONTree {
        let alternatives = tokens.map { token -> JSONTree in
            token.likeliest.isEmpty
                ? .null : .object(token.likeliest.map { JSONTree.Member($0.text, number($0.logProbability)) })
        }
        return [
            "tokens": .array(tokens.map { .string($0.text) }),
            "token_logprobs": .array(tokens.map { number($0.logProbability) }),
            "entropies": .array(tokens.map { number($0.entropy) }), "margins": .array(tokens.map { number($0.margin) }),
            "top_logprobs": tokens.allSatisfy(\.likeliest.isEmpty) ? .null : .array(alternatives),
        ]
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

extension GenerationUsage {
    /// What several answers took, the first `count` of them to the first prompt and so on: each prompt is read once.
    init(_ usages: [GenerationUsage], answersPerPrompt count: Int) {
        self.init()
        for (index, usage) in usages.enumerated() {
            if index % count == 0 { promptTokens += usage.promptTokens }
            completionTokens += usage.completionTokens
        }
    }
}
