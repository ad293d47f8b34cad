extension ScriptedServer.Step {
    /// Sends text as it is.
    public static func text(_ text: String) -> ScriptedServer.Step { .bytes(Array(text.utf8)) }

    /// The head of a reply whose length is not known yet.
    public static func streamHead(
        type: String = "text/event-stream", headers: KeyValuePairs<String, String> = [:]
    ) -> ScriptedServer.Step {
        let more = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return .text("HTTP/1.1 200 OK\r\ncontent-type: \(type)\r\ntransfer-encoding: chunked\r\n\(more)\r\n")
    }

    /// One chunk of a body.
    public static func chunk(_ bytes: [UInt8]) -> ScriptedServer.Step {
        .bytes(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [13, 10])
    }

    /// A chunk that is one server-sent event.
    public static func event(_ data: String) -> ScriptedServer.Step { .chunk(Array("data: \(data)\n\n".utf8)) }

    /// The end of a body in chunks.
    public static var endOfChunks: ScriptedServer.Step { .text("0\r\n\r\n") }

    /// A whole reply with status 200.
    public static func reply(_ body: String, type: String = "application/json") -> ScriptedServer.Step {
        reply(200, body, type: type)
    }

    /// A whole reply.
    public static func reply(
        _ status: Int, _ body: String, type: String = "application/json",
        headers: KeyValuePairs<String, String> = [:]
    ) -> ScriptedServer.Step {
        let more = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return .text(
            "HTTP/1.1 \(status) Status\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\n\(more)\r\n\(body)"
        )
    }
}

/// Pieces of a completion as endpoints stream them.
public enum CompletionPiece {
    /// A piece of a conversation's answer, with its log-probabilities where given: of the token, then of the likeliest.
    public static func text(
        _ text: String, logProbability: Double? = nil, top: KeyValuePairs<String, Double> = [:], model: String = "m"
    ) -> String {
        var told = "null"
        if let logProbability {
            let likeliest = top.map { #"{"token":\#(quoted($0.key)),"logprob":\#($0.value)}"# }
            told =
                #"{"content":[{"token":\#(quoted(text)),"logprob":\#(logProbability),"top_logprobs":[\#(likeliest.joined(separator: ","))]}]}"#
        }
        return
            #"{"id":"c","model":"\#(model)","choices":[{"index":0,"delta":{"content":\#(quoted(text))},"logprobs":\#(told),"finish_reason":null}]}"#
    }

    /// The end.
    public static func finish(_ reason: String = "stop", model: String = "m") -> String {
        #"{"id":"c","model":"\#(model)","choices":[{"index":0,"delta":{},"finish_reason":"\#(reason)"}]}"#
    }

    /// What it took.
    public static func usage(_ prompt: Int, _ completion: Int, cached: Int = 0, model: String = "m") -> String {
        #"{"id":"c","model":"\#(model)","choices":[],"usage":{"prompt_tokens":\#(prompt),"completion_tokens":\#(completion),"prompt_tokens_details":{"cached_tokens":\#(cached)}}}"#
    }

    /// A whole streamed answer of these pieces.
    public static func answer(
        _ texts: [String], model: String = "m", prompt: Int = 7, headers: KeyValuePairs<String, String> = [:]
    ) -> [ScriptedServer.Step] {
        [.streamHead(headers: headers)] + texts.map { .event(text($0, model: model)) } + [
            .event(finish(model: model)), .event(usage(prompt, texts.count, model: model)), .event("[DONE]"),
            .endOfChunks,
        ]
    }

    /// `text` as JSON writes it.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case ..<" ": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
