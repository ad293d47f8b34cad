import NIOCore

/// Requests of OpenAI's Responses interface, said as chat completions.
///
/// Carried over: texts, images, functions with their schemas, calls and results, formats, sampling. What a provider keeps
/// (earlier responses, conversations, work in the background) and the tools that it runs have no counterpart and are refused.
enum ResponsesRequest {
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
                "model", "input", "instructions", "max_output_tokens", "temperature", "top_p", "parallel_tool_calls",
                "user", "metadata", "store", "tools", "tool_choice", "text", "reasoning", "stream", "stream_options",
                "service_tier", "prompt_cache_key", "safety_identifier", "truncation", "include", "background",
            ], at: "")
        if request["background"]?.flag == true { throw .unknown("background") }
        if let cut = request["truncation"]?.text, cut != "disabled" { throw .unknown("truncation") }
        if let include = request["include"]?.elements, !include.isEmpty { throw .unknown("include") }
        var messages: [JSONTree] = []
        if let instructions = request["instructions"] {
            messages.append(["role": "system", "content": instructions])
        }
        switch request["input"] {
        case .string(let text)?: messages.append(["role": "user", "content": .string(text)])
        case .array(let items)?:
            for (index, item) in items.enumerated() { try add(item, at: "input.\(index)", to: &messages) }
        default: throw TranslationError(place: "input", reason: "a text or a list is expected")
        }
        var tools: JSONTree?
        if let offered = request["tools"]?.elements, !offered.isEmpty {
            var list: [JSONTree] = []
            for (index, tool) in offered.enumerated() { list.append(try self.tool(tool, at: "tools.\(index)")) }
            tools = .array(list)
        }
        let choice = try request["tool_choice"].map { (tree) throws(TranslationError) in try toolChoice(tree) }
        let format = try request["text"]?["format"].flatMap { (tree) throws(TranslationError) in try self.format(tree) }
        let isStream = request["stream"]?.flag == true
        return JSONTree.members([
            ("model", request["model"]), ("messages", .array(messages)), ("max_tokens", request["max_output_tokens"]),
            ("temperature", request["temperature"]), ("top_p", request["top_p"]), ("tools", tools),
            ("tool_choice", tools == nil ? nil : choice),
            ("parallel_tool_calls", tools == nil ? nil : request["parallel_tool_calls"]),
            ("response_format", format), ("reasoning_effort", request["reasoning"]?["effort"]),
            ("verbosity", request["text"]?["verbosity"]), ("user", request["user"]),
            ("service_tier", request["service_tier"]), ("prompt_cache_key", request["prompt_cache_key"]),
            ("safety_identifier", request["safety_identifier"]), ("stream", request["stream"]),
            ("stream_options", isStream ? ["include_usage": true] : nil),
        ]).bytes
    }

    private static func add(
        _ item: JSONTree, at place: String, to messages: inout [JSONTree]
    ) throws(TranslationError) {
        switch item["type"]?.text ?? "message" {
        case "message":
            let role = try item.requiredText("role", at: place)
            guard let content = item["content"] else {
                throw TranslationError(place: "\(place).content", reason: "a text or a list is expected")
            }
            messages.append([
                "role": .string(role == "developer" ? "system" : role),
                "content": try parts(content, at: "\(place).content"),
            ])
        case "function_call":
            let call: JSONTree = [
                "id": .string(try item.requiredText("call_id", at: place)), "type": "function",
                "function": [
                    "name": .string(try item.requiredText("name", at: place)),
                    "arguments": .string(try item.requiredText("arguments", at: place)),
                ],
            ]
            // Calls of one turn belong to one message, and to what the model said in that turn.
            if case .object(var members)? = messages.last, messages.last?["role"]?.text == "assistant" {
                let place = members.firstIndex { $0.name == "tool_calls" }
                if let place, case .array(let calls) = members[place].value {
                    members[place].value = .array(calls + [call])
                } else {
                    members.append(JSONTree.Member("tool_calls", .array([call])))
                }
                messages[messages.count - 1] = .object(members)
            } else {
                messages.append(["role": "assistant", "content": .null, "tool_calls": [call]])
            }
        case "function_call_output":
            guard let output = item["output"] else { throw .unknown("\(place).output") }
            messages.append([
                "role": "tool", "tool_call_id": .string(try item.requiredText("call_id", at: place)),
                "content": try parts(output, at: "\(place).output"),
            ])
        default: throw .unknown("\(place).type")
        }
    }

    private static func parts(_ content: JSONTree, at place: String) throws(TranslationError) -> JSONTree {
        guard let blocks = content.elements else { return content }
        var parts: [JSONTree] = []
        for (index, block) in blocks.enumerated() {
            let here = "\(place).\(index)"
            switch block["type"]?.text {
            case "input_text", "output_text", "text":
                parts.append(["type": "text", "text": .string(try block.requiredText("text", at: here))])
            case "input_image":
                parts.append([
                    "type": "image_url",
                    "image_url": .members([
                        ("url", .string(try block.requiredText("image_url", at: here))), ("detail", block["detail"]),
                    ]),
                ])
            default: throw .unknown(here)
            }
        }
        let isPlain = parts.count == 1 && parts[0]["type"]?.text == "text"
        return isPlain ? parts[0]["text"] ?? .string("") : .array(parts)
    }

    private static func tool(_ tool: JSONTree, at place: String) throws(TranslationError) -> JSONTree {
        guard tool["type"]?.text == "function" else { throw .unknown("\(place).type") }
        return [
            "type": "function",
            "function": .members([
                ("name", .string(try tool.requiredText("name", at: place))), ("description", tool["description"]),
                ("parameters", tool["parameters"]), ("strict", tool["strict"]),
            ]),
        ]
    }

    private static func toolChoice(_ choice: JSONTree) throws(TranslationError) -> JSONTree {
        if choice.text != nil { return choice }
        guard choice["type"]?.text == "function" else { throw .unknown("tool_choice.type") }
        return ["type": "function", "function": ["name": .string(try choice.requiredText("name", at: "tool_choice"))]]
    }

    private static func format(_ format: JSONTree) throws(TranslationError) -> JSONTree? {
        switch format["type"]?.text {
        case "text": return nil
        case "json_object": return ["type": "json_object"]
        case "json_schema":
            return [
                "type": "json_schema",
                "json_schema": .members([
                    ("name", format["name"]), ("description", format["description"]), ("schema", format["schema"]),
                    ("strict", format["strict"]),
                ]),
            ]
        default: throw .unknown("text.format.type")
        }
    }
}
