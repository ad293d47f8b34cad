import NIOCore

/// Requests of Anthropic's Messages interface, said as chat completions.
///
/// Carried over: texts, images, tools with their schemas, calls of tools and their results, the choice of tools, stops and
/// sampling. Marks for caching, whether a tool's result is an error, what a model thought before and the tier of service have no
/// counterpart and are left out; everything else that has none is refused.
enum MessagesRequest {
    /// The request as chat completions have it.
    static func chat(_ body: ByteBuffer) throws(TranslationError) -> ByteBuffer {
        let request: JSONTree
        do throws(JSONFault) {
            request = try JSONTree(body)
        } catch {
            throw TranslationError(place: "body", reason: error.description)
        }
        try request.allow(
            [
                "model", "max_tokens", "messages", "system", "metadata", "stop_sequences", "stream", "temperature",
                "top_p", "tools", "tool_choice", "thinking", "service_tier",
            ], at: "")
        if let thinking = request["thinking"], thinking["type"]?.text != "disabled" {
            throw .unknown("thinking")
        }
        guard let limit = request["max_tokens"], limit.number != nil else {
            throw TranslationError(place: "max_tokens", reason: "a number is expected")
        }
        var messages: [JSONTree] = []
        if let system = request["system"] {
            messages.append(["role": "system", "content": try texts(system, at: "system")])
        }
        guard let said = request["messages"]?.elements else {
            throw TranslationError(place: "messages", reason: "a list is expected")
        }
        for (index, message) in said.enumerated() { try add(message, at: "messages.\(index)", to: &messages) }
        let isStream = request["stream"]?.flag == true
        var tools: JSONTree?
        if let offered = request["tools"]?.elements, !offered.isEmpty {
            var list: [JSONTree] = []
            for (index, tool) in offered.enumerated() { list.append(try self.tool(tool, at: "tools.\(index)")) }
            tools = .array(list)
        }
        let choice = try request["tool_choice"].map { (tree) throws(TranslationError) in try toolChoice(tree) }
        let isParallel = request["tool_choice"]?["disable_parallel_tool_use"]?.flag == true ? false : nil as Bool?
        return JSONTree.members([
            ("model", request["model"]), ("messages", .array(messages)), ("max_tokens", limit),
            ("temperature", request["temperature"]), ("top_p", request["top_p"]), ("stop", request["stop_sequences"]),
            ("user", request["metadata"]?["user_id"]), ("tools", tools), ("tool_choice", tools == nil ? nil : choice),
            ("parallel_tool_calls", isParallel.map { $0 ? true : false }), ("stream", request["stream"]),
            ("stream_options", isStream ? ["include_usage": true] : nil),
        ]).bytes
    }

    /// A text, or blocks of texts as parts.
    private static func texts(_ tree: JSONTree, at place: String) throws(TranslationError) -> JSONTree {
        if tree.text != nil { return tree }
        guard let blocks = tree.elements else {
            throw TranslationError(place: place, reason: "a text or a list of texts is expected")
        }
        var parts: [JSONTree] = []
        for (index, block) in blocks.enumerated() {
            guard block["type"]?.text == "text" else { throw .unknown("\(place).\(index)") }
            parts.append(["type": "text", "text": .string(try block.requiredText("text", at: "\(place).\(index)"))])
        }
        return parts.count == 1 ? parts[0]["text"] ?? .string("") : .array(parts)
    }

    private static func add(
        _ message: JSONTree, at place: String, to messages: inout [JSONTree]
    ) throws(TranslationError) {
        let role = try message.requiredText("role", at: place)
        guard role == "user" || role == "assistant" else { throw .unknown("\(place).role") }
        guard let content = message["content"] else {
            throw TranslationError(place: "\(place).content", reason: "a text or a list is expected")
        }
        if content.text != nil {
            messages.append(["role": .string(role), "content": content])
            return
        }
        var parts: [JSONTree] = []
        var calls: [JSONTree] = []
        for (index, block) in (content.elements ?? []).enumerated() {
            let here = "\(place).content.\(index)"
            switch block["type"]?.text {
            case "text":
                parts.append(["type": "text", "text": .string(try block.requiredText("text", at: here))])
            case "image" where role == "user":
                parts.append(["type": "image_url", "image_url": ["url": .string(try imageAddress(block, at: here))]])
            case "tool_use" where role == "assistant":
                calls.append([
                    "id": .string(try block.requiredText("id", at: here)), "type": "function",
                    "function": [
                        "name": .string(try block.requiredText("name", at: here)),
                        "arguments": .string(String(buffer: (block["input"] ?? [:]).bytes)),
                    ],
                ])
            case "tool_result" where role == "user":
                // Results come before what the user says beside them.
                messages.append([
                    "role": "tool", "tool_call_id": .string(try block.requiredText("tool_use_id", at: here)),
                    "content": try block["content"].map { (tree) throws(TranslationError) in
                        try texts(tree, at: "\(here).content")
                    } ?? "",
                ])
            // What a model thought to itself is for that model alone.
            case "thinking", "redacted_thinking": continue
            default: throw .unknown(here)
            }
        }
        guard !parts.isEmpty || !calls.isEmpty else { return }
        let isPlain = parts.count == 1 && parts[0]["type"]?.text == "text"
        messages.append(
            .members([
                ("role", .string(role)),
                ("content", isPlain ? parts[0]["text"] : parts.isEmpty ? .null : .array(parts)),
                ("tool_calls", calls.isEmpty ? nil : .array(calls)),
            ]))
    }

    private static func imageAddress(_ block: JSONTree, at place: String) throws(TranslationError) -> String {
        guard let source = block["source"] else { throw .unknown("\(place).source") }
        switch source["type"]?.text {
        case "url": return try source.requiredText("url", at: "\(place).source")
        case "base64":
            let kind = try source.requiredText("media_type", at: "\(place).source")
            return "data:\(kind);base64,\(try source.requiredText("data", at: "\(place).source"))"
        default: throw .unknown("\(place).source")
        }
    }

    private static func tool(_ tool: JSONTree, at place: String) throws(TranslationError) -> JSONTree {
        guard tool["type"] == nil || tool["type"]?.text == "custom" else { throw .unknown("\(place).type") }
        try tool.allow(["type", "name", "description", "input_schema", "cache_control"], at: place)
        return [
            "type": "function",
            "function": .members([
                ("name", .string(try tool.requiredText("name", at: place))), ("description", tool["description"]),
                ("parameters", tool["input_schema"]),
            ]),
        ]
    }

    private static func toolChoice(_ choice: JSONTree) throws(TranslationError) -> JSONTree {
        switch choice["type"]?.text {
        case "auto": return "auto"
        case "any": return "required"
        case "none": return "none"
        case "tool":
            return [
                "type": "function", "function": ["name": .string(try choice.requiredText("name", at: "tool_choice"))],
            ]
        default: throw .unknown("tool_choice.type")
        }
    }
}
