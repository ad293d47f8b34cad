import Cascades

extension RequestRepository {
    /// What people said of the answers that were given, over some requests.
    public struct Judgement: Sendable, Hashable {
        /// How many answers were judged.
        public var count: Int
        /// Their mean quality, and the mean of its square; `NaN` where none was judged.
        public var quality: Double, squaredQuality: Double
    }

    /// How many requests of one model and group were answered by one stage.
    public struct Share: Sendable, Hashable {
        public var model: String
        /// The requests' group, or nil.
        public var group: String?
        /// The stage whose answer was given, or nil.
        public var stage: String?
        public var requests: Int
        /// Mean seconds and dollars of a request; `NaN` where no request tells.
        public var seconds: Double, money: Double

        /// A share.
        public init(
            model: String, group: String?, stage: String?, requests: Int, seconds: Double, money: Double
        ) {
            self.model = model
            self.group = group
            self.stage = stage
            self.requests = requests
            self.seconds = seconds
            self.money = money
        }
    }

    /// The slowest `limit` of the last `count` requests of `filter`, the slowest first.
    public func slowest(
        _ limit: Int, among count: Int, _ filter: Filter = Filter()
    ) async throws -> [RequestRecord] {
        let (condition, arguments) = filter.condition
        return try await database.read { connection in
            try Self.records(
                connection,
                """
                WHERE r.id IN (SELECT id FROM
                    (SELECT r.id, COALESCE(r.elapsed, r.seconds) AS seconds FROM requests r \(condition) ORDER BY r.time DESC, r.id DESC
                        LIMIT \(max(0, count))) last
                    WHERE seconds IS NOT NULL ORDER BY seconds DESC, id LIMIT \(max(0, limit)))
                """, arguments, order: "COALESCE(r.elapsed, r.seconds) DESC, r.id,")
        }
    }

    /// When the oldest of the last `count` requests of `filter` came; nil where there are none.
    public func timeOfLast(_ count: Int, _ filter: Filter = Filter()) async throws -> Double? {
        let (condition, arguments) = filter.condition
        return try await database.read { connection in
            try connection.first(
                """
                SELECT MIN(time) FROM (SELECT r.time FROM requests r \(condition) ORDER BY r.time DESC
                    LIMIT \(max(0, count))) last
                """, arguments
            ) { try $0.optionalDouble(0) } ?? nil
        }
    }

    /// Who answered the last `count` requests of `filter`, by model and group; the most frequent first.
    public func shares(among count: Int, _ filter: Filter = Filter()) async throws -> [Share] {
        let (condition, arguments) = filter.condition
        return try await database.read { connection in
            let schemas = try StoredSchema.all(connection)
            return try connection.rows(
                """
                SELECT model, item_group, schema_id, answered, COUNT(*), AVG(seconds), AVG(money) FROM
                    (SELECT r.model, r.item_group, r.schema_id, r.answered,
                    COALESCE(r.elapsed, r.seconds) AS seconds, r.money
                    FROM requests r \(condition) ORDER BY r.time DESC LIMIT \(max(0, count))) last
                GROUP BY model, item_group, schema_id, answered ORDER BY 5 DESC, 1, 2, 3, 4
                """, arguments
            ) { row in
                let stages = schemas[try row.text(2)]?.stages ?? []
                let answered = try row.optionalInt(3).flatMap { stages.indices.contains($0) ? stages[$0].name : nil }
                return Share(
                    model: try row.text(0), group: try row.optionalText(1), stage: answered,
                    requests: try row.int(4), seconds: try row.numberOrMissing(5), money: try row.numberOrMissing(6))
            }
        }
    }

    /// What was said of the answers that the last `count` requests of `filter` were given.
    public func judgement(among count: Int, _ filter: Filter = Filter()) async throws -> Judgement {
        let (condition, arguments) = filter.condition
        return try await database.read { connection in
            try connection.first(
                """
                SELECT COUNT(*), AVG(quality), AVG(quality * quality) FROM
                    (SELECT AVG(f.quality) AS quality FROM feedback f JOIN
                        (SELECT r.id, r.answered FROM requests r \(condition) ORDER BY r.time DESC
                            LIMIT \(max(0, count))) last
                        ON f.request_id = last.id
                    WHERE f.stage = -1 OR f.stage = last.answered GROUP BY f.request_id) judged
                """, arguments
            ) { row in
                Judgement(
                    count: try row.int(0), quality: try row.numberOrMissing(1),
                    squaredQuality: try row.numberOrMissing(2))
            } ?? Judgement(count: 0, quality: .nan, squaredQuality: .nan)
        }
    }
}
