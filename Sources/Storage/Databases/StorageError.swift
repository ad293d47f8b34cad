/// What can be wrong with a store, and what to do.
public enum StorageError: Error, Equatable, Sendable {
    /// The store is not there: no folder, no file, no server.
    case unreachable(place: String, reason: String)
    /// The connection broke while a transaction was being committed: whether it was is not known.
    case uncertain(place: String, reason: String)
    /// Another process holds the store for longer than it may.
    case locked(place: String, reason: String)
    /// There is no room for more.
    case full(place: String, reason: String)
    /// The store can be read only.
    case readOnly(place: String, reason: String)
    /// The store's file is damaged, or is none.
    case damaged(place: String, reason: String)
    /// The store was made by a later version of this program.
    case newerVersion(place: String, found: Int, known: Int)
    /// The database refused a statement.
    case refused(place: String, statement: String, reason: String)
    /// A column holds what it never should.
    case unexpectedValue(column: Int, expected: String, found: String)
    /// The store was closed.
    case closed(place: String)
    /// An address that names no store.
    case badAddress(text: String, reason: String)
    /// Something that is not in the store.
    case notFound(kind: String, name: String)
    /// No request is of the kind that was asked for, or none of those has feedback.
    case noRequests(judged: Bool)
    /// A value that can't be stored as what it is given as.
    case improper(what: String, reason: String)

    /// Whether the same may succeed later, without anyone changing the request: what a writer waits for.
    public var mayPass: Bool {
        switch self {
        case .unreachable, .uncertain, .locked, .full, .readOnly: true
        default: false
        }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let place, let reason):
            "the store \(place) can't be reached: \(reason). Check that it is there and that it may be opened."
        case .uncertain(let place, let reason):
            "the store \(place) went away during a commit: \(reason). Whether the last transaction was done is not known."
        case .locked(let place, let reason):
            "the store \(place) is locked: \(reason). Another process writes to it; try again, or end that process."
        case .full(let place, let reason):
            "the store \(place) is full: \(reason). Make room on its disk."
        case .readOnly(let place, let reason):
            "the store \(place) can't be written: \(reason). Check the permissions of the file and its folder."
        case .damaged(let place, let reason):
            "the store \(place) is damaged: \(reason). Bring back a copy of it, or name another store."
        case .newerVersion(let place, let found, let known):
            "the store \(place) has version \(found), and this program knows versions up to \(known). Use a later program."
        case .refused(let place, let statement, let reason):
            "the store \(place) refused '\(statement)': \(reason)."
        case .unexpectedValue(let column, let expected, let found):
            "the store holds \(found) in column \(column) of a query, where \(expected) belongs. Was it changed by hand?"
        case .closed(let place):
            "the store \(place) was closed."
        case .badAddress(let text, let reason):
            "'\(text)' is no store: \(reason). Give the path of a file, or postgresql://user@host/database."
        case .notFound(let kind, let name):
            "there is no \(kind) '\(name)' in the store."
        case .noRequests(judged: false):
            "no request in the store is of this kind. Ask for another model, key, version or time."
        case .noRequests(judged: true):
            "no request of this kind has feedback. Send some to /v1/feedback, or ask for those without it too."
        case .improper(let what, let reason):
            "\(what): \(reason)."
        }
    }
}
