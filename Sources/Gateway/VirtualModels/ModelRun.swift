import Cascades
import NIOCore
import Probability

/// One request's way through a virtual model: asks the stages that the policy names, holds what it has to read, and ends
/// with an answer, or one that has begun.
struct ModelRun: Sendable {
    /// What it came to. Indirect, as is what a stage gave: tasks hold several at a time, and a thousand tasks run at once.
    indirect enum Outcome: Sendable {
        /// A whole answer.
        case held(HeldAnswer)
        /// An answer that is being written, by the stage of this index.
        case begun(BegunAnswer, stage: Int)
        /// The policy gives no answer.
        case abstained
        /// Nothing could answer.
        case failed(DoorError)
    }

    /// What one stage gave.
    struct Asked: Sendable {
        indirect enum Given: Sendable {
            case whole(HeldAnswer, evidence: [Double])
            case begun(BegunAnswer)
        }

        var choice: RequestRecord.Choice
        var given: Result<Given, StageError>
    }

    /// A request as one interface says it.
    struct Said: Sendable {
        var body: ByteBuffer
        var fields: RequestFields
    }

    /// A request in another interface's words: rarely there, and so of a word's size.
    private final class Translated: Sendable {
        let said: Result<Said, TranslationError>

        init(_ said: Result<Said, TranslationError>) { self.said = said }
    }

    let model: VirtualModel
    let api: WireAPI
    let body: ByteBuffer
    let fields: RequestFields
    /// Header fields that stages get.
    let passedOn: [(name: String, value: String)]
    let start: ContinuousClock.Instant
    /// Faults that are simulated.
    var drill: Drill?
    /// The request's spans, where traces are kept.
    var trace: RequestTrace?
    var record: RequestRecord
    /// Whether the texts of answers are read.
    var readsTexts = false
    /// Whether its answers are to be judged.
    var isJudged = false
    var tried = StageSet()
    private var held: [(stage: Int, answer: HeldAnswer)] = []
    /// The request as chat completions have it, where a stage needs it so.
    private let chat: Translated?
    /// The policy's last look, for explanations.
    private(set) var state: PolicyState?

    init(
        model: VirtualModel, api: WireAPI, body: ByteBuffer, fields: RequestFields,
        passedOn: [(name: String, value: String)], start: ContinuousClock.Instant, record: RequestRecord
    ) {
        self.model = model
        self.api = api
        self.body = body
        self.fields = fields
        self.passedOn = passedOn
        self.start = start
        self.record = record
        chat =
            api.isTranslatable && model.stages.contains { !$0.interfaces.contains(api) }
            ? Translated(Self.translated(body, from: api)) : nil
    }

    private static func translated(_ body: ByteBuffer, from api: WireAPI) -> Result<Said, TranslationError> {
        do throws(TranslationError) {
            let chat = try api == .messages ? MessagesRequest.chat(body) : ResponsesRequest.chat(body)
            do throws(DoorError) {
                return .success(Said(body: chat, fields: try RequestFields(chat)))
            } catch {
                throw TranslationError(place: "body", reason: error.message)
            }
        } catch {
            return .failure(error)
        }
    }

    /// The request as `stage` is to get it.
    func said(to stage: GatewayStage) throws(StageError) -> (api: WireAPI, said: Said) {
        if stage.interfaces.contains(api) { return (api, Said(body: body, fields: fields)) }
        guard let chat, stage.interfaces.contains(.chatCompletions) else {
            throw .unsupported(what: "it does not speak \(api.rawValue)")
        }
        do throws(TranslationError) {
            return (.chatCompletions, try chat.said.get())
        } catch {
            throw .untranslatable(error)
        }
    }

    /// Seconds since the request came.
    var elapsed: Double { (ContinuousClock.now - start).seconds }

    /// Asks until there is an answer, or none can be had.
    mutating func run() async -> Outcome {
        guard let rule = model.rule else {
            record.decision = .answered
            record.moves = [.ask(0)]
            return await pass(0)
        }
        record.policy = rule.version
        record.rule = rule
        record.policyVersion = rule.number
        record.context = rule.context(lastText)
        do throws(CascadeError) {
            var machine = try CascadeMachine<HeldAnswer>(
                name: model.name, schema: rule.schema, policy: rule.policy, weights: rule.weights,
                agrees: HeldAnswer.agree, context: record.context, group: record.group, coin: record.coin)
            while true {
                defer {
                    state = machine.state
                    record.moves = machine.trace.moves
                }
                switch try machine.next() {
                case .finish(let decision):
                    guard let answer = decision.output else {
                        record.decision = .abstained
                        return .abstained
                    }
                    record.decision = .answered
                    if let last = machine.trace.moves.last, case .stop(let stage) = last {
                        record.answeredBy = model.stages[stage].name
                    }
                    return .held(answer)
                case .ask(let set):
                    if set.count == 1, let stage = set.first, rule.policy.settles(on: stage, in: machine.state) {
                        record.decision = .answered
                        return await pass(stage)
                    }
                    if let outcome = await hold(set, rule, &machine) { return outcome }
                }
            }
        } catch {
            return .failed(
                DoorError(status: 500, type: "server_error", message: "The policy failed: \(error)", code: "policy"))
        }
    }

    /// The last text that a user said.
    var lastText: String {
        guard let place = fields.lastText else { return "" }
        return body.withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                JSONCursor(bytes).text(JSONName(range: place, isEscaped: fields.lastTextIsEscaped))
            }
        }
    }

    // MARK: - Asking

    /// Asks `set` at once and gives `machine` what they said; an outcome where that ends the run.
    private mutating func hold(
        _ set: StageSet, _ rule: PolicyRule, _ machine: inout CascadeMachine<HeldAnswer>
    ) async -> Outcome? {
        tried = tried.union(set)
        var answers: [Asked] = []
        if set.count == 1, let stage = set.first {
            answers.append(await ask(stage, reading: true))
        } else {
            let run = self
            answers = await withTaskGroup(of: Asked.self) { group in
                for stage in set { group.addTask { await run.ask(stage, reading: true) } }
                var answers: [Asked] = []
                for await answer in group { answers.append(answer) }
                return answers.sorted { $0.choice.stage < $1.choice.stage }
            }
        }
        // All of them are paid for, whatever comes of the first.
        for answer in answers {
            record.choices.append(answer.choice)
            if case .success(.whole(let held, _)) = answer.given { self.held.append((answer.choice.stage, held)) }
        }
        var choices: [Trace<HeldAnswer>.Choice] = []
        for answer in answers {
            switch answer.given {
            case .success(.whole(let held, let evidence)):
                choices.append(
                    Trace.Choice(
                        stage: answer.choice.stage, output: held, evidence: evidence, cost: held.cost,
                        start: answer.choice.start, duration: answer.choice.duration))
            case .success(.begun(let begun)):
                // It took too long to be read whole: it is given as it is. What else was asked for is let go.
                for case .success(.begun(let other)) in answers.map(\.given) where other.source !== begun.source {
                    other.source.cancel()
                }
                record.decision = .released
                return .begun(begun, stage: answer.choice.stage)
            case .failure(let error):
                for case .success(.begun(let other)) in answers.map(\.given) { other.source.cancel() }
                return await standIn(for: answer.choice.stage, error)
            }
        }
        machine.receive(choices)
        return nil
    }

    /// Asks `stage` for an answer that is passed on as it comes.
    private mutating func pass(_ stage: Int) async -> Outcome {
        tried.insert(stage)
        let asked = await ask(stage, reading: false)
        record.choices.append(asked.choice)
        switch asked.given {
        case .success(.whole(let answer, _)):
            record.answeredBy = model.stages[stage].name
            return .held(answer)
        case .success(.begun(let begun)): return .begun(begun, stage: stage)
        case .failure(let error): return await standIn(for: stage, error)
        }
    }

    /// Another stage's answer in place of `failed`'s; an answer that is held, where no other stage is left.
    private mutating func standIn(for failed: Int, _ error: StageError) async -> Outcome {
        if error == .cancelled || Task.isCancelled {
            record.decision = .cancelled
            return .failed(DoorError(.cancelled, stage: model.stages[failed].name))
        }
        if error.mayBeElsewhere {
            for stage in model.standIns(for: failed, tried: tried) {
                tried.insert(stage)
                let asked = await ask(stage, reading: false)
                record.choices.append(asked.choice)
                switch asked.given {
                case .success(.whole(let answer, _)):
                    record.decision = .failedOver
                    record.answeredBy = model.stages[stage].name
                    return .held(answer)
                case .success(.begun(let begun)):
                    record.decision = .failedOver
                    return .begun(begun, stage: stage)
                case .failure(.cancelled):
                    record.decision = .cancelled
                    return .failed(DoorError(.cancelled, stage: model.stages[stage].name))
                case .failure: continue
                }
            }
            if model.failsOver, let last = held.last {
                record.decision = .failedOver
                record.answeredBy = model.stages[last.stage].name
                return .held(last.answer)
            }
        }
        record.decision = .failed
        if case .status(let status, let body, _) = error, error.isAboutRequest, !error.isTransient {
            // The stage says what is wrong with the request, which only the client can mend.
            record.answeredBy = model.stages[failed].name
            if model.stages[failed].interfaces.contains(api) {
                return .held(
                    HeldAnswer(
                        status: status, api: api, contentType: "application/json", bytes: body, isStream: false,
                        cost: .zero))
            }
            let said = (try? JSONTree(body))?["error"]?["message"]?.text
            return .failed(
                DoorError(
                    status: status, type: "invalid_request_error", message: said ?? "\(error)", code: "upstream_error"))
        }
        return .failed(DoorError(error, stage: model.stages[failed].name))
    }

    /// Asks one stage.
    /// - Parameter reading: whether the policy has to read the answer, which is then held as long as the limits allow.
    /// - Parameter continuation: what another stage wrote before it died, to go on with.
    func ask(_ index: Int, reading: Bool, continuation: Continuation? = nil) async -> Asked {
        let stage = model.stages[index]
        let begin = ContinuousClock.now
        var choice = RequestRecord.Choice(stage: index, name: stage.name, start: (begin - start).seconds)
        let alternatives = reading ? model.rule?.alternatives[index] : nil
        let lost = LostCalls()
        var hasBegun = false
        do throws(StageError) {
            var (wire, said) = try said(to: stage)
            if let continuation { said = try continuation.added(to: said, api: wire, stage: stage) }
            let edits = StageEdits(said.body, said.fields, api: wire, stage: stage, alternatives: alternatives)
            var wants = ReplyFields.Wants()
            wants.tokens = alternatives != nil
            wants.text = readsTexts || model.goesOn && fields.streams
            var scanner = AnswerScanner(
                api: wire, wants: wants, strip: edits.strip, choices: said.fields.choices?.number ?? 1,
                goesOnWith: continuation?.id)
            var client = stage.client
            if let fault = drill?.faults[stage.name] { client = DrilledClient(client: client, fault: fault) }
            var headers = passedOn
            if let trace {
                let span = trace.begin(stage, wire, model: fields.model, at: record.time + choice.start)
                headers = trace.headers(headers, for: span)
                choice.span = span
            }
            let reply = try await client.send(
                StageRequest(
                    api: wire, body: edits.body, streams: fields.streams, headers: headers, key: record.key ?? "",
                    lost: lost, wants: scanner.wants))
            hasBegun = true
            if lost.count > 0 { choice.lost = lostCost(stage, calls: lost.count) }
            var answer: HeldAnswer
            switch reply.body {
            case .whole(let bytes):
                let edited = try scanner.whole(bytes, reply.fields)
                answer = held(reply, edited, scanner, wire, isStream: false, index, begin, &choice)
            case .stream(let source):
                if !reading {
                    let begun = try await AnswerCollector.begin(reply, source, scanner, api: wire)
                    return Asked(choice: choice, given: .success(.begun(begun)))
                }
                let deadline = begin.advanced(by: .seconds(model.hold.seconds))
                let kept = try await AnswerCollector.hold(
                    reply, source, scanner, api: wire, limits: model.hold, until: deadline)
                switch kept {
                case .begun(let begun): return Asked(choice: choice, given: .success(.begun(begun)))
                case .whole(let bytes, let read):
                    scanner = read
                    answer = held(reply, bytes, scanner, wire, isStream: true, index, begin, &choice)
                }
            }
            try translate(&answer)
            let evidence = reading ? model.rule?.evidence(of: answer, read: scanner, stage: index) ?? [] : []
            choice.evidence = evidence
            return Asked(choice: choice, given: .success(.whole(answer, evidence: evidence)))
        } catch {
            choice.duration = (ContinuousClock.now - begin).seconds
            choice.fail(error)
            // The last call too is one whose answer was not heard to the end.
            let calls = max(lost.count + (hasBegun && error.mayBeBilled ? 1 : 0), error.mayBeBilled ? 1 : 0)
            if calls > 0 {
                choice.lost = lostCost(stage, calls: calls)
                choice.cost = choice.lost
                choice.cost.seconds = choice.duration
                choice.isEstimated = true
            }
            return Asked(choice: choice, given: .failure(error))
        }
    }

    /// What `calls` calls cost of which no answer was heard to the end: what they read is paid for nevertheless.
    private func lostCost(_ stage: GatewayStage, calls: Int) -> Cost {
        let one = stage.cost(TokenCounts(read: readEstimate), seconds: 0)
        return (1..<max(1, calls)).reduce(one) { sum, _ in sum + one }
    }

    private func held(
        _ reply: StageReply, _ bytes: ByteBuffer, _ scanner: AnswerScanner, _ wire: WireAPI, isStream: Bool,
        _ index: Int, _ begin: ContinuousClock.Instant, _ choice: inout RequestRecord.Choice
    ) -> HeldAnswer {
        choice.duration = (ContinuousClock.now - begin).seconds
        choice.cost = choice.lost + cost(of: scanner, stage: index, seconds: choice.duration, &choice.isEstimated)
        if readsTexts, !scanner.text.isEmpty { choice.output = scanner.text }
        return HeldAnswer(
            status: reply.status, api: wire, contentType: reply.contentType, headers: reply.headers, bytes: bytes,
            isStream: isStream, cost: choice.cost)
    }

    /// What an answer cost; estimated where the stage did not count its tokens.
    private func cost(of scanner: AnswerScanner, stage: Int, seconds: Double, _ isEstimated: inout Bool) -> Cost {
        if let counts = scanner.counts { return model.stages[stage].cost(counts, seconds: seconds) }
        isEstimated = true
        let counts = TokenCounts(read: readEstimate, written: Double(scanner.pieces))
        return model.stages[stage].cost(counts, seconds: seconds)
    }

    /// About how many tokens the request has: four bytes a token is what English comes to.
    private var readEstimate: Double { (Double(body.readableBytes) / 4).rounded() }

    /// Notes the end of an answer that was passed on.
    mutating func finish(_ begun: BegunAnswer, stage: Int) {
        guard let place = record.choices.lastIndex(where: { $0.stage == stage }) else { return }
        let seconds = elapsed - record.choices[place].start
        var isEstimated = false
        record.choices[place].duration = seconds
        record.choices[place].cost =
            record.choices[place].lost + cost(of: begun.scanner, stage: stage, seconds: seconds, &isEstimated)
        record.choices[place].isEstimated = isEstimated
        if readsTexts, !begun.scanner.text.isEmpty { record.choices[place].output = begun.scanner.text }
    }
}

extension RequestRecord.Choice {
    /// Notes why the stage gave no answer.
    mutating func fail(_ error: StageError) {
        failure = error.description
        failureKind = error.kind
        failureAside = error.aside
    }
}

extension Duration {
    /// In seconds.
    var seconds: Double {
        let parts = components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}

extension HeldAnswer {
    /// Whether two answers say the same: letters and digits count.
    static func agree(_ left: HeldAnswer, _ right: HeldAnswer) -> Bool { left.words == right.words }

    private var words: [String] {
        var scanner = AnswerScanner(wants: ReplyFields.Wants(text: true))
        var pass = ByteBuffer()
        if isStream {
            scanner.stream(bytes, into: &pass)
            scanner.end(into: &pass)
        } else {
            _ = try? scanner.whole(bytes)
        }
        return scanner.text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
