#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads a file, or standard input, as blocks of whole records.
///
/// A block is cut behind a line feed, for CSV one outside quotes, and always ends with one. Where blocks are cut
/// depends on the bytes alone.
final class ByteBlocks {
    /// Bytes of whole records and the number of the first line.
    struct Block {
        let bytes: [UInt8]
        let firstLine: Int
    }

    /// The path, or `<stdin>`.
    let file: String
    /// The size of the file, where it has one.
    let size: Int?
    /// How many bytes were read.
    private(set) var bytesRead = 0

    private let descriptor: Int32
    private let blockSize: Int
    private var rest: [UInt8] = []
    private var nextLine = 1
    private var ended = false

    /// Opens `path`; `-` is standard input.
    /// - Throws: ``LogError/unreadable(file:reason:)``.
    init(path: String, blockSize: Int = 4 << 20) throws(LogError) {
        self.blockSize = max(blockSize, 1)
        if path == "-" {
            file = "<stdin>"
            descriptor = STDIN_FILENO
        } else {
            file = path
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
        }
        var status = stat()
        size = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    /// The first bytes of the file (fewer only at its end), which the next block will hold too.
    func peek(_ count: Int) throws(LogError) -> ArraySlice<UInt8> {
        while rest.count < count, try more(count) {}
        return rest.prefix(count)
    }

    /// The next block, or nil at the end; a line feed inside quotes ends no record when `quoted`.
    func next(quoted: Bool) throws(LogError) -> Block? {
        // How far the search for an end got, and the quotes up to there.
        var searched = 0
        var quotes = 0
        while true {
            while !ended && rest.count < max(blockSize, searched + 1) { _ = try more(blockSize) }
            if ended {
                if rest.isEmpty { return nil }
                if rest[rest.count - 1] != 10 { rest.append(10) }
                return cut(rest.count)
            }
            if let end = recordEnd(from: searched, quotesBefore: &quotes, quoted: quoted) { return cut(end) }
            searched = rest.count
            if rest.count > 1 << 30 {
                throw .badLine(
                    file: file, line: nextLine, column: "line", expected: "a line of at most 1 GiB",
                    found: "a longer one")
            }
        }
    }

    /// Where the last record ends that ends behind `start`; nil when none does.
    private func recordEnd(from start: Int, quotesBefore: inout Int, quoted: Bool) -> Int? {
        rest.withUnsafeBufferPointer { bytes in
            var quotes = quotesBefore
            if quoted { for i in start..<bytes.count where bytes[i] == UInt8(ascii: "\"") { quotes += 1 } }
            quotesBefore = quotes
            var position = bytes.count
            while position > start {
                let byte = bytes[position - 1]
                if byte == 10, !quoted || quotes & 1 == 0 { return position }
                if quoted, byte == UInt8(ascii: "\"") { quotes -= 1 }
                position -= 1
            }
            return nil
        }
    }

    private func cut(_ end: Int) -> Block {
        let bytes: [UInt8]
        if end == rest.count {
            bytes = rest
            rest = []
        } else {
            bytes = Array(rest[..<end])
            rest = Array(rest[end...])
        }
        let first = nextLine
        nextLine += Self.lineCount(bytes)
        // A byte order mark is no part of the first line.
        let marked = first == 1 && bytes.starts(with: [0xEF, 0xBB, 0xBF])
        return Block(bytes: marked ? Array(bytes.dropFirst(3)) : bytes, firstLine: first)
    }

    private static func lineCount(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            var count = 0
            for byte in buffer where byte == 10 { count += 1 }
            return count
        }
    }

    private func more(_ wanted: Int) throws(LogError) -> Bool {
        if ended { return false }
        let before = rest.count
        let count = max(wanted, 1 << 16)
        rest.reserveCapacity(before + count)
        var got = 0
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            repeat { got = read(descriptor, buffer.baseAddress!, count) } while got < 0 && errno == EINTR
            if got < 0 { failure = errno }
            initialized = max(got, 0)
        }
        if got < 0 { throw .unreadable(file: file, reason: String(cString: strerror(failure))) }
        rest.append(contentsOf: chunk)
        bytesRead += got
        if got == 0 { ended = true }
        return got > 0
    }
}
