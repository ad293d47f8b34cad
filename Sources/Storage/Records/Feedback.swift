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
