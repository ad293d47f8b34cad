/// What can be wrong with an outcome log, and where.
public enum LogError: Error, Equatable, Sendable {
    /// A line of a file that can't be read as an item.
    case badLine(file: String, line: Int, column: String, expected: String, found: String)
    /// A key or column that the format doesn't have; `nearest` is the known name most like it, if one is like it.
    case unknownColumn(file: String, line: Int, name: String, nearest: String?, known: [String])
    /// The log has no items.
    case empty(file: String)
    /// Two items have the same id.
    case duplicateID(file: String, id: String, firstLine: Int, line: Int)
    /// A file that can't be opened or read.
    case unreadable(file: String, reason: String)
    /// A file that can't be written.
    case unwritable(file: String, reason: String)
    /// A stage that the log doesn't have.
    case unknownStage(name: String, known: [String])
    /// A signal (context or evidence number) that the log doesn't have.
    case unknownSignal(name: String, known: [String])
    /// A log that lacks what is asked of it.
    case unsuitable(reason: String, remedy: String)
}

extension LogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badLine(let file, let line, let column, let expected, let found):
            "\(file):\(line): column '\(column)': expected \(expected), found \(found)"
        case .unknownColumn(let file, let line, let name, let nearest, let known):
            "\(file):\(line): unknown column '\(name)'. "
                + (nearest.map { "Did you mean '\($0)'? " } ?? "") + "Known are: \(known.joined(separator: ", "))."
        case .empty(let file):
            "\(file): the log holds no items. Give one JSON object a line, or a CSV header and rows."
        case .duplicateID(let file, let id, let firstLine, let line):
            "\(file):\(line): column 'id': '\(id)' was used on line \(firstLine) already. Give each item an id of its own."
        case .unreadable(let file, let reason):
            "\(file): can't be read: \(reason)."
        case .unwritable(let file, let reason):
            "\(file): can't be written: \(reason)."
        case .unknownStage(let name, let known):
            "there is no stage '\(name)'. The stages are: \(known.joined(separator: ", "))."
        case .unknownSignal(let name, let known):
            "there is no context or evidence number '\(name)'. There are: \(known.joined(separator: ", "))."
        case .unsuitable(let reason, let remedy):
            "\(reason). \(remedy)"
        }
    }
}
