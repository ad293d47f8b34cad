import Foundation

/// A reply of an OpenAI-compatible endpoint, or one piece of a streamed one: the fields that are of use here.
struct ReplyFields: Decodable {
    struct Choice: Decodable {
        var index: Int?
        /// What a piece of a conversation's reply adds.
        var delta: Message?
        /// A conversation's whole reply.
        var message: Message?
        /// Plain text: all of it, or what a piece adds.
        var text: String?
        var finishReason: String?
        var logprobs: LogProbabilities?

        private enum CodingKeys: String, CodingKey {
            case index, delta, message, text, logprobs
            case finishReason = "finish_reason"
        }
    }

    struct Message: Decodable {
        var content: String?
        var toolCalls: [Call]?

        private enum CodingKeys: String, CodingKey {
            case content
            case toolCalls = "tool_calls"
        }
    }

    struct Call: Decodable {
        struct Function: Decodable {
            var name: String?
            var arguments: String?
        }
        var index: Int?
        var id: String?
        var function: Function?
    }

    struct Usage: Decodable {
        struct Details: Decodable {
            var cachedTokens: Int?

            private enum CodingKeys: String, CodingKey { case cachedTokens = "cached_tokens" }
        }
        var promptTokens: Int?
        var completionTokens: Int?
        var promptDetails: Details?

        private enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
            case promptDetails = "prompt_tokens_details"
        }
    }

    var model: String?
    var choices: [Choice]?
    var usage: Usage?
    var error: ErrorReply.Body?
}

/// Log-probabilities, in the form of conversations or in the older one of plain text.
struct LogProbabilities: Decodable {
    struct Entry: Decodable {
        struct Top: Decodable {
            var token: String
            var logprob: Double
        }
        var token: String
        var logprob: Double?
        var top: [Top]?

        private enum CodingKeys: String, CodingKey {
            case token, logprob
            case top = "top_logprobs"
        }
    }

    var content: [Entry]?
    var tokens: [String]?
    var tokenProbabilities: [Double?]?
    var top: [[String: Double]?]?

    private enum CodingKeys: String, CodingKey {
        case content, tokens
        case tokenProbabilities = "token_logprobs"
        case top = "top_logprobs"
    }

    /// One entry a token.
    var entries: [Entry] {
        if let content { return content }
        guard let tokens else { return [] }
        return tokens.enumerated().map { place, token in
            func at<Value>(_ values: [Value?]?) -> Value? { values.flatMap { place < $0.count ? $0[place] : nil } }
            return Entry(
                token: token, logprob: at(tokenProbabilities),
                top: at(top)?.sorted { $0.key < $1.key }.map { Entry.Top(token: $0.key, logprob: $0.value) })
        }
    }
}

extension GeneratedToken {
    /// A token with what an endpoint tells of it.
    init(_ entry: LogProbabilities.Entry) {
        // Rounding at the other end leaves a hair above 0 now and then.
        self.init(text: entry.token, logProbability: entry.logprob.map { min(0, $0) })
        var told = (entry.top ?? []).filter { !$0.logprob.isNaN }
        guard !told.isEmpty else { return }
        if let own = entry.logprob, !told.contains(where: { $0.token == entry.token }) {
            told.append(LogProbabilities.Entry.Top(token: entry.token, logprob: own))
        }
        likeliest = told.map { LikelyToken($0.token, logProbability: min(0, $0.logprob)) }
            .sorted { $0.logProbability > $1.logProbability }
        guard told.count >= 2 else { return }
        let probabilities = ToldProbabilities(told.map { min(0, $0.logprob) })
        entropy = probabilities.entropy
        margin = probabilities.margin
    }
}

/// What an endpoint says when something is wrong.
enum ErrorReply {
    /// An object with a message, or the message alone.
    struct Body: Decodable {
        var message: String
        /// A status, where it is one.
        var code: Int?

        private enum CodingKeys: String, CodingKey { case message, code }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                message = text
            } else {
                let container = try? decoder.container(keyedBy: CodingKeys.self)
                message = (try? container?.decode(String.self, forKey: .message)) ?? "an error without a message"
                code = try? container?.decode(Int.self, forKey: .code)
            }
        }
    }

    private struct Reply: Decodable {
        var error: Body?
        var message: String?
        var detail: String?
    }

    /// The message in the body of a refusal, or the beginning of the body.
    static func message(_ bytes: [UInt8]) -> String {
        if let reply = try? JSONDecoder().decode(Reply.self, from: Data(bytes)),
            let text = reply.error?.message ?? reply.message ?? reply.detail
        {
            return shortened(text)
        }
        return shortened(String(decoding: bytes, as: UTF8.self))
    }

    /// One line of it, and not too long.
    static func shortened(_ text: String) -> String {
        let line = text.split { $0.isWhitespace }.joined(separator: " ")
        return line.count > 300 ? "\(line.prefix(300))…" : line
    }
}
