/// The answers that the store holds.
public struct AnswerRepository: Sendable {
    let database: any Database

    /// The answer called `id` for `scope` that is not expired at `time`, or nil.
    public func answer(_ id: String, scope: String, at time: Double) async throws -> CachedAnswer? {
        try await database.read { connection in
            try connection.first(
                """
                SELECT id, scope, model, body, content_type, created, expires FROM answers
                WHERE id = $1 AND scope = $2 AND (expires IS NULL OR expires > $3)
                """, [.text(id), .text(scope), .double(time)]
            ) { row in
                CachedAnswer(
                    id: try row.text(0), scope: try row.text(1), model: try row.text(2), body: try row.bytes(3),
                    contentType: try row.text(4), created: try row.double(5), expires: try row.optionalDouble(6))
            }
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
