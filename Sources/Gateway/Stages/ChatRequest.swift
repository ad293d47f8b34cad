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

    /// Log-probabilities: a flag in conversations, a number of alternatives for plain completions.
    struct Telling: Decodable {
        var isAsked: Bool
        var alternatives: Int?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                isAsked = flag
            } else {
                alternatives = try container.decode(Int.self)
                isAsked = true
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
    var logit_bias: [String: Double]?
    var max_tokens: Int?
    var max_completion_tokens: Int?
    var stop: Texts?
    var seed: UInt64?
    var n: Int?
    var best_of: Int?
    var echo: Bool?
    var suffix: String?
    var logprobs: Telling?
    var top_logprobs: Int?
    var response_format: Format?
    var encoding_format: String?
    var dimensions: Int?
    // What other servers of models on one's own machine take besides.
    var top_k: Int?
    var min_p: Double?
    var typical_p: Double?
    var repetition_penalty: Double?
    var grammar: String?

    /// The schema that a response's format gives, as it is written: the order of its members counts.
    private var schema: String?

    private enum CodingKeys: String, CodingKey {
        case messages, prompt, input, temperature, top_p, frequency_penalty, presence_penalty, logit_bias, max_tokens
        case max_completion_tokens, stop, seed, n, best_of, echo, suffix, logprobs, top_logprobs, response_format
        case encoding_format, dimensions, top_k, min_p, typical_p, repetition_penalty, grammar
    }

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
        if response_format?.type == "json_schema" {
            schema = (try? JSONTree(body))?["response_format"]?["json_schema"]?["schema"].map {
                String(buffer: $0.bytes)
            }
        }
    }

    /// The most answers to one request, as OpenAI has it.
    private static let mostAnswers = 128
    /// The most alternatives that are told, as OpenAI has it.
    private static let mostAlternatives = 20

    /// What the model is asked: once for each answer, those of the first prompt first.
    func generations(api: WireAPI) throws(StageError) -> [GenerationRequest] {
        let count = n ?? 1
        guard (1...Self.mostAnswers).contains(count) else {
            throw .unsupported(what: "n is 1 to \(Self.mostAnswers), not \(count)")
        }
        if echo == true || suffix?.isEmpty == false || (best_of ?? count) != count {
            throw .unsupported(what: "a model in this process knows neither echo nor suffix nor best_of")
        }
        let prompts: [Prompt]
        switch api {
        case .chatCompletions:
            guard let messages, !messages.isEmpty else { throw .unsupported(what: "the request has no messages") }
            prompts = [.chat(messages.map { ChatMessage(role: $0.role, content: $0.content) })]
        default:
            guard let texts = prompt?.values, !texts.isEmpty else {
                throw .unsupported(what: "a model in this process takes texts as its prompt")
            }
            guard texts.count * count <= Self.mostAnswers else {
                throw .unsupported(what: "prompts times n are \(Self.mostAnswers) at most")
            }
            prompts = texts.map(Prompt.text)
        }
        var request = GenerationRequest(
            prompts[0], sampling: try sampling(), maximumTokens: max_completion_tokens ?? max_tokens ?? 512,
            stops: stop?.values.filter { !$0.isEmpty } ?? [], constraint: try constraint(),
            seed: seed ?? UInt64.random(in: .min ... .max))
        request.likeliestCount = try alternatives(api: api)
        var requests: [GenerationRequest] = []
        for prompt in prompts {
            for _ in 0..<count {
                var answer = request
                answer.prompt = prompt
                answer.seed = request.seed &+ UInt64(requests.count)
                requests.append(answer)
            }
        }
        return requests
    }

    private func sampling() throws(StageError) -> SamplingParameters {
        var sampling = SamplingParameters()
        sampling.temperature = temperature ?? 1
        sampling.topP = top_p ?? 1
        sampling.frequencyPenalty = frequency_penalty ?? 0
        sampling.presencePenalty = presence_penalty ?? 0
        // Other servers' word for "all".
        sampling.topK = top_k.flatMap { $0 > 0 ? $0 : nil }
        sampling.minP = min_p ?? 0
        sampling.typicalP = typical_p ?? 1
        sampling.repetitionPenalty = repetition_penalty ?? 1
        for (name, bias) in logit_bias ?? [:] {
            guard let token = Token(name), token >= 0 else {
                throw .unsupported(what: "logit_bias is given by the numbers of tokens, and \(name) is none")
            }
            // The least that OpenAI takes is a ban.
            sampling.bias[token] = bias <= -100 ? -.infinity : bias
        }
        return sampling
    }

    private func alternatives(api: WireAPI) throws(StageError) -> Int {
        guard let logprobs, logprobs.isAsked else { return 0 }
        let count = (api == .chatCompletions ? top_logprobs : logprobs.alternatives) ?? 0
        guard (0...Self.mostAlternatives).contains(count) else {
            throw .unsupported(what: "0 to \(Self.mostAlternatives) alternatives are told, not \(count)")
        }
        return count
    }

    private func constraint() throws(StageError) -> TextConstraint? {
        let format: TextConstraint?
        switch response_format?.type {
        case nil, "text": format = nil
        case "json_object": format = .jsonSchema(#"{"type":"object"}"#)
        case "json_schema":
            guard let schema else { throw .unsupported(what: "response_format.json_schema has no schema") }
            format = .jsonSchema(schema)
        case let other?:
            throw .unsupported(what: "response_format is text, json_object or json_schema, not \(other)")
        }
        guard let grammar else { return format }
        guard format == nil else { throw .unsupported(what: "an answer has a grammar or a response_format, not both") }
        return .grammar(grammar)
    }
}
