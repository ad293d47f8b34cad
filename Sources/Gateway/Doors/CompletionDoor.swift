import Cascades
import Foundation
import HTTPTypes
import NIOCore
import Probability

/// The door of an OpenAI interface whose requests name a model: a virtual model answers.
struct CompletionDoor: Door {
    let api: WireAPI
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        let number = core.nextRequest()
        do throws(DoorError) {
            return try await answer(request, number)
        } catch {
            var reply = DoorReply(error, api: api)
            reply.fields[.requestID] = number.id
            core.metrics.refused(error.status)
            return reply
        }
    }

    private func answer(_ request: DoorRequest, _ number: GatewayCore.RequestNumber) async throws(DoorError)
        -> DoorReply
    {
        guard request.head.method == .post else {
            throw DoorError(
                status: 405, type: "invalid_request_error", message: "\(request.path) takes POST requests.",
                code: "method_not_allowed")
        }
        let caller = try core.authority.caller(request.token)
        let fields = try RequestFields(request.body)
        let model = try core.model(fields.model)
        var record = RequestRecord(
            id: number.id, time: Date().timeIntervalSince1970, key: caller.key, api: api, model: model.name)
        record.coin = number.coin
        record.group = request.head.headerFields[.cascadeGroup] ?? model.group
        record.streamed = fields.streams
        var passedOn: [(name: String, value: String)] = []
        if let trace = request.head.headerFields[.traceparent] { passedOn.append(("traceparent", trace)) }
        if let trace = request.head.headerFields[.tracestate] { passedOn.append(("tracestate", trace)) }
        var run = ModelRun(
            model: model, api: api, body: request.body, fields: fields, passedOn: passedOn, start: request.start,
            record: record)
        if let text = request.head.headerFields[.cascadeDrill] {
            guard caller.isAdministrator else {
                throw DoorError(
                    status: 403, type: "permission_error", message: "A drill needs the administrator's key.",
                    code: "not_an_administrator")
            }
            run.drill = try Drill(text, stages: model.stages.map(\.name))
        }
        run.record.reservation = try await core.authority.reserve(
            caller, model.mostCost(fields, bytes: request.body.readableBytes))
        let outcome = await run.run()
        let explains = request.head.headerFields[.cascadeExplain] != nil
        switch outcome {
        case .held(var answer):
            run.record.status = answer.status
            do throws(StageError) {
                try translate(&answer, run)
            } catch {
                run.record.decision = .failed
                run.record.status = 502
                core.finish(&run)
                var reply = DoorReply(DoorError(error, stage: run.record.answeredBy ?? model.name), api: api)
                reply.describe(run, headers: [], isOver: true)
                return reply
            }
            core.finish(&run)
            if explains, answer.status == 200 {
                answer.bytes = Explanation(run).added(to: answer.bytes, isStream: answer.isStream)
            }
            var reply = DoorReply(
                status: answer.status, contentType: answer.contentType ?? "application/json",
                body: .whole(answer.bytes))
            reply.describe(run, headers: answer.headers, isOver: true)
            return reply
        case .begun(let begun, let stage):
            run.record.answeredBy = model.stages[stage].name
            run.record.status = 200
            run.record.firstByteSeconds = run.elapsed
            return stream(begun, stage, run, explains: explains)
        case .abstained:
            run.record.status = 422
            core.finish(&run)
            var reply = DoorReply(
                DoorError(
                    status: 422, type: "policy_abstained",
                    message: "The policy of \(model.name) gives no answer to this request.", code: "abstained"),
                api: api)
            reply.describe(run, headers: [], isOver: true)
            return reply
        case .failed(let error):
            run.record.status = error.status
            core.finish(&run)
            var reply = DoorReply(error, api: api)
            reply.describe(run, headers: [], isOver: true)
            return reply
        }
    }

    /// What says a stage's answer as the client's interface has it, where they differ.
    private func translator(from stage: WireAPI, _ run: ModelRun) -> (any AnswerTranslator)? {
        guard stage != api else { return nil }
        let id = String(run.record.id.dropFirst(4))
        return api == .messages
            ? MessagesTranslator(id: "msg_\(id)") : ResponsesTranslator(id: id, request: run.body)
    }

    private func translate(_ answer: inout HeldAnswer, _ run: ModelRun) throws(StageError) {
        guard var translator = translator(from: answer.api, run) else { return }
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

    /// Passes an answer on as it is written.
    private func stream(_ begun: BegunAnswer, _ stage: Int, _ run: ModelRun, explains: Bool) -> DoorReply {
        let translator = translator(from: begun.api, run)
        var reply = DoorReply(
            contentType: begun.contentType ?? "text/event-stream",
            body: .stream { [core, api] sink in
                var begun = begun
                var run = run
                var translator = translator
                do {
                    while true {
                        var said = ByteBuffer()
                        if translator != nil {
                            try translator?.stream(begun.bytes, into: &said)
                            if begun.isOver { try translator?.end(into: &said) }
                            begun.bytes = ByteBuffer()
                        } else if !explains || begun.isOver || !begun.scanner.isDone {
                            // The stream's last mark waits for the explanation.
                            said = begun.bytes
                            begun.bytes = ByteBuffer()
                        }
                        if begun.isOver, explains {
                            run.finish(begun, stage: stage)
                            said = Explanation(run).added(to: said, isStream: true)
                        }
                        if said.readableBytes > 0 { try await sink.write(said) }
                        if begun.isOver { break }
                        try await AnswerCollector.advance(&begun)
                    }
                } catch let error as StageError {
                    // After the first byte nobody can stand in: the client is told in the stream itself.
                    begun.source.cancel()
                    run.record.decision = error == .cancelled ? .cancelled : .failed
                    if let place = run.record.choices.lastIndex(where: { $0.stage == stage }) {
                        run.record.choices[place].failure = error.description
                    }
                    let told = DoorError(error, stage: run.model.stages[stage].name)
                    if translator == nil { try? await sink.write(begun.bytes) }
                    try? await sink.write(told.event(api))
                } catch {
                    begun.source.cancel()
                    run.record.decision = .cancelled
                }
                run.finish(begun, stage: stage)
                core.finish(&run)
            })
        reply.fields[.cacheControl] = "no-cache"
        reply.describe(run, headers: begun.headers, isOver: false)
        return reply
    }
}

extension DoorReply {
    /// Says in header fields what was decided.
    mutating func describe(_ run: ModelRun, headers: [(name: String, value: String)], isOver: Bool) {
        for header in headers {
            if let name = HTTPField.Name(header.name) { fields[name] = header.value }
        }
        let record = run.record
        fields[.requestID] = record.id
        fields[.cascadeModel] = Self.headerText(record.model)
        if let stage = record.answeredBy { fields[.cascadeStage] = Self.headerText(stage) }
        if let policy = record.policy { fields[.cascadePolicy] = Self.headerText(policy) }
        fields[.cascadeDecision] = record.decision.rawValue
        fields[.cascadeAsked] = Self.headerText(
            record.choices.count == 1
                ? record.choices[0].name : record.choices.map(\.name).joined(separator: ","))
        if isOver { fields[.cascadeCost] = "\(record.cost.money)" }
    }

    /// `text` as a header field may hold it.
    private static func headerText(_ text: String) -> String {
        HTTPField.isValidValue(text) && text.utf8.allSatisfy { $0 < 0x80 }
            ? text : text.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "?"
    }
}

extension DoorError {
    /// As an event in a stream that has begun.
    func event(_ api: WireAPI) -> ByteBuffer {
        switch api {
        case .messages:
            var event = ByteBuffer(string: "event: error\ndata: ")
            event.writeImmutableBuffer(anthropicBody)
            event.writeStaticString("\n\n")
            return event
        case .responses:
            var event = ByteBuffer()
            event.writeEvent(
                "error",
                [
                    "type": "error", "code": .string(code ?? "server_error"), "message": .string(message),
                    "param": .null, "sequence_number": 0,
                ])
            return event
        default: return openAIEvent
        }
    }
}
