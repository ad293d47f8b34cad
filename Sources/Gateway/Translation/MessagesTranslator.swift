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
            content.append(Self.text(text))
        }
        for call in chat.calls {
            content.append(Self.toolUse(call.id, call.name, try Self.input(call.arguments)))
        }
        let reason = Self.reason(chat.finish, chat.stop, calls: !chat.calls.isEmpty)
        return message(chat.model, content, .string(reason), Self.stop(chat.stop), chat.counts).bytes
    }

    private func message(
        _ model: String, _ content: [JSONTree], _ reason: JSONTree, _ stop: JSONTree, _ counts: TokenCounts
    ) -> JSONTree {
        .object([
            .init("id", .string(id)), .init("type", .string("message")), .init("role", .string("assistant")),
            .init("model", .string(model)), .init("content", .array(content)), .init("stop_reason", reason),
            .init("stop_sequence", stop), .init("usage", Self.usage(counts)),
        ])
    }

    private static func stop(_ text: String?) -> JSONTree { text.map { JSONTree.string($0) } ?? JSONTree.null }

    private static func toolUse(_ id: String, _ name: String, _ input: JSONTree) -> JSONTree {
        .object([
            .init("type", .string("tool_use")), .init("id", .string(id)), .init("name", .string(name)),
            .init("input", input),
        ])
    }

    private static func text(_ text: String) -> JSONTree {
        .object([.init("type", .string("text")), .init("text", .string(text))])
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
        .object([
            .init("input_tokens", .number(max(0, counts.read - counts.cached))),
            .init("cache_creation_input_tokens", .number(0)),
            .init("cache_read_input_tokens", .number(counts.cached)), .init("output_tokens", .number(counts.written)),
        ])
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
            let begun = message(piece.model ?? "", [], .null, .null, piece.counts ?? TokenCounts())
            write("message_start", [.init("message", begun)], into: &pass)
        }
        if let text = piece.text, !text.isEmpty {
            try open(.text, Self.text(""), into: &pass)
            delta("text_delta", "text", text, into: &pass)
        }
        for call in piece.calls {
            let begun = Self.toolUse(call.id ?? "", call.name ?? "", .object([]))
            try open(.call(call.index), begun, into: &pass)
            if !call.arguments.isEmpty { delta("input_json_delta", "partial_json", call.arguments, into: &pass) }
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
        let index = JSONTree.number(Double(blocks))
        write("content_block_start", [.init("index", index), .init("content_block", content)], into: &pass)
        blocks += 1
    }

    private func write(_ name: String, _ members: [JSONTree.Member], into pass: inout ByteBuffer) {
        var all: [JSONTree.Member] = [.init("type", .string(name))]
        all.append(contentsOf: members)
        pass.writeEvent(name, .object(all))
    }

    private func delta(_ kind: String, _ name: String, _ text: String, into pass: inout ByteBuffer) {
        let delta = JSONTree.object([.init("type", .string(kind)), .init(name, .string(text))])
        let index = JSONTree.number(Double(blocks - 1))
        write("content_block_delta", [.init("index", index), .init("delta", delta)], into: &pass)
    }

    private mutating func closeBlock(into pass: inout ByteBuffer) {
        guard block != nil else { return }
        block = nil
        write("content_block_stop", [.init("index", .number(Double(blocks - 1)))], into: &pass)
    }

    private mutating func close(into pass: inout ByteBuffer) {
        guard hasBegun, !isOver else { return }
        isOver = true
        closeBlock(into: &pass)
        let reason = Self.reason(finish, stop, calls: !callsBegun.isEmpty)
        let delta = JSONTree.object([
            .init("stop_reason", .string(reason)), .init("stop_sequence", Self.stop(stop)),
        ])
        write("message_delta", [.init("delta", delta), .init("usage", Self.usage(counts))], into: &pass)
        write("message_stop", [], into: &pass)
    }
}
