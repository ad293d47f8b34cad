import NIOCore

/// Answers of chat completions as Anthropic's Messages interface has them.
struct MessagesTranslator: AnswerTranslator {
    /// The message's id, `msg_...`.
    let id: String
    private var splitter = EventSplitter()
    private var hasBegun = false
    private var isOver = false
    /// The block that is being written, by its place: text, or the call with this index.
    private var block: Block?
    private var blocks = 0
    private var callsBegun: Set<Int> = []
    private var finish = "stop"
    private var stop: String?
    private var counts = TokenCounts()

    private enum Block: Sendable, Hashable {
        case text
        case call(Int)
    }

    init(id: String) { self.id = id }

    func whole(_ answer: ByteBuffer) throws(StageError) -> ByteBuffer {
        let chat = try ChatAnswer(answer)
        var content: [JSONTree] = []
        if let text = chat.text ?? chat.refusal, !text.isEmpty || chat.calls.isEmpty {
            content.append(["type": "text", "text": .string(text)])
        }
        for call in chat.calls {
            content.append([
                "type": "tool_use", "id": .string(call.id), "name": .string(call.name),
                "input": try Self.input(call.arguments),
            ])
        }
        return JSONTree.members([
            ("id", .string(id)), ("type", "message"), ("role", "assistant"), ("model", .string(chat.model)),
            ("content", .array(content)),
            ("stop_reason", .string(Self.reason(chat.finish, chat.stop, calls: !chat.calls.isEmpty))),
            ("stop_sequence", chat.stop.map { .string($0) } ?? .null), ("usage", Self.usage(chat.counts)),
        ]).bytes
    }

    private static func input(_ arguments: String) throws(StageError) -> JSONTree {
        guard !arguments.isEmpty else { return [:] }
        do throws(JSONFault) {
            let tree = try JSONTree(ByteBuffer(string: arguments))
            if tree.members != nil { return tree }
        } catch {}
        throw .badReply(reason: "the arguments of a tool's call are no JSON object")
    }

    private static func reason(_ finish: String, _ stop: String?, calls: Bool) -> String {
        switch finish {
        case "length": "max_tokens"
        case "tool_calls", "function_call": "tool_use"
        case "content_filter": "refusal"
        default: stop != nil ? "stop_sequence" : calls ? "tool_use" : "end_turn"
        }
    }

    private static func usage(_ counts: TokenCounts) -> JSONTree {
        [
            "input_tokens": .number(max(0, counts.read - counts.cached)), "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": .number(counts.cached), "output_tokens": .number(counts.written),
        ]
    }

    // MARK: - Streams

    mutating func stream(_ bytes: ByteBuffer, into pass: inout ByteBuffer) throws(StageError) {
        splitter.append(bytes)
        while let event = splitter.next() { try take(event, into: &pass) }
    }

    mutating func end(into pass: inout ByteBuffer) throws(StageError) {
        if let event = splitter.rest() { try take(event, into: &pass) }
        close(into: &pass)
    }

    private mutating func take(_ event: EventSplitter.Event, into pass: inout ByteBuffer) throws(StageError) {
        if event.isDone { return close(into: &pass) }
        guard let data = event.data else { return }
        let piece = try ChatPiece(data)
        if !hasBegun {
            hasBegun = true
            pass.writeEvent(
                "message_start",
                [
                    "type": "message_start",
                    "message": [
                        "id": .string(id), "type": "message", "role": "assistant", "model": .string(piece.model ?? ""),
                        "content": [], "stop_reason": .null, "stop_sequence": .null,
                        "usage": Self.usage(piece.counts ?? TokenCounts()),
                    ],
                ])
        }
        if let text = piece.text, !text.isEmpty {
            try open(.text, ["type": "text", "text": ""], into: &pass)
            delta(["type": "text_delta", "text": .string(text)], into: &pass)
        }
        for call in piece.calls {
            try open(
                .call(call.index),
                [
                    "type": "tool_use", "id": .string(call.id ?? ""), "name": .string(call.name ?? ""), "input": [:],
                ], into: &pass)
            if !call.arguments.isEmpty {
                delta(["type": "input_json_delta", "partial_json": .string(call.arguments)], into: &pass)
            }
        }
        if let reason = piece.finish { finish = reason }
        if let text = piece.stop { stop = text }
        if let told = piece.counts { counts = told }
    }

    private mutating func open(_ next: Block, _ content: JSONTree, into pass: inout ByteBuffer) throws(StageError) {
        if block == next { return }
        if case .call(let index) = next, !callsBegun.insert(index).inserted {
            throw .badReply(reason: "the pieces of two tool calls are mixed")
        }
        closeBlock(into: &pass)
        block = next
        pass.writeEvent(
            "content_block_start",
            ["type": "content_block_start", "index": .number(Double(blocks)), "content_block": content])
        blocks += 1
    }

    private func delta(_ delta: JSONTree, into pass: inout ByteBuffer) {
        pass.writeEvent(
            "content_block_delta",
            ["type": "content_block_delta", "index": .number(Double(blocks - 1)), "delta": delta])
    }

    private mutating func closeBlock(into pass: inout ByteBuffer) {
        guard block != nil else { return }
        block = nil
        pass.writeEvent(
            "content_block_stop", ["type": "content_block_stop", "index": .number(Double(blocks - 1))])
    }

    private mutating func close(into pass: inout ByteBuffer) {
        guard hasBegun, !isOver else { return }
        isOver = true
        closeBlock(into: &pass)
        pass.writeEvent(
            "message_delta",
            [
                "type": "message_delta",
                "delta": [
                    "stop_reason": .string(Self.reason(finish, stop, calls: !callsBegun.isEmpty)),
                    "stop_sequence": stop.map { .string($0) } ?? .null,
                ],
                "usage": Self.usage(counts),
            ])
        pass.writeEvent("message_stop", ["type": "message_stop"])
    }
}
