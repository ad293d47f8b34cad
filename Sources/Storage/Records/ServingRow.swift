import Foundation

/// How a request was served, as columns: how it is written and read.
extension Serving {
    static let columnNames = [
        "interface", "policy_name", "decision", "http_status", "elapsed", "first_byte", "streamed", "estimated",
        "failures", "repeated_money", "deferred",
    ]

    /// The values of its columns; none where nothing is known of it.
    static func row(_ serving: Serving?) throws -> [SQLValue] {
        guard let serving else { return [SQLValue](repeating: .null, count: columnNames.count) }
        let failures =
            serving.failures.isEmpty
            ? nil : String(decoding: try JSONEncoder().encode(serving.failures), as: UTF8.self)
        let estimated = serving.estimated.reduce(Int64(0)) { $1 < 63 ? $0 | 1 << Int64($1) : $0 }
        return [
            .text(serving.interface), .text(serving.policy), .text(serving.decision), .int(serving.httpStatus),
            .double(serving.elapsed), .double(serving.firstByte), .integer(serving.isStreamed ? 1 : 0),
            .integer(estimated), .text(failures), .double(serving.repeatedMoney),
            serving.isDeferred.map { .integer($0 ? 1 : 0) } ?? .null,
        ]
    }

    /// The serving whose columns begin at `first`, or nil.
    init?(_ row: SQLRow, from first: Int) throws {
        guard let interface = try row.optionalText(first) else { return nil }
        let failures = try row.optionalText(first + 8).map {
            do {
                return try JSONDecoder().decode([Failure].self, from: Data($0.utf8))
            } catch is DecodingError {
                throw StorageError.unexpectedValue(column: first + 8, expected: "failures", found: $0)
            }
        }
        let estimated = try row.int(first + 7)
        self.init(
            interface: interface, policy: try row.optionalText(first + 1), decision: try row.text(first + 2),
            httpStatus: try row.int(first + 3), elapsed: try row.numberOrMissing(first + 4),
            firstByte: try row.numberOrMissing(first + 5), isStreamed: try row.int(first + 6) != 0,
            estimated: (0..<63).filter { estimated >> $0 & 1 == 1 }, failures: failures ?? [],
            repeatedMoney: try row.optionalDouble(first + 9) ?? 0,
            isDeferred: try row.optionalInt(first + 10).map { $0 != 0 })
    }
}
