import Language
import NIOCore

/// Reads a stage's answer as it passes: counts its tokens, takes out what only the gateway asked for.
struct AnswerScanner {
    /// The interface that it is said in; nil asks nothing of its form.
    let api: WireAPI?
    let wants: ReplyFields.Wants
    let strip: StageEdits.Strip
    /// Tokens, as the answer counts them.
    private(set) var counts: TokenCounts?
    /// The first choice's tokens, where they are wanted.
    var tokens: [GeneratedToken] { notes.map(\.token) }
    private var notes: [TokenNote] = []
    private(set) var tellsTokens = false
    /// The first choice's text, where it is wanted.
    private(set) var text = ""
    /// The answer's id as it is written, where the text is wanted.
    private(set) var id: ByteBuffer?
    /// The id of an answer that this one goes on with: its pieces get that id, and name no role again.
    let goesOnWith: ByteBuffer?
    /// Pieces with a choice in them: about as many as tokens.
    private(set) var pieces = 0
    /// How many choices are to come.
    private let choices: Int
    /// The choices that began, and those that ended.
    private var running: Set<Int> = []
    private var ended: Set<Int> = []
    /// Whether the stream ended as it should.
    private(set) var isDone = false
    /// An error that came in the stream.
    private(set) var fault: StageError?
    private var splitter = EventSplitter()

    init(
        api: WireAPI? = nil, wants: ReplyFields.Wants = ReplyFields.Wants(),
        strip: StageEdits.Strip = StageEdits.Strip(),
        choices: Double = 1, goesOnWith: ByteBuffer? = nil
    ) {
        var wants = wants
        wants.alternatives = strip.alternatives
        self.api = api
        self.wants = wants
        self.strip = strip
        self.choices = max(1, Int(bounding: choices))
        self.goesOnWith = goesOnWith
    }

    /// A whole answer, as the client is to get it.
    /// - Parameter read: what was read of it before, with the same wants.
    mutating func whole(_ bytes: ByteBuffer, _ read: ReplyFields? = nil) throws(StageError) -> ByteBuffer {
        let fields: ReplyFields
        if let read { fields = read } else { fields = try ReplyFields(whole: bytes, api, wants) }
        note(fields)
        return edited(bytes, fields)
    }

    /// Whether something of the answer itself came: before that, nothing of a stream is given to anybody.
    private(set) var hasAnswer = false

    /// The next bytes of a stream; `pass` gets what the client is to get of them.
    mutating func stream(_ bytes: ByteBuffer, into pass: inout ByteBuffer) {
        splitter.append(bytes)
        while fault == nil, let event = splitter.next() { take(event, into: &pass) }
        if splitter.heldBytes > 8 << 20, fault == nil { fault = .badReply(reason: "an event is longer than 8 MB") }
    }

    /// The end of a stream.
    mutating func end(into pass: inout ByteBuffer) {
        if fault == nil, let event = splitter.rest() { take(event, into: &pass) }
    }

    private mutating func take(_ event: EventSplitter.Event, into pass: inout ByteBuffer) {
        var event = event
        guard let data = event.data else {
            pass.writeBuffer(&event.bytes)
            return
        }
        if event.isDone {
            isDone = true
            pass.writeBuffer(&event.bytes)
            return
        }
        do throws(JSONFault) {
            let fields = try ReplyFields(data, wants)
            if fields.isError {
                fault = .told(data)
                return
            }
            note(fields)
            if wants.text, id == nil, let place = fields.id {
                id = data.getSlice(at: data.readerIndex + place.lowerBound, length: place.count)
            }
            if let choices = fields.choices {
                if choices > 0 {
                    pieces += 1
                } else if fields.usage != nil, strip.usage {
                    return
                }
            }
            if strip.logprobs || strip.alternatives != nil || goesOnWith != nil {
                let changed = edited(data, fields)
                pass.writeStaticString("data: ")
                pass.writeImmutableBuffer(changed)
                pass.writeStaticString("\n\n")
            } else {
                pass.writeBuffer(&event.bytes)
            }
        } catch {
            fault = .badReply(reason: error.description)
        }
    }

    private mutating func note(_ fields: ReplyFields) {
        if let usage = fields.usage {
            // Anthropic's streams tell what was read first, and what was written last.
            var most = counts ?? TokenCounts()
            most.read = max(most.read, usage.read)
            most.written = max(most.written, usage.written)
            most.cached = max(most.cached, usage.cached)
            counts = most
        }
        hasAnswer = hasAnswer || fields.beginsAnswer(api)
        switch fields.kind {
        case "message_stop", "response.completed", "response.incomplete", "response.failed": isDone = true
        case "content_block_delta", "response.output_text.delta": pieces += 1
        default: break
        }
        // Some streams end without a mark once every choice has ended.
        if !isDone, !fields.indices.isEmpty {
            running.formUnion(fields.indices)
            ended.formUnion(fields.finished)
            isDone = ended.count >= choices && ended.isSuperset(of: running)
        }
        for token in fields.tokens { notes.append(TokenNote(token)) }
        tellsTokens = tellsTokens || fields.tellsTokens
        if let text = fields.text { self.text += text }
    }

    private func edited(_ bytes: ByteBuffer, _ fields: ReplyFields) -> ByteBuffer {
        var edits = ByteEdits()
        if strip.logprobs { for place in fields.logprobs { edits.replace(place, with: "null") } }
        for place in fields.excess where !strip.logprobs { edits.remove(place) }
        if let goesOnWith {
            if let place = fields.id { edits.replace(place, with: goesOnWith) }
            for place in fields.roles { edits.replace(place, with: "null") }
        }
        return edits.applied(to: bytes)
    }
}
