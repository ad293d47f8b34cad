import Cascades
import NIOCore

/// What a stage wrote of an answer before it died, and how another is asked to go on with it.
///
/// Only where a virtual model says `go_on: true`: what was written becomes the last message, or the end of the prompt. It is
/// the one thing that is ever added to what a client asked.
struct Continuation: Sendable {
    /// How an endpoint is asked to go on with a conversation's last message.
    enum Form: String, Sendable, CaseIterable {
        /// A last message of the assistant is gone on with (llama.cpp's server).
        case message
        /// Two fields say so (vLLM, SGLang).
        case vllm
        /// The message says so itself (DeepSeek, Mistral).
        case prefix
    }

    /// The text so far.
    var text: String
    /// The id of the answer, as it is written; `null` where it had none.
    var id: ByteBuffer

    /// `said` with the text so far.
    func added(to said: ModelRun.Said, api: WireAPI, stage: GatewayStage) throws(StageError) -> ModelRun.Said {
        // Nothing was said yet: the stage begins anew.
        if text.isEmpty { return said }
        guard let end = said.fields.conversationEnd else {
            throw .unsupported(what: "its answer can't be gone on with")
        }
        var edits = ByteEdits()
        var more = ByteBuffer()
        if api == .chatCompletions {
            guard let form = stage.continuation else {
                throw .unsupported(what: "it can't go on with another's answer: set `continuation` for it if it can")
            }
            more.writeStaticString(",{\"role\":\"assistant\",\"content\":")
            more.writeQuoted(text)
            if form == .prefix { more.writeStaticString(",\"prefix\":true") }
            more.writeStaticString("}")
            if form == .vllm {
                edits.insert(
                    "\"continue_final_message\":true,\"add_generation_prompt\":false,", at: said.fields.opening)
            }
        } else {
            // Without its quotes, at the end of the prompt.
            var quoted = ByteBuffer()
            quoted.writeQuoted(text)
            more = quoted.getSlice(at: quoted.readerIndex + 1, length: quoted.readableBytes - 2) ?? ByteBuffer()
        }
        edits.replace(end..<end, with: more)
        let body = edits.applied(to: said.body)
        do throws(DoorError) {
            return ModelRun.Said(body: body, fields: try RequestFields(body))
        } catch {
            throw .unsupported(what: error.message)
        }
    }
}

extension ModelRun {
    /// Asks another stage to go on with an answer whose stage died after its first bytes.
    mutating func goOn(after failed: Int, _ begun: BegunAnswer, _ error: StageError) async -> (BegunAnswer, stage: Int)?
    {
        guard model.goesOn, error.isTransient, fields.streams, !fields.hasTools, fields.choices?.number ?? 1 == 1,
            begun.api == .chatCompletions || begun.api == .completions, !begun.scanner.isDone
        else { return nil }
        let continuation = Continuation(
            text: begun.scanner.text, id: begun.scanner.goesOnWith ?? begun.scanner.id ?? ByteBuffer(string: "null"))
        for stage in model.standIns(for: failed, tried: tried) {
            tried.insert(stage)
            let asked = await ask(stage, reading: false, continuation: continuation)
            record.choices.append(asked.choice)
            if case .success(.begun(let next)) = asked.given, next.api == begun.api {
                record.decision = .continued
                record.answeredBy = model.stages[stage].name
                return (next, stage)
            }
        }
        return nil
    }
}
