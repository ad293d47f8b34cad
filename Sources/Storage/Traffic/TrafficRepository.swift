import Cascades

/// The sums of the traffic that the store holds.
public struct TrafficRepository: Sendable {
    let database: any Database

    /// The rows from `first` on, those of `stretch` minutes added up; by time. A stretch begins at a multiple of its
    /// length.
    /// - Parameters:
    ///   - first: in minutes since 1970.
    ///   - end: before this minute; nil is no end.
    ///   - stretch: how many minutes become one row.
    public func rows(from first: Int, until end: Int? = nil, stretch: Int = 1) async throws -> [TrafficRow] {
        let stretch = max(1, stretch)
        let (condition, arguments) =
            end.map { ("minute >= $1 AND minute < $2", [SQLValue.int(first), .int($0)]) }
            ?? ("minute >= $1", [.int(first)])
        return try await database.read { connection in
            try connection.rows(
                """
                SELECT minute / \(stretch) * \(stretch), model, policy_version, stage, status,
                    CAST(SUM(requests) AS BIGINT), CAST(SUM(deferred) AS BIGINT), SUM(money), SUM(seconds),
                    SUM(answer_money), SUM(answer_tokens_in), SUM(answer_tokens_out)
                FROM traffic WHERE \(condition) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
                """, arguments, Self.row)
        }
    }

    static let insert = """
        INSERT INTO traffic (minute, model, policy_version, stage, status, requests, deferred, money, seconds,
            answer_money, answer_tokens_in, answer_tokens_out)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (minute, model, policy_version, stage, status) DO UPDATE SET
            requests = traffic.requests + $6, deferred = traffic.deferred + $7, money = traffic.money + $8,
            seconds = traffic.seconds + $9, answer_money = traffic.answer_money + $10,
            answer_tokens_in = traffic.answer_tokens_in + $11, answer_tokens_out = traffic.answer_tokens_out + $12
        """

    /// The rows of `tally` as parameters, in an order that is the same for all who write: none waits for another in a
    /// ring.
    static func parameters(_ tally: TrafficTally) -> [[SQLValue]] {
        tally.rows.values.map { row in (key: key(row.place), row: row) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { key, row in
                [
                    .int(row.place.minute), .text(row.place.model), .int(row.place.policyVersion ?? -1),
                    .text(row.place.stage ?? ""), .text(row.place.status.rawValue), .int(row.requests),
                    .int(row.deferred), .double(row.money), .double(row.seconds), .double(row.answerMoney),
                    .double(row.answerTokensIn), .double(row.answerTokensOut),
                ]
            }
    }

    private static func key(_ place: TrafficRow.Place) -> [String] {
        [
            String(place.minute), place.model, String(place.policyVersion ?? -1), place.stage ?? "",
            place.status.rawValue,
        ]
    }

    @Sendable private static func row(_ row: SQLRow) throws -> TrafficRow {
        let status = try row.text(4)
        guard let known = TrafficRow.Status(rawValue: status) else {
            throw StorageError.unexpectedValue(column: 4, expected: "how requests ended", found: status)
        }
        let version = try row.int(2)
        let stage = try row.text(3)
        var result = TrafficRow(
            TrafficRow.Place(
                minute: try row.int(0), model: try row.text(1), policyVersion: version < 0 ? nil : version,
                stage: stage.isEmpty ? nil : stage, status: known))
        result.requests = try row.int(5)
        result.deferred = try row.int(6)
        result.money = try row.double(7)
        result.seconds = try row.double(8)
        result.answerMoney = try row.double(9)
        result.answerTokensIn = try row.double(10)
        result.answerTokensOut = try row.double(11)
        return result
    }
}
