import Foundation
import Language
import NIOCore

/// What a model in this process reads of a request for a completion.
struct ChatRequest: Decodable {
    /// One message, its content as text.
    struct Message: Decodable {
        var role: String
        var content: String

        private enum CodingKeys: String, CodingKey { case role, content }
        private struct Part: Decodable {
            var type: String
            var text: String?
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            role = try container.decode(String.self, forKey: .role)
            if let text = try? container.decode(String.self, forKey: .content) {
                content = text
            } else if let parts = try? container.decode([Part].self, forKey: .content) {
                guard parts.allSatisfy({ $0.text != nil }) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .content, in: container, debugDescription: "it takes texts only, no images or sounds")
                }
                content = parts.compactMap(\.text).joined(separator: "\n")
            } else {
                content = ""
            }
        }
    }

    /// One text or several.
    struct Texts: Decodable {
        var values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                values = [text]
            } else {
                values = try container.decode([String].self)
            }
        }
    }

    /// Log-probabilities: a flag in conversations, a number for plain completions.
    struct Telling: Decodable {
        var isAsked: Bool

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                isAsked = flag
            } else {
                isAsked = (try? container.decode(Int.self)) != nil
            }
        }
    }

    struct Format: Decodable {
        var type: String
    }

    var messages: [Message]?
    var prompt: Texts?
    var input: Texts?
    var temperature: Double?
    var top_p: Double?
    var frequency_penalty: Double?
    var presence_penalty: Double?
    var max_tokens: Int?
    var max_completion_tokens: Int?
    var stop: Texts?
    var seed: UInt64?
    var n: Int?
    var logprobs: Telling?
    var response_format: Format?

    /// - Throws: ``StageError/unsupported(what:)``.
    init(_ body: ByteBuffer) throws(StageError) {
        do {
            self = try JSONDecoder().decode(ChatRequest.self, from: Data(body.readableBytesView))
        } catch DecodingError.dataCorrupted(let context) {
            throw .unsupported(what: "a model in this process can't serve this: \(context.debugDescription)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.keyNotFound(_, let context)
        {
            let place = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw .unsupported(what: "the request is not as expected at \(place): \(context.debugDescription)")
        } catch {
            throw .unsupported(what: "the request can't be read")
        }
    }

    /// What the model is asked.
    func generation(api: WireAPI) throws(StageError) -> GenerationRequest {
        if let n, n != 1 { throw .unsupported(what: "a model in this process gives one answer, not n = \(n)") }
        if let format = response_format, format.type != "text" {
            throw .unsupported(what: "a model in this process does not serve response_format \(format.type)")
        }
        let question: Prompt
        switch api {
        case .chatCompletions:
            guard let messages, !messages.isEmpty else { throw .unsupported(what: "the request has no messages") }
            question = .chat(messages.map { ChatMessage(role: $0.role, content: $0.content) })
        default:
            guard let texts = prompt?.values, texts.count == 1 else {
                throw .unsupported(what: "a model in this process takes one prompt, a string")
            }
            question = .text(texts[0])
        }
        var sampling = SamplingParameters()
        sampling.temperature = temperature ?? 1
        sampling.topP = top_p ?? 1
        sampling.frequencyPenalty = frequency_penalty ?? 0
        sampling.presencePenalty = presence_penalty ?? 0
        return GenerationRequest(
            question, sampling: sampling, maximumTokens: max_completion_tokens ?? max_tokens ?? 512,
            stops: stop?.values.filter { !$0.isEmpty } ?? [], seed: seed ?? UInt64.random(in: .min ... .max))
    }
}
