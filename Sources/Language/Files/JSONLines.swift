import Cascades
import Foundation

/// Files of one JSON object a line.
enum JSONLines {
    /// The objects of the file at `path`, empty lines left out.
    /// - Throws: ``LanguageError/badRecord(file:line:reason:)``, naming the first line that is wrong.
    static func read<Record: Decodable>(_ type: Record.Type, from path: String) throws(LanguageError) -> [Record] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .badRecord(file: path, line: 0, reason: "there is no such file, or it can't be read")
        }
        return try read(type, data, file: path)
    }

    /// The objects of `data`; `file` is named in errors.
    static func read<Record: Decodable>(
        _ type: Record.Type, _ data: Data, file: String
    ) throws(LanguageError) -> [Record] {
        try numbered(type, data, file: file).map(\.record)
    }

    /// The objects of `data` with the lines that they are on, from 1.
    static func numbered<Record: Decodable>(
        _ type: Record.Type, _ data: Data, file: String
    ) throws(LanguageError) -> [(line: Int, record: Record)] {
        let decoder = JSONDecoder()
        var records: [(line: Int, record: Record)] = []
        for (index, line) in data.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 > 32 }) else { continue }
            do {
                records.append((index + 1, try decoder.decode(type, from: Data(line))))
            } catch {
                throw .badRecord(file: file, line: index + 1, reason: reason(error))
            }
        }
        return records
    }

    /// `records` as lines, keys in alphabetical order.
    static func data(of records: some Sequence<some Encodable>) throws(LanguageError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = Data()
        for record in records {
            do { data += try encoder.encode(record) } catch {
                throw .improperParameter(name: "record", value: "\(record)", expected: "finite numbers only")
            }
            data.append(10)
        }
        return data
    }

    /// Writes `records` to `path`: the whole file, or nothing.
    /// - Throws: `FileError`, or ``LanguageError`` for numbers that are not finite.
    static func write(_ records: some Sequence<some Encodable>, to path: String) throws {
        try AtomicFile.write(try data(of: records), to: path)
    }

    /// What is wrong, in a sentence without Swift's names.
    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error as? DecodingError {
        case .keyNotFound(let key, _)?: return "the key '\(key.stringValue)' is missing"
        case .typeMismatch(let type, let context)?, .valueNotFound(let type, let context)?:
            return context.codingPath.isEmpty
                ? "expected a JSON object" : "'\(place(context.codingPath))': expected \(name(type))"
        case .dataCorrupted(let context)?:
            return context.codingPath.isEmpty
                ? "expected a JSON object on this line" : "'\(place(context.codingPath))': \(context.debugDescription)"
        default: return (error as? LanguageError).map(\.description) ?? "expected a JSON object on this line"
        }
    }

    private static func name(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is Int.Type: "a whole number"
        case is Double.Type, is Float.Type: "a number"
        case is any Collection.Type: "a list"
        default: "an object"
        }
    }
}
