import NIOCore

extension ReplyFields {
    /// The lists that interfaces answer with beside `choices`.
    struct Lists: OptionSet, Sendable {
        let rawValue: UInt8

        static let data = Lists(rawValue: 1)
        static let output = Lists(rawValue: 2)
        static let content = Lists(rawValue: 4)
        static let results = Lists(rawValue: 8)

        /// Takes note of the list called `name`.
        mutating func note(_ name: JSONName, _ cursor: JSONCursor) {
            if cursor.name(name, is: "data") {
                insert(.data)
            } else if cursor.name(name, is: "output") {
                insert(.output)
            } else if cursor.name(name, is: "content") {
                insert(.content)
            } else if cursor.name(name, is: "results") {
                insert(.results)
            }
        }
    }

    /// Reads the whole answer in `bytes`.
    /// - Throws: ``StageError`` where it is an error, or lacks what an answer of `api` must have: the status of a success alone
    ///   makes no answer.
    init(whole bytes: ByteBuffer, _ api: WireAPI?, _ wants: Wants) throws(StageError) {
        do throws(JSONFault) {
            self = try ReplyFields(bytes, wants)
        } catch {
            throw .badReply(reason: error.description)
        }
        if isError { throw .told(bytes) }
        if let api, let lack = lack(api) { throw .badReply(reason: lack) }
    }

    /// What a whole answer of `api` must have and this lacks; nil where nothing is missing.
    private func lack(_ api: WireAPI) -> String? {
        switch api {
        case .chatCompletions: hasMessage ? nil : "it has no choice with a message"
        case .completions: hasText ? nil : "it has no choice with a text"
        case .embeddings: lists.contains(.data) ? nil : "it has no list called data"
        case .responses: lists.contains(.output) ? nil : "it has no list called output"
        case .messages: lists.contains(.content) ? nil : "it has no list called content"
        case .rank, .classify:
            // Servers differ in what they call it.
            lists.isDisjoint(with: [.data, .results]) ? "it has no list called data or results" : nil
        }
    }

    /// Whether a stream's piece with this in it is one of an answer of `api`.
    func beginsAnswer(_ api: WireAPI?) -> Bool {
        switch api {
        case .chatCompletions, .completions: (choices ?? 0) > 0
        case .responses, .messages: kind != nil && kind != "ping"
        default: true
        }
    }
}
