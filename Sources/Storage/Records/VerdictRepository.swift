/// The requests whose answers were counted as judged: each counts once, however many gateways are told how good it was, and
/// however often they are started.
public struct VerdictRepository: Sendable {
    let database: any Database

    /// Takes `request` for counted, and says whether nobody had before: of several that ask at once, one is told so.
    /// - Throws: ``StorageError``.
    public func claim(_ request: String) async throws -> Bool {
        try await database.write { connection in
            try connection.execute(
                "INSERT INTO verdicts (request_id) VALUES ($1) ON CONFLICT (request_id) DO NOTHING", [.text(request)])
                == 1
        }
    }
}
