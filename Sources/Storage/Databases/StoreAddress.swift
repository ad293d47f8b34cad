/// Where a store is: a file, or a database of a PostgreSQL server.
public enum StoreAddress: Sendable, Equatable {
    /// The SQLite file at a path.
    case sqlite(path: String)
    /// The PostgreSQL database of a connection string.
    case postgres(connection: String)

    /// The address that `text` names: `postgresql://user@host/database`, `sqlite:path`, or a path.
    /// - Throws: ``StorageError/badAddress(text:reason:)``.
    public init(_ text: String) throws(StorageError) {
        if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") {
            self = .postgres(connection: text)
            return
        }
        var path = text
        if path.hasPrefix("sqlite:") {
            path = String(path.dropFirst("sqlite:".count))
            if path.hasPrefix("//") { path = String(path.dropFirst(2)) }
        } else if let scheme = path.firstRange(of: "://") {
            throw .badAddress(
                text: Self.withoutPassword(text), reason: "'\(path[..<scheme.lowerBound])' is no kind of store")
        }
        if path.isEmpty { throw .badAddress(text: text, reason: "it is empty") }
        if path.contains("\0") { throw .badAddress(text: text, reason: "a path holds no zero byte") }
        self = .sqlite(path: path)
    }

    /// The address for messages: no password is in it.
    public var description: String {
        switch self {
        case .sqlite(let path): path
        case .postgres(let connection): Self.withoutPassword(connection)
        }
    }

    /// `text` without what stands between the user's name and the host, and without `password=` among the options.
    static func withoutPassword(_ text: String) -> String {
        var result = text
        if let scheme = result.firstRange(of: "://") {
            let rest = result[scheme.upperBound...]
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            if let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") {
                result.replaceSubrange(colon..<at, with: ":…")
            }
        }
        while let option = result.firstRange(of: "password=") {
            let end = result[option.upperBound...].firstIndex { $0 == "&" || $0 == " " } ?? result.endIndex
            result.replaceSubrange(option.lowerBound..<end, with: "password:…")
        }
        return result
    }
}
