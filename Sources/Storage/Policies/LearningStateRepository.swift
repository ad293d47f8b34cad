/// What gateways found out about policies, so that it outlasts them: what one that is gone has left behind is taken over by
/// one that lives.
public struct LearningStateRepository: Sendable {
    /// How long what nobody takes over is kept, in seconds.
    static let patience = 30 * 86_400.0

    let database: any Database

    /// Keeps `content` as what `holder` knows of `model`, in place of what it knew before.
    /// - Parameters:
    ///   - judged: the judged requests that it rests on.
    ///   - holder: the gateway, as ``BudgetKeeper/holder`` has it.
    /// - Throws: ``StorageError``.
    public func save(
        _ content: String, judged: Int, model: String, holder: String, time: Double = WallClock.now()
    ) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO learning_states (model, holder, content, judged, saved) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (model, holder) DO UPDATE SET content = $3, judged = $4, saved = $5
                """, [.text(model), .text(holder), .text(content), .int(judged), .double(time)])
            try connection.execute("DELETE FROM learning_states WHERE saved < $1", [.double(time - Self.patience)])
        }
    }

    /// What a gateway that is gone knew of `model`, where that rests on more than `judged` requests: of several the one that
    /// rests on most. It is `holder`'s from now on; of several that ask at once, one gets it.
    /// - Throws: ``StorageError``.
    public func take(_ model: String, beyond judged: Int, holder: String) async throws -> String? {
        try await database.write { connection in
            let left = try connection.first(
                """
                SELECT holder, content FROM learning_states
                WHERE model = $1 AND judged > $2 AND holder <> $3 AND holder NOT IN (SELECT id FROM gateways)
                ORDER BY judged DESC, saved DESC LIMIT 1
                """, [.text(model), .int(judged), .text(holder)]
            ) { (holder: try $0.text(0), content: try $0.text(1)) }
            guard let left else { return nil }
            try connection.execute(
                "DELETE FROM learning_states WHERE model = $1 AND holder = $2", [.text(model), .text(holder)])
            let count = try connection.execute(
                "UPDATE learning_states SET holder = $3 WHERE model = $1 AND holder = $2",
                [.text(model), .text(left.holder), .text(holder)])
            return count == 1 ? left.content : nil
        }
    }
}
