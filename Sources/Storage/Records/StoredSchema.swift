import Cascades
import Foundation

/// The names of stages and numbers as the store keeps them: once, by the hash of their text.
struct StoredSchema: Sendable {
    let id: String
    let content: String

    init(_ schema: LogSchema) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(schema)
        content = String(decoding: data, as: UTF8.self)
        var sum = SHA256()
        sum.update(data)
        id = String(sum.hexadecimal.prefix(32))
    }

    /// The schemas called `ids`.
    static func all(_ connection: any DatabaseConnection) throws -> [String: LogSchema] {
        var result: [String: LogSchema] = [:]
        try connection.query("SELECT id, content FROM schemas", []) { row in
            let content = try row.text(1)
            do {
                result[try row.text(0)] = try JSONDecoder().decode(LogSchema.self, from: Data(content.utf8))
            } catch is DecodingError {
                throw StorageError.unexpectedValue(column: 1, expected: "a schema", found: content)
            }
        }
        return result
    }
}
