/// The answers that the store holds.
public struct AnswerRepository: Sendable {
    let database: any Database

    /// The answer called `id` for `scope` (for anybody where it is nil) that is not expired at `time`, or nil.
    public func answer(_ id: String, scope: String?, at time: Double) async throws -> CachedAnswer? {
        try await database.read { connection in
            let answer = try connection.first(
                """
                SELECT id, scope, model, body, content_type, created, expires, stage, policy, money FROM answers
                WHERE id = $1 AND (expires IS NULL OR expires > $2)
                """, [.text(id), .double(time)]
            ) { row in
                CachedAnswer(
                    id: try row.text(0), scope: try row.text(1), model: try row.text(2), body: try row.bytes(3),
                    contentType: try row.text(4), stage: try row.optionalText(7), policy: try row.optionalText(8),
                    money: try row.optionalDouble(9) ?? 0, created: try row.double(5),
                    expires: try row.optionalDouble(6))
            }
            return answer.flatMap { scope == nil || $0.scope == scope ? $0 : nil }
        }
    }

    /// Keeps `answer`, in the place of what had its id.
    public func put(_ answer: CachedAnswer) async throws {
        try await database.write { _ = try $0.execute(CachedAnswer.insert, answer.row) }
    }

    /// Takes the answer called `id` away, and says whether there was one.
    @discardableResult
    public func remove(_ id: String) async throws -> Bool {
        try await database.write { try $0.execute("DELETE FROM answers WHERE id = $1", [.text(id)]) > 0 }
    }

    /// Takes away what `policy` of `model` decided, and says how many answers that were.
    @discardableResult
    public func removeAll(model: String, policy: String) async throws -> Int {
        try await database.write {
            try $0.execute("DELETE FROM answers WHERE model = $1 AND policy = $2", [.text(model), .text(policy)])
        }
    }

    /// Takes away what is expired at `time`, and the oldest of the rest but `count`; says how many went.
    @discardableResult
    public func trim(at time: Double, keeping count: Int) async throws -> Int {
        try await database.write { connection in
            try connection.execute("DELETE FROM answers WHERE expires <= $1", [.double(time)])
                + connection.execute(
                    """
                    DELETE FROM answers WHERE id NOT IN
                        (SELECT id FROM answers ORDER BY created DESC, id LIMIT \(max(0, count)))
                    """)
        }
    }
}
