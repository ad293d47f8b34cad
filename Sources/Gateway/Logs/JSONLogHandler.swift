import Foundation
public import Logging
import NIOCore
import Synchronization

/// A log whose entries are lines of JSON: `time`, `level`, `logger`, `message`, and each piece of metadata by its name.
///
///     LoggingSystem.bootstrap { JSONLogHandler(label: $0) }
public struct JSONLogHandler: LogHandler {
    /// Where lines go. One is written at a time.
    final class Output: Sendable {
        private let write: @Sendable (ByteBuffer) -> Void
        private let lock = Mutex(())

        init(_ write: @escaping @Sendable (ByteBuffer) -> Void) { self.write = write }

        func line(_ bytes: ByteBuffer) { lock.withLock { _ in write(bytes) } }

        static let standardError = Output { bytes in
            bytes.withUnsafeReadableBytes { raw in
                var rest = raw[...]
                while !rest.isEmpty {
                    let count = Foundation.write(
                        STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    // Nobody reads: there is nowhere to say so.
                    if count <= 0 { break }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }

    public var logLevel = Logger.Level.notice
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let output: Output

    /// A handler of the logger `label` that writes to the standard error.
    public init(label: String) { self.init(label: label, output: .standardError) }

    init(label: String, output: Output) {
        self.label = label
        self.output = output
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var members: [JSONTree.Member] = [
            .init("time", .string(Self.stamp(Date().timeIntervalSince1970))), .init("level", .string("\(event.level)")),
            .init("logger", .string(label)), .init("message", .string("\(event.message)")),
        ]
        for (name, value) in all.sorted(by: { $0.key < $1.key }) {
            // A name that is taken already gets a mark: an object must not have it twice.
            let isTaken = ["time", "level", "logger", "message"].contains(name)
            members.append(.init(isTaken ? "\(name)_" : name, Self.tree(value)))
        }
        var bytes = JSONTree.object(members).bytes
        bytes.writeStaticString("\n")
        output.line(bytes)
    }

    /// Numbers and truth stay what they are.
    private static func tree(_ value: Logger.Metadata.Value) -> JSONTree {
        return switch value {
        case .string(let value): .string(value)
        case .stringConvertible(let value as Double): .number(value)
        case .stringConvertible(let value as Int): .literal(String(value))
        case .stringConvertible(let value as Bool): .literal(String(value))
        case .stringConvertible(let value): .string("\(value)")
        case .array(let values): .array(values.map(tree))
        case .dictionary(let values):
            .object(values.sorted { $0.key < $1.key }.map { JSONTree.Member($0.key, tree($0.value)) })
        }
    }

    /// Seconds since 1970 as ISO 8601 has them, with milliseconds, in UTC.
    static func stamp(_ seconds: Double) -> String {
        let whole = seconds.rounded(.down)
        var time = time_t(whole)
        var parts = tm()
        gmtime_r(&time, &parts)
        func digits(_ number: Int32, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let day = [digits(1900 + parts.tm_year, 4), digits(parts.tm_mon + 1, 2), digits(parts.tm_mday, 2)]
        let hour = [digits(parts.tm_hour, 2), digits(parts.tm_min, 2), digits(parts.tm_sec, 2)]
        let thousandths = digits(Int32((seconds - whole) * 1000), 3)
        return "\(day.joined(separator: "-"))T\(hour.joined(separator: ":")).\(thousandths)Z"
    }
}
