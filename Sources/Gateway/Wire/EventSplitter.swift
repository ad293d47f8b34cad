import NIOCore

/// Cuts a stream of server-sent events into events, whatever the pieces in which it comes.
///
/// An event reaches to the blank line behind it; lines end with LF, CR or CRLF. What comes out is what went in, byte by byte.
struct EventSplitter {
    /// One event.
    struct Event {
        /// All of it, the blank line included.
        var bytes: ByteBuffer
        /// Its data: the lines of it put together by LF; nil where it has none (a comment, say).
        var data: ByteBuffer?
        /// Its name, where it has one.
        var name: String?

        /// Whether it is the mark that ends a stream of completions.
        var isDone: Bool {
            data.map { $0.readableBytes == 6 && $0.readableBytesView.elementsEqual("[DONE]".utf8) } ?? false
        }
    }

    private var buffer = ByteBuffer()
    /// Bytes of `buffer` in which no event ends.
    private var searched = 0

    /// Bytes held of an event that is not complete.
    var heldBytes: Int { buffer.readableBytes }

    init() {}

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            searched = 0
        } else {
            var bytes = bytes
            // Pieces that never end where an event does would let the buffer grow for as long as the stream lasts.
            if buffer.readerIndex > 1 << 14 { buffer.discardReadBytes() }
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next whole event.
    mutating func next() -> Event? {
        guard let length = end(), let bytes = buffer.readSlice(length: length) else { return nil }
        searched = 0
        return Self.event(bytes)
    }

    /// What is left when the stream has ended: an event without its blank line.
    mutating func rest() -> Event? {
        guard buffer.readableBytes > 0 else { return nil }
        let bytes = buffer
        buffer = ByteBuffer()
        searched = 0
        return Self.event(bytes)
    }

    /// Where the first event ends, behind its blank line.
    private mutating func end() -> Int? {
        let found: Int? = buffer.withUnsafeReadableBytes { bytes in
            var index = searched
            while index < bytes.count {
                let byte = bytes[index]
                guard byte == 10 || byte == 13 else {
                    index += 1
                    continue
                }
                let next = Self.behindLineEnd(bytes, index)
                guard next < bytes.count else { break }
                guard bytes[next] == 10 || bytes[next] == 13 else {
                    index = next
                    continue
                }
                let behind = Self.behindLineEnd(bytes, next)
                // A CR that is last may be half of a CRLF; taken as the whole it leaves the LF for the next event.
                return behind
            }
            searched = max(0, index)
            return nil
        }
        return found
    }

    private static func behindLineEnd(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int {
        bytes[index] == 13 && index + 1 < bytes.count && bytes[index + 1] == 10 ? index + 2 : index + 1
    }

    private static func event(_ bytes: ByteBuffer) -> Event {
        var event = Event(bytes: bytes)
        bytes.withUnsafeReadableBytes { raw in
            var start = 0
            while start < raw.count {
                var end = start
                while end < raw.count, raw[end] != 10, raw[end] != 13 { end += 1 }
                let line = UnsafeRawBufferPointer(rebasing: raw[start..<end])
                if let value = field("data", line) {
                    let slice = bytes.getSlice(
                        at: bytes.readerIndex + start + value.lowerBound, length: value.count)
                    if var more = slice {
                        if event.data == nil {
                            event.data = more
                        } else {
                            event.data?.writeInteger(UInt8(10))
                            event.data?.writeBuffer(&more)
                        }
                    }
                } else if let value = field("event", line) {
                    event.name = String(decoding: line[value], as: UTF8.self)
                }
                start = end < raw.count ? behindLineEnd(raw, end) : end
            }
        }
        return event
    }

    /// Where the value of the field `name` lies in `line`, or nil where the line is of another.
    private static func field(_ name: StaticString, _ line: UnsafeRawBufferPointer) -> Range<Int>? {
        let count = name.utf8CodeUnitCount
        guard line.count >= count else { return nil }
        for index in 0..<count where line[index] != name.utf8Start[index] { return nil }
        if line.count == count { return count..<count }
        guard line[count] == UInt8(ascii: ":") else { return nil }
        let start = line.count > count + 1 && line[count + 1] == 0x20 ? count + 2 : count + 1
        return start..<line.count
    }
}
