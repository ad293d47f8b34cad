/// The feedback that the store holds.
///
/// It may come late, before its request is written, or never. Who says something new of the same answer takes back what
/// was said before.
public struct FeedbackRepository: Sendable {
    let database: any Database

    /// Adds one; ``RecordWriter`` adds many.
    /// - Throws: ``StorageError``; ``StorageError/improper(what:reason:)`` for a quality that is no finite number.
    public func add(_ feedback: Feedback) async throws {
        guard feedback.quality.isFinite else {
            throw StorageError.improper(what: "the quality \(feedback.quality)", reason: "it must be a finite number")
        }
        try await database.write { _ = try $0.execute(Feedback.insert, feedback.row) }
    }

    /// All that was said of `request`, the oldest first.
    public func all(of request: String) async throws -> [Feedback] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT request_id, stage, source, quality, time, note FROM feedback WHERE request_id = $1
                ORDER BY time, stage, source
                """, [.text(request)]
            ) { row in
                let stage = try row.int(1)
                return Feedback(
                    request: try row.text(0), stage: stage < 0 ? nil : stage, source: try row.text(2),
                    quality: try row.double(3), time: try row.double(4), note: try row.optionalText(5))
            }
        }
    }
}
