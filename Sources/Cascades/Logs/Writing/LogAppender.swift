#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Adds items to the end of a JSONL log while they come in, so that a run that is interrupted can go on where it was.
///
/// A line is given to the system in one piece; one that was cut by a crash is taken off when the log is opened again.
///
///     let log = try LogAppender(path: "log.jsonl", schema: schema)
///     for item in items where !log.recorded.contains(item.id) { try log.append(outcomes(of: item)) }
public final class LogAppender {
    /// The file.
    public let path: String
    /// The columns.
    public let schema: LogSchema
    /// The ids of the items that the log holds.
    public private(set) var recorded: Set<String> = []
    private let descriptor: Int32

    /// Opens the log at `path`, or begins it.
    /// - Throws: ``LogError/unsuitable(reason:remedy:)`` where the log has other columns than `schema`,
    ///   ``LogError/unwritable(file:reason:)``, or what is wrong with the log that is there.
    public init(path: String, schema: LogSchema) throws {
        self.path = path
        self.schema = schema
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw LogError.unwritable(file: path, reason: String(cString: strerror(errno))) }
        do {
            if try removeCutLine() > 0 {
                let log = try OutcomeLog.read(from: path, format: .jsonl)
                guard log.schema == schema else {
                    func names(_ schema: LogSchema) -> String {
                        schema.stages.map { "\($0.name) (\($0.evidence.joined(separator: ", ")))" }
                            .joined(separator: "; ")
                    }
                    throw LogError.unsuitable(
                        reason:
                            "\(path) holds \(log.count) items of other columns: \(names(log.schema)), not \(names(schema))",
                        remedy: "Go on with the same models and options, or write to another file.")
                }
                recorded = Set(log.ids)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// Adds the items of `items`, whose columns must be this log's; the file is on the disk when this returns.
    /// - Throws: ``LogError/unwritable(file:reason:)``.
    public func append(_ items: OutcomeLog) throws(LogError) {
        precondition(items.schema == schema, "the items have other columns than the log")
        let rows = LogRowWriter(log: items, format: .jsonl)
        for index in items.ids.indices {
            let bytes = rows.rows(index..<index + 1)
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count == bytes.count else {
                let reason = count < 0 ? String(cString: strerror(errno)) : "the disk is full"
                _ = try? removeCutLine()
                throw .unwritable(file: path, reason: reason)
            }
            recorded.insert(items.ids[index])
        }
        // A pipe has nothing to flush.
        if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP {
            throw .unwritable(file: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Takes off what follows the last line's end, and says how many bytes are left.
    private func removeCutLine() throws(LogError) -> Int {
        var size = Int(lseek(descriptor, 0, SEEK_END))
        let whole = size
        var block = [UInt8](repeating: 0, count: 1 << 16)
        search: while size > 0 {
            let start = max(0, size - block.count)
            let count = block.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, size - start, off_t(start)) }
            guard count == size - start else {
                throw .unreadable(file: path, reason: String(cString: strerror(errno)))
            }
            for index in stride(from: count - 1, through: 0, by: -1) where block[index] == 10 {
                size = start + index + 1
                break search
            }
            size = start
        }
        if size < whole, ftruncate(descriptor, off_t(size)) != 0 {
            throw .unwritable(file: path, reason: String(cString: strerror(errno)))
        }
        return max(0, size)
    }
}
