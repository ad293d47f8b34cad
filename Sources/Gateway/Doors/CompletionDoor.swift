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
        let time = core.time() - (ContinuousClock.now - request.start).seconds
        let trace = core.tracer.map { RequestTrace($0, request.head, api: api, at: time) }
        do throws(DoorError) {
            try check(request)
            return try await answer(request, number, time, trace)
        } catch {
            return refuse(error, number, trace)
        }
    }

    private func check(_ request: DoorRequest) throws(DoorError) {
        guard request.head.method == .post else {
            throw DoorError(
                status: 405, type: "invalid_request_error", message: "\(request.path) takes POST requests.",
                code: "method_not_allowed")
        }
        if let coding = request.head.headerFields[.contentEncoding], coding.lowercased() != "identity" {
            throw DoorError(
                status: 415, type: "invalid_request_error", message: "Bodies are taken as they are, not as \(coding).",
                code: "unsupported_encoding")
        }
    }

    @inline(never) private func refuse(
        _ error: DoorError, _ number: GatewayCore.RequestNumber, _ trace: RequestTrace?
    ) -> DoorReply {
        var reply = DoorReply(error, api: api)
        reply.fields[.requestID] = number.id
        core.metrics.refused(error.status)
        trace?.end(refused: error.status, at: core.time())
        return reply
    }

    /// Header fields that stages get as they came: the trace, and which form of an interface the client speaks.
    private static let passedOn: [HTTPField.Name] = [
        .traceparent, .tracestate, .anthropicVersion, .anthropicBeta, .openAIBeta,
    ]

    /// What does not wait stays apart (`@inline(never)`), here and in ``ModelRun``: a task's frame has room for all that is done in
    /// it, and a connection's task keeps the largest frame that it ever had.
    /// - Parameter time: when the request came, in seconds since 1970.
    private func answer(
        _ request: DoorRequest, _ number: GatewayCore.RequestNumber, _ time: Double, _ trace: RequestTrace?
    ) async throws(DoorError) -> DoorReply {
        let begun = try begin(request, number, time, trace)
        let caller = begun.caller
        var run = begun.run
        var plan: AnswerCaching.Plan?
        switch await core.caching.find(run, head: request.head.headerFields, caller: caller) {
        case .none: break
        case .miss(let left): plan = left
        case .hit(let hit):
            run.record.reservation = try await core.authority.reserve(caller, .zero)
            return again(hit.wrappedValue, &run)
        }
        run.record.reservation = try await core.authority.reserve(caller, run.mostCost(isCached: plan != nil))
        if var wanted = plan {
            let hit = await core.caching.findMeaning(&run, &wanted)
            if let hit { return again(hit.wrappedValue, &run) }
            plan = wanted
        }
        return give(await run.run(), to: request, &run, plan)
    }

    /// A request whose model is known, and who asks.
    private struct Begun {
        var run: ModelRun
        var caller: Caller
    }

    /// Reads the request, and finds the model that it asks.
    @inline(never) private func begin(
        _ request: DoorRequest, _ number: GatewayCore.RequestNumber, _ time: Double, _ trace: RequestTrace?
    ) throws(DoorError) -> Begun {
        let caller = try core.authority.caller(request.token)
        let fields = try RequestFields(request.body)
        // First: a key that may ask few models is told of no others.
        try caller.check(mayAsk: fields.model)
        var coin = number.coin
        let model = try core.model(fields.model).drawn(&coin)
        var record = RequestRecord(
            id: number.id, time: time, key: caller.key, api: api, model: model.name,
            schema: model.schema)
        record.coin = coin
        record.group = request.head.headerFields[.cascadeGroup] ?? model.group
        record.streamed = fields.streams
        var passedOn: [(name: String, value: String)] = []
        for name in Self.passedOn {
            if let value = request.head.headerFields[name] { passedOn.append((name.canonicalName, value)) }
        }
        var run = ModelRun(
            model: model, api: api, body: request.body, fields: fields, passedOn: passedOn, start: request.start,
            trace: trace, record: record)
        run.isJudged = core.judging.samples(model)
        run.readsTexts = core.recorder.readsTexts || run.isJudged
        if core.recorder.keepsTexts { run.record.input = run.lastText }
        if let text = request.head.headerFields[.cascadeDrill] {
            guard caller.isAdministrator else {
                throw DoorError(
                    status: 403, type: "permission_error", message: "A drill needs the administrator's key.",
                    code: "not_an_administrator")
            }
            run.drill = try Drill(text, stages: model.stages.map(\.name))
        }
        return Begun(run: run, caller: caller)
    }

    /// The reply to what a run came to.
    @inline(never) private func give(
        _ outcome: ModelRun.Outcome, to request: DoorRequest, _ run: inout ModelRun, _ plan: AnswerCaching.Plan?
    ) -> DoorReply {
        let explains = request.head.headerFields[.cascadeExplain] != nil
        switch outcome {
        case .held(var answer):
            run.record.status = answer.status
            core.finish(&run)
            if let plan {
                core.caching.keep(answer.bytes, contentType: answer.contentType ?? "application/json", of: run, plan)
            }
            if explains, answer.status == 200 {
                answer.bytes = Explanation(run).added(to: answer.bytes, isStream: answer.isStream)
            }
            var reply = DoorReply(
                status: answer.status, contentType: answer.contentType ?? "application/json",
                body: .whole(answer.bytes))
            reply.describe(run, headers: answer.headers, isOver: true)
            return reply
        case .begun(let begun, let stage):
            run.record.answeredBy = run.model.stages[stage].name
            run.record.status = 200
            run.record.firstByteSeconds = run.elapsed
            return stream(begun, stage, run, plan, explains: explains)
        case .abstained:
            return refuse(
                &run,
                DoorError(
                    status: 422, type: "policy_abstained",
                    message: "The policy of \(run.model.name) gives no answer to this request.", code: "abstained"))
        case .failed(let error): return refuse(&run, error)
        }
    }

    private func refuse(_ run: inout ModelRun, _ error: DoorError) -> DoorReply {
        run.record.status = error.status
        core.finish(&run)
        var reply = DoorReply(error, api: api)
        reply.describe(run, headers: [], isOver: true)
        return reply
    }

    /// An answer that was given before.
    @inline(never) private func again(_ hit: AnswerCaching.Hit, _ run: inout ModelRun) -> DoorReply {
        let cached = hit.reply
        run.record.decision = .cached
        run.record.status = 200
        run.record.policy = cached.version
        run.record.repeatedMoney = cached.money
        core.finish(&run)
        var reply = DoorReply(contentType: cached.contentType, body: .whole(cached.bytes))
        reply.describe(run, headers: [], isOver: true)
        reply.fields[.cascadeCache] = hit.match.rawValue
        reply.fields[.cascadeCacheID] = cached.id
        reply.fields[.age] = String(max(0, Int(bounding: core.time() - cached.created)))
        if cached.contentType.hasPrefix("text/event-stream") { reply.fields[.cacheControl] = "no-cache" }
        return reply
    }

    /// Passes an answer on as it is written.
    private func stream(
        _ begun: BegunAnswer, _ stage: Int, _ run: ModelRun, _ plan: AnswerCaching.Plan?, explains: Bool
    ) -> DoorReply {
        let passed = PassedStream(
            begun: begun, stage: stage, run: run, translator: run.translator(from: begun.api), explains: explains)
        var reply = DoorReply(
            contentType: begun.contentType ?? "text/event-stream",
            body: .stream { [core] sink in
                var passed = passed
                let keeping = plan.map { _ in KeepingSink(sink, limit: core.caching.mostBytes(run.model.name)) }
                await passed.write(to: keeping ?? sink)
                core.finish(&passed.run)
                if let plan, let bytes = keeping?.bytes {
                    let type = begun.contentType ?? "text/event-stream"
                    core.caching.keep(bytes, contentType: type, of: passed.run, plan)
                }
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
        if isOver { fields[.cascadeCost] = JSONText.money(record.cost.money) }
    }

    /// `text` as a header field may hold it.
    private static func headerText(_ text: String) -> String {
        HTTPField.isValidValue(text) && text.utf8.allSatisfy { $0 < 0x80 }
            ? text : text.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "?"
    }
}

extension DoorError {
    /// As an event in a stream that has begun; `number` counts the events before it where the interface counts them.
    func event(_ api: WireAPI, number: Int) -> ByteBuffer {
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
                    "param": .null, "sequence_number": .number(Double(number)),
                ])
            return event
        default: return openAIEvent
        }
    }
}
