/// An event of a stream of server-sent events.
struct ServerSentEvent: Hashable, Sendable {
    /// Its kind; `message` where none was given.
    var name = "message"
    /// Its lines of data, joined by newlines.
    var data = ""
}

/// Cuts a stream of bytes into server-sent events, however the bytes are split on their way.
///
/// - Source: the HTML standard, section 9.2.6, "Interpreting an event stream". Identifiers and reconnection times are read
///   over: a completion can't be taken up again.
struct ServerSentEventParser: Sendable {
    /// An event with more bytes than this is taken for garbage.
    let limit: Int
    /// The line that has not ended yet.
    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    /// Whether the last byte was a carriage return, so that a newline now belongs to it.
    private var afterReturn = false
    /// Whether the first line, where a byte order mark may stand, is still to come.
    private var isFirstLine = true

    init(limit: Int = 4 << 20) { self.limit = limit }

    /// Takes the next bytes; the events that they complete.
    /// - Throws: ``EndpointFailure/unreadable(reason:)`` for an event beyond the limit.
    mutating func read(_ bytes: some Sequence<UInt8>) throws(EndpointFailure) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            if byte == 10, afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = byte == 13
            guard byte == 10 || byte == 13 else {
                line.append(byte)
                guard line.count + data.count <= limit else {
                    throw .unreadable(reason: "an event of more than \(limit) bytes")
                }
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else {
            defer {
                name = ""
                data.removeAll(keepingCapacity: true)
                hasData = false
            }
            guard hasData else { return nil }
            return ServerSentEvent(
                name: name.isEmpty ? "message" : name, data: String(decoding: data, as: UTF8.self))
        }
        let colon = line.firstIndex(of: 58)
        let field = line[..<(colon ?? line.endIndex)]
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == 32 { value.removeFirst() }
        if field.elementsEqual("data".utf8) {
            if hasData { data.append(10) }
            data += value
            hasData = true
        } else if field.elementsEqual("event".utf8) {
            name = String(decoding: value, as: UTF8.self)
        }
        return nil
    }
}
