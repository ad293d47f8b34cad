import NIOCore

/// What `/v1/feedback` is told of an answer.
///
///     {"request_id": "req_…", "thumbs": "up"}
///     {"request_id": "req_…", "score": 0.7, "note": "too long"}
///     {"request_id": "req_…", "answer": "Paris"}
struct FeedbackRequest: Sendable, Equatable {
    /// How good the answer was.
    enum Judgement: Sendable, Equatable {
        /// From 0 (wrong) to 1 (right).
        case quality(Double)
        /// The right answer, which what each stage said is compared with.
        case answer(String)
    }

    /// The request that is judged.
    var request: String
    var judgement: Judgement
    /// The stage that is judged, by name; nil for the answer that was given.
    var stage: String?
    /// Who judges.
    var source: String
    /// What else is said.
    var note: String?

    /// Reads the request in `bytes`.
    /// - Throws: ``DoorError`` that says what is right.
    init(_ bytes: ByteBuffer) throws(DoorError) {
        let tree: JSONTree
        do throws(JSONFault) { tree = try JSONTree(bytes) } catch {
            throw .badRequest("The body is not a JSON object as expected: \(error).", code: "invalid_json")
        }
        guard let members = tree.members else {
            throw .badRequest("The body is not a JSON object.", code: "invalid_json")
        }
        let known = ["request_id", "thumbs", "score", "answer", "stage", "source", "note"]
        for member in members where !known.contains(member.name) {
            throw .badRequest(
                "There is no field \"\(member.name)\". Known: \(known.joined(separator: ", ")).",
                code: "unknown_field", parameter: member.name)
        }
        func text(_ name: String, most: Int) throws(DoorError) -> String? {
            guard let value = tree[name] else { return nil }
            guard let text = value.text, !text.isEmpty, text.utf8.count <= most else {
                throw .badRequest("\"\(name)\" must be a text of 1 to \(most) bytes.", parameter: name)
            }
            return text
        }
        guard let request = try text("request_id", most: 200) else {
            throw .badRequest(
                "\"request_id\" is missing: it is the header field x-cascade-request-id of the answer.",
                parameter: "request_id")
        }
        self.request = request
        stage = try text("stage", most: 200)
        source = try text("source", most: 100) ?? "user"
        note = try text("note", most: 10_000)
        var judgements: [Judgement] = []
        if let thumbs = tree["thumbs"] {
            switch thumbs.text {
            case "up": judgements.append(.quality(1))
            case "down": judgements.append(.quality(0))
            default: throw .badRequest("\"thumbs\" must be \"up\" or \"down\".", parameter: "thumbs")
            }
        }
        if let score = tree["score"] {
            guard let number = score.number, (0...1).contains(number) else {
                throw .badRequest("\"score\" must be a number from 0 (wrong) to 1 (right).", parameter: "score")
            }
            judgements.append(.quality(number))
        }
        if let answer = try text("answer", most: 1_000_000) { judgements.append(.answer(answer)) }
        guard judgements.count == 1 else {
            throw .badRequest("Give one of \"thumbs\", \"score\" and \"answer\".", code: "no_judgement")
        }
        judgement = judgements[0]
    }
}
