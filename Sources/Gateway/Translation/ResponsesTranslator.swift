import Foundation
import NIOCore

/// Answers of chat completions as OpenAI's Responses interface has them.
struct ResponsesTranslator: AnswerTranslator {
    /// What ids are made from: `resp_...`, `msg_...`, `fc_...`.
    let id: String
    /// What of the request stands in its response again.
    private let echoed: [(String, JSONTree?)]
    private let created = Int(Date().timeIntervalSince1970)
    private var splitter = EventSplitter()
    private var sequence = 0
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
        echoed = [
            ("instructions", tree["instructions"] ?? .null), ("max_output_tokens", tree["max_output_tokens"] ?? .null),
            ("metadata", tree["metadata"] ?? [:]), ("parallel_tool_calls", tree["parallel_tool_calls"] ?? true),
            ("previous_response_id", .null),
            ("reasoning", tree["reasoning"] ?? ["effort": .null, "summary": .null]), ("store", false),
            ("temperature", tree["temperature"] ?? .number(1)), ("text", tree["text"] ?? ["format": ["type": "text"]]),
            ("tool_choice", tree["tool_choice"] ?? "auto"), ("tools", tree["tools"] ?? []),
            ("top_p", tree["top_p"] ?? .number(1)), ("truncation", "disabled"), ("user", tree["user"] ?? .null),
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
        [
            "id": "msg_\(id)_\(index)", "type": "message", "status": isDone ? "completed" : "in_progress",
            "role": "assistant", "content": isDone ? [Self.part(text)] : [],
        ]
    }

    private static func part(_ text: String) -> JSONTree {
        ["type": "output_text", "text": .string(text), "annotations": [], "logprobs": []]
    }

    private func call(_ call: String, _ name: String, _ arguments: String, _ index: Int, isDone: Bool) -> JSONTree {
        [
            "id": "fc_\(id)_\(index)", "type": "function_call", "status": isDone ? "completed" : "in_progress",
            "call_id": .string(call), "name": .string(name), "arguments": .string(arguments),
        ]
    }

    private func response(
        _ model: String, _ output: [JSONTree], status: String, _ finish: String?, _ counts: TokenCounts?
    ) -> JSONTree {
        var members: [(String, JSONTree?)] = [
            ("id", "resp_\(id)"), ("object", "response"), ("created_at", .number(Double(created))),
            ("status", .string(status)), ("error", .null),
            (
                "incomplete_details",
                status == "incomplete"
                    ? ["reason": finish == "length" ? "max_output_tokens" : "content_filter"] : .null
            ), ("model", .string(model)), ("output", .array(output)),
        ]
        members += echoed
        members.append(
            (
                "usage",
                counts.map { counts in
                    [
                        "input_tokens": .number(counts.read),
                        "input_tokens_details": ["cached_tokens": .number(counts.cached)],
                        "output_tokens": .number(counts.written), "output_tokens_details": ["reasoning_tokens": 0],
                        "total_tokens": .number(counts.read + counts.written),
                    ]
                } ?? .null
            ))
        return .members(members)
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

    private mutating func write(_ name: String, _ members: [(String, JSONTree?)], into pass: inout ByteBuffer) {
        pass.writeEvent(
            name, .members([("type", .string(name)), ("sequence_number", .number(Double(sequence)))] + members))
        sequence += 1
    }

    private mutating func take(_ event: EventSplitter.Event, into pass: inout ByteBuffer) throws(StageError) {
        if event.isDone { return close(into: &pass) }
        guard let data = event.data else { return }
        let piece = try ChatPiece(data)
        if !hasBegun {
            hasBegun = true
            model = piece.model ?? ""
            let begun = response(model, [], status: "in_progress", nil, nil)
            write("response.created", [("response", begun)], into: &pass)
            write("response.in_progress", [("response", begun)], into: &pass)
        }
        if let text = piece.text, !text.isEmpty { add(text, into: &pass) }
        for call in piece.calls { try add(call, into: &pass) }
        if let reason = piece.finish { finish = reason }
        if let told = piece.counts { counts = told }
    }

    private var place: [(String, JSONTree?)] { [("output_index", .number(Double(output.count)))] }

    private func itemPlace(_ kind: String) -> [(String, JSONTree?)] {
        [("item_id", "\(kind)_\(id)_\(output.count)")] + place
    }

    private mutating func add(_ text: String, into pass: inout ByteBuffer) {
        var said = ""
        if case .text(let before)? = open {
            said = before
        } else {
            closeItem(into: &pass)
            write(
                "response.output_item.added", place + [("item", message("", output.count, isDone: false))], into: &pass)
            write(
                "response.content_part.added", itemPlace("msg") + [("content_index", 0), ("part", Self.part(""))],
                into: &pass)
        }
        open = .text(said + text)
        write(
            "response.output_text.delta",
            itemPlace("msg") + [("content_index", 0), ("delta", .string(text)), ("logprobs", [])], into: &pass)
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
            write(
                "response.output_item.added", place + [("item", call(id, name, "", output.count, isDone: false))],
                into: &pass)
        }
        if !piece.arguments.isEmpty {
            write(
                "response.function_call_arguments.delta", itemPlace("fc") + [("delta", .string(piece.arguments))],
                into: &pass)
        }
    }

    private mutating func closeItem(into pass: inout ByteBuffer) {
        switch open {
        case nil: return
        case .text(let text)?:
            write(
                "response.output_text.done",
                itemPlace("msg") + [("content_index", 0), ("text", .string(text)), ("logprobs", [])], into: &pass)
            write(
                "response.content_part.done", itemPlace("msg") + [("content_index", 0), ("part", Self.part(text))],
                into: &pass)
            finish(message(text, output.count, isDone: true), into: &pass)
        case .call(_, let id, let name, let arguments)?:
            write(
                "response.function_call_arguments.done",
                itemPlace("fc") + [("name", .string(name)), ("arguments", .string(arguments))], into: &pass)
            finish(call(id, name, arguments, output.count, isDone: true), into: &pass)
        }
    }

    private mutating func finish(_ item: JSONTree, into pass: inout ByteBuffer) {
        write("response.output_item.done", place + [("item", item)], into: &pass)
        output.append(item)
        open = nil
    }

    private mutating func close(into pass: inout ByteBuffer) {
        guard hasBegun, !isOver else { return }
        isOver = true
        closeItem(into: &pass)
        let status = Self.status(finish)
        write(
            "response.\(status)", [("response", response(model, output, status: status, finish, counts))], into: &pass)
    }
}
