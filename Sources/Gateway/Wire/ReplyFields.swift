import Language
import NIOCore

/// Tokens read and written, as a reply counts them.
struct TokenCounts: Sendable, Hashable {
    var read = 0.0
    var written = 0.0
    /// Of those read, the ones that the provider had kept.
    var cached = 0.0
}

/// What the gateway reads of a reply, or of one piece of a stream.
struct ReplyFields: Sendable {
    /// What is of use.
    struct Wants: Sendable {
        /// The log-probabilities of the first choice's tokens.
        var tokens = false
        /// The first choice's text.
        var text = false
        /// How many alternatives of a token the client asked for, where more were asked of the stage.
        var alternatives: Int?
    }

    var usage: TokenCounts?
    /// What kind of event it is, in interfaces that say so.
    var kind: String?
    /// Whether the reply is about an error.
    var isError = false
    /// The numbers of the choices in it, and of those that say why they ended.
    var indices: [Int] = []
    var finished: [Int] = []
    /// How many choices there are; nil where the reply has no such list.
    var choices: Int?
    /// Whether a choice has a message, or a text.
    var hasMessage = false
    var hasText = false
    /// Which of the lists it has that other interfaces answer with.
    var lists: Lists = []
    /// The tokens of the first choice, where they are wanted and told.
    var tokens: [GeneratedToken] = []
    /// Whether the log-probabilities are told at all.
    var tellsTokens = false
    /// Where the log-probabilities of each choice lie.
    var logprobs: [Range<Int>] = []
    /// Where alternatives lie that the client did not ask for.
    var excess: [Range<Int>] = []
    /// The text of the first choice, where it is wanted.
    var text: String?
    /// Where the answer's id lies, and, where texts are wanted, the roles that its pieces name.
    var id: Range<Int>?
    var roles: [Range<Int>] = []
    /// Where the closing brace lies.
    var closing = 0
    /// Whether the object has members.
    var hasMembers = false

    init() {}

    /// Reads `bytes`.
    init(_ bytes: ByteBuffer, _ wants: Wants = Wants()) throws(JSONFault) {
        self = try bytes.withCursor { (cursor) throws(JSONFault) in try Self.read(&cursor, wants) }
    }

    private static func read(_ cursor: inout JSONCursor, _ wants: Wants) throws(JSONFault) -> ReplyFields {
        var fields = ReplyFields()
        try cursor.object { (name, cursor) throws(JSONFault) in
            fields.hasMembers = true
            if cursor.name(name, is: "usage"), cursor.peek() == UInt8(ascii: "{") {
                fields.usage = try counts(&cursor)
            } else if cursor.name(name, is: "type"), cursor.peek() == UInt8(ascii: "\"") {
                fields.kind = cursor.text(try cursor.string())
            } else if cursor.name(name, is: "response") || cursor.name(name, is: "message"),
                cursor.peek() == UInt8(ascii: "{")
            {
                // Events that hold a whole answer, or its beginning, count its tokens inside.
                try cursor.object { (name, cursor) throws(JSONFault) in
                    if cursor.name(name, is: "usage"), cursor.peek() == UInt8(ascii: "{") {
                        fields.usage = try counts(&cursor)
                    } else {
                        try cursor.skip()
                    }
                }
            } else if cursor.name(name, is: "error") {
                let range = try cursor.skip()
                fields.isError = !cursor.bytes(range, are: "null")
            } else if cursor.name(name, is: "id") {
                fields.id = try cursor.skip()
            } else if cursor.name(name, is: "choices"), cursor.peek() == UInt8(ascii: "[") {
                var count = 0
                try cursor.array { (index, cursor) throws(JSONFault) in
                    count = index + 1
                    try choice(&fields, index, &cursor, wants)
                }
                fields.choices = count
            } else {
                if cursor.peek() == UInt8(ascii: "[") { fields.lists.note(name, cursor) }
                var isRead = false
                if wants.text { isRead = try otherText(&fields, name, &cursor) }
                if !isRead { try cursor.skip() }
            }
        }
        // Arguments of tools come bit by bit, too.
        if let kind = fields.kind, kind.hasSuffix(".delta"), kind != "response.output_text.delta" { fields.text = nil }
        fields.closing = cursor.position - 1
        fields.isError = fields.isError || fields.kind == "error"
        try cursor.end()
        return fields
    }

    /// The most tokens that one answer can count: a stage that tells of more has not counted.
    private static let mostTokens = 1e9

    /// What a stage counted; nil where a count is none that can be, for somebody pays for it.
    private static func counts(_ cursor: inout JSONCursor) throws(JSONFault) -> TokenCounts? {
        var counts = TokenCounts()
        var cacheRead = 0.0
        var cacheWritten = 0.0
        var areNumbers = true
        try cursor.object { (name, cursor) throws(JSONFault) in
            func number(_ cursor: inout JSONCursor) throws(JSONFault) -> Double {
                let range = try cursor.skip()
                guard !cursor.bytes(range, are: "null") else { return 0 }
                guard let count = cursor.number(range), (0...mostTokens).contains(count) else {
                    areNumbers = false
                    return 0
                }
                return count
            }
            if cursor.name(name, is: "prompt_tokens") || cursor.name(name, is: "input_tokens") {
                counts.read = try number(&cursor)
            } else if cursor.name(name, is: "completion_tokens") || cursor.name(name, is: "output_tokens") {
                counts.written = try number(&cursor)
            } else if cursor.name(name, is: "cache_read_input_tokens") {
                // Anthropic counts these beside the input, not in it.
                cacheRead = try number(&cursor)
            } else if cursor.name(name, is: "cache_creation_input_tokens") {
                cacheWritten = try number(&cursor)
            } else if cursor.name(name, is: "prompt_tokens_details") || cursor.name(name, is: "input_tokens_details"),
                cursor.peek() == UInt8(ascii: "{")
            {
                try cursor.object { (name, cursor) throws(JSONFault) in
                    if cursor.name(name, is: "cached_tokens") {
                        counts.cached = try number(&cursor)
                    } else {
                        try cursor.skip()
                    }
                }
            } else {
                try cursor.skip()
            }
        }
        guard areNumbers else { return nil }
        counts.read += cacheRead + cacheWritten
        counts.cached += cacheRead
        return counts
    }

    private static func choice(
        _ fields: inout ReplyFields, _ index: Int, _ cursor: inout JSONCursor, _ wants: Wants
    ) throws(JSONFault) {
        guard cursor.peek() == UInt8(ascii: "{") else {
            try cursor.skip()
            return
        }
        // Pieces of a stream name their choice; whole replies come in order.
        var number = Double(index)
        var isFinished = false
        var tokens: [GeneratedToken] = []
        var text: String?
        try cursor.object { (name, cursor) throws(JSONFault) in
            if cursor.name(name, is: "index") {
                let range = try cursor.skip()
                number = cursor.number(range) ?? number
            } else if cursor.name(name, is: "finish_reason") {
                let range = try cursor.skip()
                isFinished = !cursor.bytes(range, are: "null")
            } else if cursor.name(name, is: "logprobs") {
                let first = cursor.peek()
                let start = cursor.position
                if wants.tokens || wants.alternatives != nil, first == UInt8(ascii: "{") {
                    tokens = try TokenReader.tokens(&cursor, limit: wants.alternatives, excess: &fields.excess)
                    fields.tellsTokens = true
                } else {
                    try cursor.skip()
                }
                fields.logprobs.append(start..<cursor.position)
            } else if cursor.name(name, is: "text"), cursor.peek() == UInt8(ascii: "\"") {
                let place = try cursor.string()
                fields.hasText = true
                if wants.text { text = cursor.text(place) }
            } else if cursor.name(name, is: "message") || cursor.name(name, is: "delta"),
                cursor.peek() == UInt8(ascii: "{")
            {
                fields.hasMessage = true
                guard wants.text else {
                    try cursor.skip()
                    return
                }
                try cursor.object { (name, cursor) throws(JSONFault) in
                    if cursor.name(name, is: "content"), cursor.peek() == UInt8(ascii: "\"") {
                        text = cursor.text(try cursor.string())
                    } else if cursor.name(name, is: "role") {
                        fields.roles.append(try cursor.skip())
                    } else {
                        try cursor.skip()
                    }
                }
            } else {
                try cursor.skip()
            }
        }
        fields.indices.append(Int(bounding: number))
        if isFinished { fields.finished.append(Int(bounding: number)) }
        if number == 0 {
            fields.tokens += tokens
            if let text { fields.text = (fields.text ?? "") + text }
        }
    }
}

/// Reads tokens with their log-probabilities, of chat completions and of plain ones.
enum TokenReader {
    /// - Parameters:
    ///   - limit: how many alternatives the client asked for, or nil for all of them.
    ///   - excess: gets the places of those beyond.
    static func tokens(
        _ cursor: inout JSONCursor, limit: Int?, excess: inout [Range<Int>]
    ) throws(JSONFault) -> [GeneratedToken] {
        var tokens: [GeneratedToken] = []
        var alternatives: [[Double]] = []
        var entropies: [Double?] = []
        var margins: [Double?] = []
        try cursor.object { (name, cursor) throws(JSONFault) in
            if cursor.name(name, is: "content"), cursor.peek() == UInt8(ascii: "[") {
                try cursor.array { (_, cursor) throws(JSONFault) in tokens.append(try token(&cursor, limit, &excess)) }
            } else if cursor.name(name, is: "token_logprobs"), cursor.peek() == UInt8(ascii: "[") {
                try cursor.array { (_, cursor) throws(JSONFault) in
                    let range = try cursor.skip()
                    tokens.append(GeneratedToken(text: "", logProbability: cursor.number(range).map { min(0, $0) }))
                }
            } else if cursor.name(name, is: "entropies"), cursor.peek() == UInt8(ascii: "[") {
                // A model in this process knows them exactly.
                entropies = try numbers(&cursor)
            } else if cursor.name(name, is: "margins"), cursor.peek() == UInt8(ascii: "[") {
                margins = try numbers(&cursor)
            } else if cursor.name(name, is: "top_logprobs"), cursor.peek() == UInt8(ascii: "[") {
                try cursor.array { (_, cursor) throws(JSONFault) in
                    var values: [Double] = []
                    if cursor.peek() == UInt8(ascii: "{") {
                        try cursor.object { (_, cursor) throws(JSONFault) in
                            let range = try cursor.skip()
                            if let value = cursor.number(range) { values.append(value) }
                        }
                    } else {
                        try cursor.skip()
                    }
                    alternatives.append(values)
                }
            } else {
                try cursor.skip()
            }
        }
        if entropies.count == tokens.count {
            for index in tokens.indices { tokens[index].entropy = entropies[index] }
        }
        if margins.count == tokens.count {
            for index in tokens.indices { tokens[index].margin = margins[index] }
        }
        if alternatives.count == tokens.count {
            for index in tokens.indices { tokens[index].note(alternatives: alternatives[index]) }
        }
        return tokens
    }

    private static func numbers(_ cursor: inout JSONCursor) throws(JSONFault) -> [Double?] {
        var numbers: [Double?] = []
        try cursor.array { (_, cursor) throws(JSONFault) in numbers.append(cursor.number(try cursor.skip())) }
        return numbers
    }

    private static func token(
        _ cursor: inout JSONCursor, _ limit: Int?, _ excess: inout [Range<Int>]
    ) throws(JSONFault) -> GeneratedToken {
        var token = GeneratedToken(text: "")
        var alternatives: [Double] = []
        // Text that was held back as a possible stop is no token of its own.
        var isHeld = false
        try cursor.object { (name, cursor) throws(JSONFault) in
            if cursor.name(name, is: "logprob") {
                let range = try cursor.skip()
                token.logProbability = cursor.number(range).map { min(0, $0) }
            } else if cursor.name(name, is: "entropy") {
                // A model in this process knows it exactly.
                let range = try cursor.skip()
                token.entropy = cursor.number(range)
            } else if cursor.name(name, is: "margin") {
                let range = try cursor.skip()
                token.margin = cursor.number(range)
            } else if cursor.name(name, is: "held") {
                let range = try cursor.skip()
                isHeld = cursor.bytes(range, are: "true")
            } else if cursor.name(name, is: "top_logprobs"), cursor.peek() == UInt8(ascii: "[") {
                var kept = cursor.position + 1
                try cursor.array { (index, cursor) throws(JSONFault) in
                    if cursor.peek() == UInt8(ascii: "{") {
                        try cursor.object { (name, cursor) throws(JSONFault) in
                            let range = try cursor.skip()
                            if cursor.name(name, is: "logprob"), let value = cursor.number(range) {
                                alternatives.append(value)
                            }
                        }
                    } else {
                        try cursor.skip()
                    }
                    if let limit, index < limit { kept = cursor.position }
                }
                if limit != nil, kept < cursor.position - 1 { excess.append(kept..<cursor.position - 1) }
            } else {
                try cursor.skip()
            }
        }
        token.note(alternatives: alternatives)
        if !isHeld { token.token = 0 }
        return token
    }
}

extension GeneratedToken {
    /// Takes note of the likeliest tokens' log-probabilities, where they are told: of entropy and margin, unless these were told
    /// themselves.
    mutating func note(alternatives: [Double]) {
        guard !alternatives.isEmpty else { return }
        let told = ToldProbabilities(alternatives.map { min(0, $0) })
        if entropy == nil { entropy = told.entropy }
        if margin == nil, alternatives.count > 1 { margin = told.margin }
    }
}
