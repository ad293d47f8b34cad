import NIOCore

/// What the gateway reads of a request: a handful of fields, and where they lie in its bytes.
struct RequestFields: Sendable {
    /// A value and where it lies.
    struct Place: Sendable, Equatable {
        /// The value alone.
        var value: Range<Int>
        /// The value is `true`.
        var isTrue = false
        /// The value, where it is a number.
        var number: Double?
    }

    /// The model that is asked for.
    var model = ""
    /// Where its name lies, quotes included.
    var modelPlace: Range<Int> = 0..<0
    var stream: Place?
    var streamOptions: Place?
    /// Where `include_usage` lies in the stream options.
    var includeUsage: Place?
    var logprobs: Place?
    var topLogprobs: Place?
    var choices: Place?
    /// How many answers are written for each that is wanted, at least, where the request says so.
    var bestOf: Double?
    /// The most tokens that may be written for each answer, where the request says so. Nothing and less is no bound:
    /// endpoints take -1 for that.
    var mostTokens: Double?
    /// How many prompts there are, where they are a list.
    var prompts = 1
    /// How many tokens there are of prompts and inputs that are given as tokens' numbers.
    var tokens = 0
    /// Whether tools are offered.
    var hasTools = false
    /// Whether tools were used in what was said before.
    var usesTools = false
    /// Whether the answer hangs on what a stage keeps of earlier requests, or comes later.
    var isStateful = false
    /// The last text that a user said, as far as it is plain text.
    var lastText: Range<Int>?
    var lastTextIsEscaped = false
    /// Where the list of messages, or the prompt that is one text, ends: at its bracket or quote.
    var conversationEnd: Int?
    /// Behind the opening brace.
    var opening = 0
    /// Whether the object has members.
    var hasMembers = false

    /// Whether the answer is to come as a stream.
    var streams: Bool { stream?.isTrue ?? false }

    init() {}

    /// Reads the request in `bytes`, checking all of it.
    /// - Throws: ``DoorError`` for what is not JSON, names a field twice or lacks the model.
    init(_ bytes: ByteBuffer) throws(DoorError) {
        guard bytes.isUTF8 else { throw .badRequest("The body is not UTF-8.", code: "invalid_utf8") }
        do throws(JSONFault) {
            self = try bytes.withCursor { (cursor) throws(JSONFault) in try Self.read(&cursor) }
        } catch {
            throw .badRequest("The body is not a JSON object as expected: \(error).", code: "invalid_json")
        }
        guard !modelPlace.isEmpty else {
            throw .badRequest("The request names no model: \"model\" must be a string.", parameter: "model")
        }
    }

    private static func read(_ cursor: inout JSONCursor) throws(JSONFault) -> RequestFields {
        var fields = RequestFields()
        guard cursor.peek() == UInt8(ascii: "{") else { throw cursor.fault("an object is expected") }
        fields.opening = cursor.position + 1
        try cursor.object { (name, cursor) throws(JSONFault) in
            fields.hasMembers = true
            if cursor.name(name, is: "model") {
                if !fields.modelPlace.isEmpty { throw cursor.fault("\"model\" is given twice") }
                guard cursor.peek() == UInt8(ascii: "\"") else { throw cursor.fault("\"model\" must be a string") }
                let text = try cursor.string()
                fields.model = cursor.text(text)
                fields.modelPlace = text.range.lowerBound - 1..<text.range.upperBound + 1
            } else if cursor.name(name, is: "stream") {
                try place(&fields.stream, "stream", &cursor)
            } else if cursor.name(name, is: "stream_options") {
                if fields.streamOptions != nil { throw cursor.fault("\"stream_options\" is given twice") }
                let first = cursor.peek()
                let start = cursor.position
                if first == UInt8(ascii: "{") {
                    try cursor.object { (name, cursor) throws(JSONFault) in
                        if cursor.name(name, is: "include_usage") {
                            try place(&fields.includeUsage, "include_usage", &cursor)
                        } else {
                            try cursor.skip()
                        }
                    }
                } else {
                    try cursor.skip()
                }
                fields.streamOptions = Place(value: start..<cursor.position)
            } else if cursor.name(name, is: "logprobs") {
                try place(&fields.logprobs, "logprobs", &cursor)
            } else if cursor.name(name, is: "top_logprobs") {
                try place(&fields.topLogprobs, "top_logprobs", &cursor)
            } else if cursor.name(name, is: "n") {
                try place(&fields.choices, "n", &cursor)
            } else if cursor.name(name, is: "best_of") {
                let range = try cursor.skip()
                if let number = cursor.number(range) { fields.bestOf = max(fields.bestOf ?? 0, number) }
            } else if cursor.name(name, is: "max_tokens") || cursor.name(name, is: "max_completion_tokens")
                || cursor.name(name, is: "max_output_tokens")
            {
                let range = try cursor.skip()
                if let number = cursor.number(range), number > 0 {
                    fields.mostTokens = max(fields.mostTokens ?? 0, number)
                }
            } else if cursor.name(name, is: "tools") || cursor.name(name, is: "functions") {
                let range = try cursor.skip()
                fields.hasTools = fields.hasTools || cursor.bytes[range.lowerBound] == UInt8(ascii: "[")
            } else if cursor.name(name, is: "previous_response_id") || cursor.name(name, is: "conversation")
                || cursor.name(name, is: "background")
            {
                let range = try cursor.skip()
                fields.isStateful =
                    fields.isStateful || !cursor.bytes(range, are: "null") && !cursor.bytes(range, are: "false")
            } else if cursor.name(name, is: "messages") || cursor.name(name, is: "input"),
                cursor.peek() == UInt8(ascii: "[")
            {
                let isConversation = cursor.name(name, is: "messages")
                var count = 0
                try cursor.array { (index, cursor) throws(JSONFault) in
                    count = index + 1
                    try message(&fields, &cursor)
                }
                if isConversation, count > 0 { fields.conversationEnd = cursor.position - 1 }
            } else if cursor.name(name, is: "prompt"), cursor.peek() == UInt8(ascii: "[") {
                var prompts = 0
                try cursor.array { (_, cursor) throws(JSONFault) in
                    if try !number(&fields, &cursor) { prompts += 1 }
                }
                fields.prompts = max(1, prompts)
            } else if cursor.name(name, is: "prompt") || cursor.name(name, is: "input"),
                cursor.peek() == UInt8(ascii: "\"")
            {
                let isPrompt = cursor.name(name, is: "prompt")
                let text = try cursor.string()
                fields.lastText = text.range
                fields.lastTextIsEscaped = text.isEscaped
                if isPrompt { fields.conversationEnd = text.range.upperBound }
            } else {
                try cursor.skip()
            }
        }
        try cursor.end()
        return fields
    }

    private static func place(
        _ place: inout Place?, _ name: String, _ cursor: inout JSONCursor
    ) throws(JSONFault) {
        if place != nil { throw cursor.fault("\"\(name)\" is given twice") }
        let range = try cursor.skip()
        place = Place(value: range, isTrue: cursor.bytes(range, are: "true"), number: cursor.number(range))
    }

    /// Reads a prompt or an input that may be tokens, and counts these.
    /// - Returns: whether it is a token's number itself.
    private static func number(_ fields: inout RequestFields, _ cursor: inout JSONCursor) throws(JSONFault) -> Bool {
        switch cursor.peek() {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            try cursor.skip()
            fields.tokens += 1
            return true
        case UInt8(ascii: "["):
            var count = 0
            try cursor.array { (index, cursor) throws(JSONFault) in
                try cursor.skip()
                count = index + 1
            }
            fields.tokens += count
        default: try cursor.skip()
        }
        return false
    }

    /// Reads a message, noting what a user says in it.
    private static func message(_ fields: inout RequestFields, _ cursor: inout JSONCursor) throws(JSONFault) {
        guard cursor.peek() == UInt8(ascii: "{") else {
            _ = try number(&fields, &cursor)
            return
        }
        var isUser = false
        var said: JSONName?
        func text(_ cursor: inout JSONCursor) throws(JSONFault) {
            if cursor.peek() == UInt8(ascii: "\"") { said = try cursor.string() } else { try cursor.skip() }
        }
        try cursor.object { (name, cursor) throws(JSONFault) in
            if cursor.name(name, is: "role"), cursor.peek() == UInt8(ascii: "\"") {
                let role = try cursor.string()
                isUser = cursor.name(role, is: "user")
                if cursor.name(role, is: "tool") || cursor.name(role, is: "function") { fields.usesTools = true }
            } else if cursor.name(name, is: "tool_calls") || cursor.name(name, is: "function_call") {
                let range = try cursor.skip()
                if !cursor.bytes(range, are: "null") { fields.usesTools = true }
            } else if cursor.name(name, is: "type"), cursor.peek() == UInt8(ascii: "\"") {
                // Items of the Responses interface: messages, calls of tools, what these gave.
                if !cursor.name(try cursor.string(), is: "message") { fields.usesTools = true }
            } else if cursor.name(name, is: "content") {
                if cursor.peek() == UInt8(ascii: "[") {
                    // Parts: the last one with a text counts.
                    try cursor.array { (_, cursor) throws(JSONFault) in
                        guard cursor.peek() == UInt8(ascii: "{") else {
                            try cursor.skip()
                            return
                        }
                        try cursor.object { (name, cursor) throws(JSONFault) in
                            if cursor.name(name, is: "text") {
                                try text(&cursor)
                            } else if cursor.name(name, is: "type"), cursor.peek() == UInt8(ascii: "\"") {
                                if cursor.text(try cursor.string()).contains("tool") { fields.usesTools = true }
                            } else {
                                try cursor.skip()
                            }
                        }
                    }
                } else {
                    try text(&cursor)
                }
            } else {
                try cursor.skip()
            }
        }
        if isUser, let said {
            fields.lastText = said.range
            fields.lastTextIsEscaped = said.isEscaped
        }
    }
}
