/// How good the answer to a request was, said by someone: a person, a program, a model.
public struct Feedback: Sendable, Hashable {
    /// The request.
    public var request: String
    /// The stage that is judged, by its index; nil for the answer that was given.
    public var stage: Int?
    /// Who says so: `user`, `judge`, `test`, …
    public var source: String
    /// 1 for right and 0 for wrong, or any number where more is better.
    public var quality: Double
    /// When, in seconds since 1970.
    public var time: Double
    /// What else was said.
    public var note: String?

    /// Feedback on `request`.
    public init(
        request: String, stage: Int? = nil, source: String = "user", quality: Double, time: Double, note: String? = nil
    ) {
        self.request = request
        self.stage = stage
        self.source = source
        self.quality = quality
        self.time = time
        self.note = note
    }

    static let insert = """
        INSERT INTO feedback (request_id, stage, source, quality, time, note) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (request_id, stage, source) DO UPDATE SET quality = $4, time = $5, note = $6
        WHERE feedback.time <= $5
        """

    var row: [SQLValue] {
        [.text(request), .int(stage ?? -1), .text(source), .double(quality), .double(time), .text(note)]
    }
}

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
