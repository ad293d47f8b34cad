import Cascades
import NIOCore

/// What was decided for a request, as JSON: in the body of its answer when the client asks for it with `x-cascade-explain`.
struct Explanation {
    private let run: ModelRun

    init(_ run: ModelRun) { self.run = run }

    /// The object.
    var json: ByteBuffer {
        let record = run.record
        var json = ByteBuffer()
        json.writeStaticString("{\"request_id\":")
        json.writeQuoted(record.id)
        json.writeStaticString(",\"model\":")
        json.writeQuoted(record.model)
        if let stage = record.answeredBy {
            json.writeStaticString(",\"stage\":")
            json.writeQuoted(stage)
        }
        if let policy = record.policy {
            json.writeStaticString(",\"policy\":")
            json.writeQuoted(policy)
        }
        json.writeStaticString(",\"decision\":")
        json.writeQuoted(record.decision.rawValue)
        json.writeStaticString(",\"cost\":")
        write(record.choices.reduce(record.aside) { $0 + $1.cost }, into: &json)
        json.writeStaticString(",\"asked\":[")
        for (index, choice) in record.choices.enumerated() {
            if index > 0 { json.writeStaticString(",") }
            write(choice, into: &json)
        }
        json.writeStaticString("]")
        if let rule = run.model.rule, let state = run.state {
            let terms = rule.policy.terms(state)
            json.writeStaticString(",\"rule\":")
            json.writeQuoted(rule.policy.formula(rule.schema))
            json.writeStaticString(",\"terms\":[")
            for (index, term) in terms.enumerated() {
                if index > 0 { json.writeStaticString(",") }
                json.writeStaticString("{\"name\":")
                json.writeQuoted(term.name)
                json.writeString(",\"value\":\(JSONText.number(term.value))")
                if let threshold = term.threshold { json.writeString(",\"threshold\":\(JSONText.number(threshold))") }
                json.writeStaticString("}")
            }
            json.writeStaticString("]")
        }
        json.writeStaticString("}")
        return json
    }

    private func write(_ cost: Cost, into json: inout ByteBuffer) {
        json.writeString(
            "{\"money\":\(JSONText.money(cost.money)),\"tokens_in\":\(JSONText.number(cost.tokensIn)),\"tokens_out\":\(JSONText.number(cost.tokensOut)),\"seconds\":\(JSONText.number(cost.seconds))}"
        )
    }

    private func write(_ choice: RequestRecord.Choice, into json: inout ByteBuffer) {
        json.writeStaticString("{\"stage\":")
        json.writeQuoted(choice.name)
        json.writeStaticString(",\"cost\":")
        write(choice.cost, into: &json)
        json.writeString(",\"estimated\":\(choice.isEstimated)")
        if let failure = choice.failure {
            json.writeStaticString(",\"failure\":")
            json.writeQuoted(failure)
        }
        if let rule = run.model.rule, !choice.evidence.isEmpty {
            json.writeStaticString(",\"evidence\":{")
            let names = rule.schema.stages[choice.stage].evidence
            for (index, (name, value)) in zip(names, choice.evidence).enumerated() {
                if index > 0 { json.writeStaticString(",") }
                json.writeQuoted(name)
                json.writeString(":\(JSONText.number(value))")
            }
            json.writeStaticString("}")
        }
        json.writeStaticString("}")
    }

    /// `answer` with the explanation as its member `cascade`; in a stream as a piece of its own before the last mark, or
    /// as an event at the end of interfaces whose events have names.
    func added(to answer: ByteBuffer, isStream: Bool) -> ByteBuffer {
        var edits = ByteEdits()
        if isStream, run.api.isTranslatable {
            var answer = answer
            answer.writeStaticString("event: cascade\ndata: ")
            answer.writeImmutableBuffer(json)
            answer.writeStaticString("\n\n")
            return answer
        }
        if isStream {
            var piece = ByteBuffer(string: "data: {\"object\":\"chat.completion.chunk\",\"choices\":[],\"cascade\":")
            piece.writeImmutableBuffer(json)
            piece.writeStaticString("}\n\n")
            edits.replace(lastMark(answer), with: piece)
        } else {
            guard let fields = try? ReplyFields(answer) else { return answer }
            var member = ByteBuffer(string: fields.hasMembers ? ",\"cascade\":" : "\"cascade\":")
            member.writeImmutableBuffer(json)
            edits.replace(fields.closing..<fields.closing, with: member)
        }
        return edits.applied(to: answer)
    }

    /// Where the last mark of a stream begins, or its end where it has none.
    private func lastMark(_ stream: ByteBuffer) -> Range<Int> {
        let mark = Array("data: [DONE]".utf8)
        return stream.withUnsafeReadableBytes { bytes in
            var start = bytes.count - mark.count
            while start >= 0 {
                if bytes[start..<start + mark.count].elementsEqual(mark) { return start..<start }
                start -= 1
            }
            return bytes.count..<bytes.count
        }
    }
}
