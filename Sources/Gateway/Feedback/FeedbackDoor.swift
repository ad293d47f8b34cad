import Cascades
import Logging
import HTTPTypes
import NIOCore
import Storage

/// `/v1/feedback`: how good the answer to a request was, said by whoever asked; at any time later, or never.
struct FeedbackDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        do throws(DoorError) {
            return try await take(request)
        } catch {
            return DoorReply(error)
        }
    }

    private func take(_ request: DoorRequest) async throws(DoorError) -> DoorReply {
        guard request.head.method == .post else { throw .wrongMethod(request.path, takes: "POST") }
        let caller = try core.authority.caller(request.token)
        guard let services = core.services else {
            throw DoorError(
                status: 501, type: "invalid_request_error",
                message: "This gateway keeps nothing: start it with --store to give feedback.", code: "no_store")
        }
        let asked = try FeedbackRequest(request.body)
        if asked.source != "user", !caller.isAdministrator, caller.key != nil {
            throw .forbidden(
                "A key speaks for its user. Other sources (judges, tests) need an administrator's key.",
                code: "not_an_administrator")
        }
        let judged = try await find(asked.request, caller, services)
        let feedback = try judgements(asked, of: judged, services)
        for item in feedback { services.writer.submit(.feedback(item)) }
        // What is said of the answer that was given comes last: with it, a request that all stages answered is judged.
        for item in feedback.sorted(by: { $0.stage != judged?.answered && $1.stage == judged?.answered }) {
            await core.learning.judged(item.request, stage: item.stage, quality: item.quality, source: item.source)
        }
        // Whoever waits for the answer knows that it is kept.
        var isStored = true
        do { try await services.writer.flush() } catch { isStored = false }
        var reply = DoorReply(
            status: isStored ? 200 : 202,
            body: .whole(
                ([
                    "object": "feedback", "request_id": .string(asked.request),
                    "stored": .literal(isStored ? "true" : "false"),
                    "judged": .array(
                        feedback.map { item in
                            .members([
                                ("stage", item.stage.flatMap { stage in judged.map { name($0, stage) } }),
                                ("quality", .number(item.quality)),
                            ])
                        }),
                ] as JSONTree).bytes))
        reply.fields[.requestID] = asked.request
        return reply
    }

    private func name(_ record: Storage.RequestRecord, _ stage: Int) -> JSONTree {
        .string(record.trace.schema.stages[stage].name)
    }

    /// The request called `id`, where it is the caller's; nil where the store can't be asked.
    private func find(
        _ id: String, _ caller: Caller, _ services: StoreServices
    ) async throws(DoorError) -> Storage.RequestRecord? {
        var found: Storage.RequestRecord?
        do {
            found = try await services.store.requests.request(id)
            if found == nil {
                // It may be on its way still.
                try await services.writer.flush()
                found = try await services.store.requests.request(id)
            }
        } catch {
            core.logger.debug("Feedback on \(id) is taken unseen: \(error)")
            return nil
        }
        guard let found, caller.isAdministrator || found.key == caller.key else {
            throw DoorError(
                status: 404, type: "invalid_request_error",
                message: "There is no request \"\(id)\" of this key.", code: "request_not_found",
                parameter: "request_id")
        }
        return found
    }

    /// What `asked` says of each stage.
    private func judgements(
        _ asked: FeedbackRequest, of record: Storage.RequestRecord?, _ services: StoreServices
    ) throws(DoorError) -> [Feedback] {
        let now = core.time()
        func feedback(_ stage: Int?, _ quality: Double) -> Feedback {
            Feedback(
                request: asked.request, stage: stage, source: asked.source, quality: quality, time: now,
                note: asked.note.flatMap { services.options.texts.kept($0) })
        }
        switch asked.judgement {
        case .quality(let quality):
            guard let name = asked.stage else {
                if let record, record.trace.choices.isEmpty {
                    throw .badRequest(
                        "Request \"\(asked.request)\" has no answer to be judged.", code: "no_answer",
                        parameter: "request_id")
                }
                return [feedback(nil, quality)]
            }
            guard let record else { throw .storeAway }
            guard let choice = record.trace.choices.first(where: { record.trace.schema.stages[$0.stage].name == name })
            else {
                let names = record.trace.choices.map { record.trace.schema.stages[$0.stage].name }
                throw .badRequest(
                    "Stage \"\(name)\" gave no answer to it. These did: \(names.joined(separator: ", ")).",
                    code: "no_answer", parameter: "stage")
            }
            return [feedback(choice.stage, quality)]
        case .answer(let right):
            guard let record else { throw .storeAway }
            let comparison = AnswerComparison(right: right, texts: services.options.texts)
            var items: [Feedback] = []
            for choice in record.trace.choices {
                guard let output = choice.output else { continue }
                if let name = asked.stage, record.trace.schema.stages[choice.stage].name != name { continue }
                items.append(feedback(choice.stage, comparison.quality(of: output)))
            }
            guard !items.isEmpty else {
                throw DoorError(
                    status: 422, type: "invalid_request_error",
                    message:
                        "The texts of its answers were not kept, so they can't be compared with the right one. Give thumbs or a score, or keep texts: `texts: redacted` in the configuration.",
                    code: "no_texts", parameter: "answer")
            }
            return items
        }
    }
}

extension DoorError {
    static func wrongMethod(_ path: Substring, takes methods: String) -> DoorError {
        DoorError(
            status: 405, type: "invalid_request_error", message: "\(path) takes \(methods) requests.",
            code: "method_not_allowed")
    }

    /// What can't be done while the store is away.
    static let storeAway = DoorError(
        status: 503, type: "server_error",
        message: "The store can't be asked now, and this needs what it has of the request. Try again.",
        code: "store_unavailable", retryAfter: 1)
}
