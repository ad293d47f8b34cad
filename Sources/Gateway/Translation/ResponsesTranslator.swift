import Foundation
import NIOCore

/// Answers of chat completions as OpenAI's Responses interface has them.
struct ResponsesTranslator: AnswerTranslator {
    /// What ids are made from: `resp_...`, `msg_...`, `fc_...`.
    let id: String
    /// What of the request stands in its response again.
    private let echoed: [JSONTree.Member]
    private let created = Int(Date().timeIntervalSince1970)
    private var splitter = EventSplitter()
    private(set) var eventCount = 0
    private var hasBegun = false
    private var isOver = false
    private var model = ""
    /// Finished items, and the one that is being written.
    private var output: [JSONTree] = []
    private var open: Item?
    private var callsBegun: Set<Int> = []
    private var finish = "stop"
    private var counts = TokenCounts()

    private enum Item: Sendable {
        case text(String)
        case call(Int, id: String, name: String, arguments: String)
    }

    /// - Parameter request: the request that is answered.
    init(id: String, request: ByteBuffer) {
        self.id = id
        let tree = (try? JSONTree(request)) ?? [:]
        let text: JSONTree = ["format": ["type": "text"]]
        let reasoning: JSONTree = ["effort": JSONTree.null, "summary": JSONTree.null]
        echoed = [
            .init("instructions", tree["instructions"] ?? .null),
            .init("max_output_tokens", tree["max_output_tokens"] ?? .null),
            .init("metadata", tree["metadata"] ?? .object([])),
            .init("parallel_tool_calls", tree["parallel_tool_calls"] ?? .literal("true")),
            .init("previous_response_id", .null), .init("reasoning", tree["reasoning"] ?? reasoning),
            .init("store", .literal("false")), .init("temperature", tree["temperature"] ?? .literal("1")),
            .init("text", tree["text"] ?? text), .init("tool_choice", tree["tool_choice"] ?? .string("auto")),
            .init("tools", tree["tools"] ?? .array([])), .init("top_p", tree["top_p"] ?? .literal("1")),
            .init("truncation", .string("disabled")), .init("user", tree["user"] ?? .null),
        ]
    }

    func whole(_ answer: ByteBuffer) throws(StageError) -> ByteBuffer {
        let chat = try ChatAnswer(answer)
        var items: [JSONTree] = []
        if let text = chat.text ?? chat.refusal, !text.isEmpty || chat.calls.isEmpty {
            items.append(message(text, 0, isDone: true))
        }
        for call in chat.calls {
            items.append(self.call(call.id, call.name, call.arguments, items.count, isDone: true))
        }
        return response(chat.model, items, status: Self.status(chat.finish), chat.finish, chat.counts).bytes
    }

    private static func status(_ finish: String) -> String {
        finish == "length" || finish == "content_filter" ? "incomplete" : "completed"
    }

    private func message(_ text: String, _ index: Int, isDone: Bool) -> JSONTree {
        let content: [JSONTree] = isDone ? [Self.part(text)] : []
        return .object([
            .init("id", .string("msg_\(id)_\(index)")), .init("type", .string("message")),
            .init("status", .string(isDone ? "completed" : "in_progress")), .init("role", .string("assistant")),
            .init("content", .array(content)),
        ])
    }

    private static func part(_ text: String) -> JSONTree {
        .object([
            .init("type", .string("output_text")), .init("text", .string(text)), .init("annotations", .array([])),
            .init("logprobs", .array([])),
        ])
    }

    private func call(_ call: String, _ name: String, _ arguments: String, _ index: Int, isDone: Bool) -> JSONTree {
        .object([
            .init("id", .string("fc_\(id)_\(index)")), .init("type", .string("function_call")),
            .init("status", .string(isDone ? "completed" : "in_progress")), .init("call_id", .string(call)),
            .init("name", .string(name)), .init("arguments", .string(arguments)),
        ])
    }

    private func response(
        _ model: String, _ output: [JSONTree], status: String, _ finish: String?, _ counts: TokenCounts?
    ) -> JSONTree {
        var details = JSONTree.null
        if status == "incomplete" {
            let reason = finish == "length" ? "max_output_tokens" : "content_filter"
            details = .object([.init("reason", .string(reason))])
        }
        var members: [JSONTree.Member] = [
            .init("id", .string("resp_\(id)")), .init("object", .string("response")),
            .init("created_at", .number(Double(created))), .init("status", .string(status)), .init("error", .null),
            .init("incomplete_details", details), .init("model", .string(model)), .init("output", .array(output)),
        ]
        members.append(contentsOf: echoed)
        members.append(.init("usage", counts.map(Self.usage) ?? .null))
        return .object(members)
    }

    private static func usage(_ counts: TokenCounts) -> JSONTree {
        .object([
            .init("input_tokens", .number(counts.read)),
            .init("input_tokens_details", .object([.init("cached_tokens", .number(counts.cached))])),
            .init("output_tokens", .number(counts.written)),
            .init("output_tokens_details", .object([.init("reasoning_tokens", .number(0))])),
            .init("total_tokens", .number(counts.read + counts.written)),
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

    /// Writes an event: its name and number, where it belongs, and what it says.
    private mutating func write(
        _ name: String, _ place: [JSONTree.Member], _ members: [JSONTree.Member], into pass: inout ByteBuffer
    ) {
        var all: [JSONTree.Member] = [
            .init("type", .string(name)), .init("sequence_number", .number(Double(eventCount))),
        ]
        all.append(contentsOf: place)
        all.append(contentsOf: members)
        pass.writeEvent(name, .object(all))
        eventCount += 1
    }

    private mutating func take(_ event: EventSplitter.Event, into pass: inout ByteBuffer) throws(StageError) {
        if event.isDone { return close(into: &pass) }
        guard let data = event.data else { return }
        let piece = try ChatPiece(data)
        if !hasBegun {
            hasBegun = true
            model = piece.model ?? ""
            let begun = response(model, [], status: "in_progress", nil, nil)
            write("response.created", [], [.init("response", begun)], into: &pass)
            write("response.in_progress", [], [.init("response", begun)], into: &pass)
        }
        if let text = piece.text, !text.isEmpty { add(text, into: &pass) }
        for call in piece.calls { try add(call, into: &pass) }
        if let reason = piece.finish { finish = reason }
        if let told = piece.counts { counts = told }
    }

    private var place: [JSONTree.Member] { [.init("output_index", .number(Double(output.count)))] }

    private func itemPlace(_ kind: String, isContent: Bool = false) -> [JSONTree.Member] {
        var members: [JSONTree.Member] = [.init("item_id", .string("\(kind)_\(id)_\(output.count)"))]
        members.append(contentsOf: place)
        if isContent { members.append(.init("content_index", .number(0))) }
        return members
    }

    private mutating func add(_ text: String, into pass: inout ByteBuffer) {
        var said = ""
        if case .text(let before)? = open {
            said = before
        } else {
            closeItem(into: &pass)
            let item = message("", output.count, isDone: false)
            write("response.output_item.added", place, [.init("item", item)], into: &pass)
            write(
                "response.content_part.added", itemPlace("msg", isContent: true), [.init("part", Self.part(""))],
                into: &pass)
        }
        open = .text(said + text)
        write(
            "response.output_text.delta", itemPlace("msg", isContent: true),
            [.init("delta", .string(text)), .init("logprobs", .array([]))], into: &pass)
    }

    private mutating func add(_ piece: ChatPiece.Call, into pass: inout ByteBuffer) throws(StageError) {
        if case .call(let index, let id, let name, let arguments)? = open, index == piece.index {
            open = .call(index, id: id, name: name, arguments: arguments + piece.arguments)
        } else {
            guard callsBegun.insert(piece.index).inserted else {
                throw .badReply(reason: "the pieces of two tool calls are mixed")
            }
            closeItem(into: &pass)
            let (id, name) = (piece.id ?? "", piece.name ?? "")
            open = .call(piece.index, id: id, name: name, arguments: piece.arguments)
            let item = call(id, name, "", output.count, isDone: false)
            write("response.output_item.added", place, [.init("item", item)], into: &pass)
        }
        if !piece.arguments.isEmpty {
            write(
                "response.function_call_arguments.delta", itemPlace("fc"), [.init("delta", .string(piece.arguments))],
                into: &pass)
        }
    }

    private mutating func closeItem(into pass: inout ByteBuffer) {
        switch open {
        case nil: return
        case .text(let text)?:
            write(
                "response.output_text.done", itemPlace("msg", isContent: true),
                [.init("text", .string(text)), .init("logprobs", .array([]))], into: &pass)
            write(
                "response.content_part.done", itemPlace("msg", isContent: true), [.init("part", Self.part(text))],
                into: &pass)
            finish(message(text, output.count, isDone: true), into: &pass)
        case .call(_, let id, let name, let arguments)?:
            write(
                "response.function_call_arguments.done", itemPlace("fc"),
                [.init("name", .string(name)), .init("arguments", .string(arguments))], into: &pass)
            finish(call(id, name, arguments, output.count, isDone: true), into: &pass)
        }
    }

    private mutating func finish(_ item: JSONTree, into pass: inout ByteBuffer) {
        write("response.output_item.done", place, [.init("item", item)], into: &pass)
        output.append(item)
        open = nil
    }

    private mutating func close(into pass: inout ByteBuffer) {
        guard hasBegun, !isOver else { return }
        isOver = true
        closeItem(into: &pass)
        let status = Self.status(finish)
        let whole = response(model, output, status: status, finish, counts)
        write("response.\(status)", [], [.init("response", whole)], into: &pass)
    }
}
