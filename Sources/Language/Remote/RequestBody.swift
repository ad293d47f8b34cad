import Foundation

/// A generation request as an OpenAI-compatible endpoint reads it.
struct RequestBody {
    /// Where it goes, after the endpoint's address.
    let path: String
    /// The JSON.
    let text: String

    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` for what can't be said in the endpoint's dialect: nothing
    ///   that was asked for is left out silently.
    init(_ request: GenerationRequest, for model: RemoteLanguageModel) throws(LanguageError) {
        let dialect = model.client.endpoint.dialect
        var members: [OrderedJSON.Member] = []
        func add(_ name: String, _ value: OrderedJSON) { members.append(OrderedJSON.Member(name: name, value: value)) }
        add("model", .string(model.model))
        switch request.prompt {
        case .chat(let messages):
            guard !messages.isEmpty else {
                throw .improperParameter(name: "messages", value: "none", expected: "at least one message")
            }
            path = "/chat/completions"
            add("messages", .array(messages.map(Self.message)))
        case .text(let text):
            path = "/completions"
            add("prompt", .string(text))
        }
        let isChat = path == "/chat/completions"
        add(model.lengthParameter, .number("\(request.maximumTokens)"))
        for (name, value) in try Self.sampling(request.sampling, dialect, model.name) { add(name, value) }
        // More than four are refused by some; what they don't see is looked for here.
        if !request.stops.isEmpty { add("stop", .array(request.stops.prefix(4).map(OrderedJSON.string))) }
        // 31 bits, because not every endpoint takes more.
        add("seed", .number("\(request.seed & 0x7FFF_FFFF)"))
        add("stream", .bool(true))
        add("stream_options", .object([OrderedJSON.Member(name: "include_usage", value: .bool(true))]))
        if model.capabilities.probabilities >= .chosenToken {
            var count = 0
            if case .topTokens(let told) = model.capabilities.probabilities { count = told }
            if isChat {
                add("logprobs", .bool(true))
                add("top_logprobs", .number("\(min(count, 20))"))
            } else {
                add("logprobs", .number("\(dialect == .openAI ? min(count, 5) : count)"))
            }
        }
        if !request.tools.isEmpty {
            guard isChat else {
                throw .unsupported(
                    model: model.name, what: "tools are called in conversations only",
                    remedy: "Ask it with messages instead of a plain text.")
            }
            add("tools", .array(try request.tools.map { tool throws(LanguageError) in try Self.tool(tool) }))
            add("tool_choice", Self.choice(request.toolChoice))
        }
        if let constraint = request.constraint {
            for (name, value) in try Self.constraint(constraint, isChat, dialect, model.name) { add(name, value) }
        }
        text = OrderedJSON.object(members).text
    }

    private static func object(_ members: KeyValuePairs<String, OrderedJSON>) -> OrderedJSON {
        .object(members.map { OrderedJSON.Member(name: $0.key, value: $0.value) })
    }

    private static func message(_ message: ChatMessage) -> OrderedJSON {
        var members = [
            OrderedJSON.Member(name: "role", value: .string(message.role)),
            OrderedJSON.Member(name: "content", value: .string(message.content)),
        ]
        if let calls = message.toolCalls {
            let values = calls.map { call in
                object([
                    "id": .string(call.id), "type": .string("function"),
                    "function": object(["name": .string(call.name), "arguments": .string(call.arguments)]),
                ])
            }
            members.append(OrderedJSON.Member(name: "tool_calls", value: .array(values)))
        }
        if let id = message.toolCallID { members.append(OrderedJSON.Member(name: "tool_call_id", value: .string(id))) }
        return .object(members)
    }

    private static func tool(_ tool: ToolDescription) throws(LanguageError) -> OrderedJSON {
        let schema = try OrderedJSON(tool.parameters, kind: "parameters of the tool \(tool.name)")
        guard case .object = schema, !tool.name.isEmpty else {
            throw .improperParameter(
                name: "tool \(tool.name)", value: tool.parameters, expected: "a name, and the JSON schema of an object")
        }
        return object([
            "type": .string("function"),
            "function": object([
                "name": .string(tool.name), "description": .string(tool.summary), "parameters": schema,
            ]),
        ])
    }

    private static func choice(_ choice: ToolChoice) -> OrderedJSON {
        switch choice {
        case .automatic: .string("auto")
        case .none: .string("none")
        case .required: .string("required")
        case .tool(let name):
            object(["type": .string("function"), "function": object(["name": .string(name)])])
        }
    }

    private static func sampling(
        _ sampling: SamplingParameters, _ dialect: RemoteEndpoint.Dialect, _ model: String
    ) throws(LanguageError) -> [(String, OrderedJSON)] {
        func number(_ value: Double) -> OrderedJSON { .number("\(value)") }
        // All are said, because an endpoint's own defaults need not be ours.
        var values: [(String, OrderedJSON)] = [
            ("temperature", number(sampling.temperature)), ("top_p", number(sampling.topP)),
        ]
        if sampling.frequencyPenalty != 0 { values.append(("frequency_penalty", number(sampling.frequencyPenalty))) }
        if sampling.presencePenalty != 0 { values.append(("presence_penalty", number(sampling.presencePenalty))) }
        func refuse(_ what: String) throws(LanguageError) {
            throw .unsupported(
                model: model, what: "its endpoint is not known to understand \(what)",
                remedy: "Leave it out; or say that it is a llama-server, or use a model in this process.")
        }
        if !sampling.bias.isEmpty { try refuse("a bias on tokens, whose numbers are not known here") }
        if sampling.mirostat != nil { try refuse("mirostat as it is defined here") }
        switch dialect {
        case .openAI:
            let plain = SamplingParameters()
            if sampling.topK != nil { try refuse("top-k") }
            if sampling.minP > 0 { try refuse("min-p") }
            if sampling.typicalP < 1 { try refuse("typical sampling") }
            if sampling.repetitionPenalty != plain.repetitionPenalty { try refuse("a repetition penalty") }
        case .llamaServer:
            values += [
                ("top_k", .number("\(sampling.topK ?? 0)")), ("min_p", number(sampling.minP)),
                ("typical_p", number(sampling.typicalP)), ("repeat_penalty", number(sampling.repetitionPenalty)),
                ("repeat_last_n", .number("\(sampling.penaltyWindow)")),
            ]
        }
        return values
    }

    private static func constraint(
        _ constraint: TextConstraint, _ isChat: Bool, _ dialect: RemoteEndpoint.Dialect, _ model: String
    ) throws(LanguageError) -> [(String, OrderedJSON)] {
        switch constraint {
        case .jsonSchema(let text):
            let schema = try OrderedJSON(text, kind: constraint.kind)
            if isChat {
                let format = object([
                    "type": .string("json_schema"),
                    "json_schema": object(["name": .string("answer"), "strict": .bool(true), "schema": schema]),
                ])
                return [("response_format", format)]
            }
            if dialect == .llamaServer { return [("json_schema", schema)] }
        case .grammar(let text):
            if dialect == .llamaServer { return [("grammar", .string(text))] }
        case .regularExpression, .words: break
        }
        throw .unsupported(
            model: model,
            what: "its endpoint can't hold a text to a \(constraint.kind)\(isChat ? "" : " outside a conversation")",
            remedy: "Ask in a conversation for a JSON schema, or use a model in this process.")
    }
}
