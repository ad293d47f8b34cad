import NIOCore

extension ModelRun {
    /// What says the answer of a stage that speaks `stage` as the client's interface has it, where they differ.
    func translator(from stage: WireAPI) -> (any AnswerTranslator)? {
        guard stage != api else { return nil }
        let id = String(record.id.dropFirst(4))
        return api == .messages ? MessagesTranslator(id: "msg_\(id)") : ResponsesTranslator(id: id, request: body)
    }

    /// Says `answer` as the client's interface has it. What can't be said so is the stage's failure, found out while another
    /// can still stand in.
    func translate(_ answer: inout HeldAnswer) throws(StageError) {
        guard var translator = translator(from: answer.api) else { return }
        if answer.isStream {
            var said = ByteBuffer()
            try translator.stream(answer.bytes, into: &said)
            try translator.end(into: &said)
            answer.bytes = said
        } else {
            answer.bytes = try translator.whole(answer.bytes)
        }
        answer.api = api
    }
}
