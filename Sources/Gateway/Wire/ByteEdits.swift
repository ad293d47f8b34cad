import NIOCore

/// Changes to bytes, made in one copy; all that no change touches stays as it is.
struct ByteEdits {
    private struct Edit {
        var range: Range<Int>
        var text: ByteBuffer
    }

    private var edits: [Edit] = []

    var isEmpty: Bool { edits.isEmpty }

    /// Puts `text` where `range` is. No two ranges may overlap.
    mutating func replace(_ range: Range<Int>, with text: ByteBuffer) { edits.append(Edit(range: range, text: text)) }

    mutating func replace(_ range: Range<Int>, with text: String) { replace(range, with: ByteBuffer(string: text)) }

    /// Puts `text` before the byte at `position`.
    mutating func insert(_ text: String, at position: Int) { replace(position..<position, with: text) }

    mutating func remove(_ range: Range<Int>) { replace(range, with: ByteBuffer()) }

    /// `bytes` with the changes; positions count from its reader index.
    func applied(to bytes: ByteBuffer) -> ByteBuffer {
        if edits.isEmpty { return bytes }
        // Inserts at one place come in the order in which they were asked for: this sort is stable.
        let sorted = edits.count == 1 ? edits : edits.sorted { $0.range.lowerBound < $1.range.lowerBound }
        let growth = sorted.reduce(0) { $0 + $1.text.readableBytes - $1.range.count }
        var result = ByteBufferAllocator().buffer(capacity: bytes.readableBytes + growth)
        bytes.withUnsafeReadableBytes { source in
            var position = 0
            for edit in sorted {
                precondition(edit.range.lowerBound >= position, "changes to bytes overlap")
                result.writeBytes(UnsafeRawBufferPointer(rebasing: source[position..<edit.range.lowerBound]))
                result.writeImmutableBuffer(edit.text)
                position = edit.range.upperBound
            }
            result.writeBytes(UnsafeRawBufferPointer(rebasing: source[position...]))
        }
        return result
    }
}

extension ByteBuffer {
    /// Runs `body` with a cursor on the readable bytes.
    func withCursor<Result>(_ body: (inout JSONCursor) throws(JSONFault) -> Result) throws(JSONFault) -> Result {
        // withUnsafeReadableBytes is untyped in its errors.
        var outcome: Swift.Result<Result, JSONFault>?
        withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                var cursor = JSONCursor(bytes)
                do throws(JSONFault) {
                    outcome = .success(try body(&cursor))
                } catch {
                    outcome = .failure(error)
                }
            }
        }
        return try outcome!.get()
    }

    /// Whether the readable bytes are UTF-8.
    var isUTF8: Bool { (try? UTF8Span(validating: readableBytesUInt8Span)) != nil }
}
