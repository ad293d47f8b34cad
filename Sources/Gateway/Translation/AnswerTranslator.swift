import NIOCore

/// Says answers of chat completions as another interface has them: whole ones, or event by event.
protocol AnswerTranslator: Sendable {
    /// A whole answer.
    func whole(_ answer: ByteBuffer) throws(StageError) -> ByteBuffer
    /// The next bytes of a stream; `pass` gets what the client is to get.
    mutating func stream(_ bytes: ByteBuffer, into pass: inout ByteBuffer) throws(StageError)
    /// The end of a stream.
    mutating func end(into pass: inout ByteBuffer) throws(StageError)
    /// How many events of a stream have been written, where the interface counts them.
    var eventCount: Int { get }
}

extension AnswerTranslator {
    var eventCount: Int { 0 }
}

/// A chat completion, as far as other interfaces can say it.
struct ChatAnswer: Sendable {
    struct Call: Sendable {
        var id: String
        var name: String
        var arguments: String
    }

    var id = ""
    var model = ""
    var text: String?
    var refusal: String?
    var calls: [Call] = []
    var finish = "stop"
    /// The stop that ended it, where the stage says so.
    var stop: String?
    var counts = TokenCounts()

    init() {}

    init(_ bytes: ByteBuffer) throws(StageError) {
        do throws(JSONFault) {
            let tree = try JSONTree(bytes)
            guard let choice = tree["choices"]?.elements?.first, let message = choice["message"] else {
                throw JSONFault(position: 0, reason: "there is no choice with a message")
            }
            id = tree["id"]?.text ?? ""
            model = tree["model"]?.text ?? ""
            text = message["content"]?.text
            refusal = message["refusal"]?.text
            for call in message["tool_calls"]?.elements ?? [] {
                calls.append(
                    Call(
                        id: call["id"]?.text ?? "", name: call["function"]?["name"]?.text ?? "",
                        arguments: call["function"]?["arguments"]?.text ?? "{}"))
            }
            finish = choice["finish_reason"]?.text ?? "stop"
            stop = choice["stop_reason"]?.text
            counts = try ReplyFields(bytes).usage ?? TokenCounts()
        } catch {
            throw .badReply(reason: error.description)
        }
    }
}

/// A piece of a streamed chat completion.
struct ChatPiece: Sendable {
    struct Call: Sendable {
        var index: Int
        var id: String?
        var name: String?
        var arguments: String
    }

    var id: String?
    var model: String?
    var text: String?
    var calls: [Call] = []
    var finish: String?
    var stop: String?
    var counts: TokenCounts?

    init(_ bytes: ByteBuffer) throws(StageError) {
        do throws(JSONFault) {
            let tree = try JSONTree(bytes)
            id = tree["id"]?.text
            model = tree["model"]?.text
            counts = try ReplyFields(bytes).usage
            guard let choice = tree["choices"]?.elements?.first else { return }
            let delta = choice["delta"]
            text = delta?["content"]?.text ?? delta?["refusal"]?.text
            for call in delta?["tool_calls"]?.elements ?? [] {
                calls.append(
                    Call(
                        index: Int(bounding: call["index"]?.number ?? 0), id: call["id"]?.text,
                        name: call["function"]?["name"]?.text, arguments: call["function"]?["arguments"]?.text ?? ""))
            }
            finish = choice["finish_reason"]?.text
            stop = choice["stop_reason"]?.text
        } catch {
            throw .badReply(reason: error.description)
        }
    }
}

extension ByteBuffer {
    /// Writes an event with a name.
    mutating func writeEvent(_ name: String, _ data: JSONTree) {
        writeString("event: \(name)\ndata: ")
        data.write(into: &self)
        writeStaticString("\n\n")
    }
}
