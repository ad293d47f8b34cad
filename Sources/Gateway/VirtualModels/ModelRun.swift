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

    /// A request as one interface says it.
    struct Said: Sendable {
        var body: ByteBuffer
        var fields: RequestFields
    }

    /// What is asked, and of which model. It never changes, so that copies of the run share it.
    private final class Call: Sendable {
        let model: VirtualModel
        let api: WireAPI
        let said: Said
        /// Header fields that stages get.
        let passedOn: [(name: String, value: String)]
        let start: ContinuousClock.Instant
        /// The request's spans, where traces are kept.
        let trace: RequestTrace?
        /// The request as chat completions have it, where a stage needs it so.
        let chat: Result<Said, TranslationError>?

        init(
            model: VirtualModel, api: WireAPI, said: Said, passedOn: [(name: String, value: String)],
            start: ContinuousClock.Instant, trace: RequestTrace?
        ) {
            self.model = model
            self.api = api
            self.said = said
            self.passedOn = passedOn
            self.start = start
            self.trace = trace
            chat =
                api.isTranslatable && model.stages.contains { !$0.interfaces.contains(api) }
                ? ModelRun.translated(said.body, from: api) : nil
        }
    }

    private let call: Call
    var model: VirtualModel { call.model }
    var api: WireAPI { call.api }
    var body: ByteBuffer { call.said.body }
    var fields: RequestFields { call.said.fields }
    var passedOn: [(name: String, value: String)] { call.passedOn }
    var start: ContinuousClock.Instant { call.start }
    var trace: RequestTrace? { call.trace }
    /// Faults that are simulated.
    var drill: Drill?
    @Boxed var record: RequestRecord
    /// Whether the texts of answers are read.
    var readsTexts = false
    /// Whether its answers are to be judged.
    var isJudged = false
    var tried = StageSet()
    private var held: [(stage: Int, answer: HeldAnswer)] = []
    /// The policy's last look, for explanations.
    private(set) var state: PolicyState?

    init(
        model: VirtualModel, api: WireAPI, body: ByteBuffer, fields: RequestFields,
        passedOn: [(name: String, value: String)], start: ContinuousClock.Instant, trace: RequestTrace? = nil,
        record: RequestRecord
    ) {
        call = Call(
            model: model, api: api, said: Said(body: body, fields: fields), passedOn: passedOn, start: start,
            trace: trace)
        _record = Boxed(wrappedValue: record)
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
        if stage.interfaces.contains(api) { return (api, call.said) }
        guard let chat = call.chat, stage.interfaces.contains(.chatCompletions) else {
            throw .unsupported(what: "it does not speak \(api.rawValue)")
        }
        do throws(TranslationError) {
            return (.chatCompletions, try chat.get())
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
        do throws(CascadeError) {
            var machine = Boxed(wrappedValue: try begin(rule))
            while true {
                switch try next(rule, &machine.wrappedValue) {
                case .over(let outcome): return outcome
                case .pass(let stage): return await pass(stage)
                case .hold(let set):
                    if let outcome = await hold(set, &machine) { return outcome }
                }
            }
        } catch {
            return .failed(
                DoorError(status: 500, type: "server_error", message: "The policy failed: \(error)", code: "policy"))
        }
    }

    /// What the policy wants next.
    private enum Step {
        /// These stages' answers, to read them.
        case hold(StageSet)
        /// This stage's answer, whatever it is.
        case pass(Int)
        case over(Outcome)
    }

    // What does not wait is kept out of the frames of what does, here and below: see CompletionDoor.

    @inline(never) private mutating func begin(_ rule: PolicyRule) throws(CascadeError) -> CascadeMachine<HeldAnswer> {
        record.policy = rule.version
        record.rule = rule
        record.policyVersion = rule.number
        record.context = rule.context(lastText)
        return try CascadeMachine<HeldAnswer>(
            name: model.name, schema: rule.schema, policy: rule.policy, weights: rule.weights,
            agrees: HeldAnswer.agree, context: record.context, group: record.group, coin: record.coin)
    }

    @inline(never) private mutating func next(
        _ rule: PolicyRule, _ machine: inout CascadeMachine<HeldAnswer>
    ) throws(CascadeError) -> Step {
        defer { note(machine) }
        switch try machine.next() {
        case .finish(let decision):
            guard let answer = decision.output else {
                record.decision = .abstained
                return .over(.abstained)
            }
            record.decision = .answered
            if let last = machine.trace.moves.last, case .stop(let stage) = last {
                record.answeredBy = model.stages[stage].name
            }
            return .over(.held(answer))
        case .ask(let set):
            guard set.count == 1, let stage = set.first, rule.policy.settles(on: stage, in: machine.state) else {
                return .hold(set)
            }
            record.decision = .answered
            return .pass(stage)
        }
    }

    private mutating func note(_ machine: CascadeMachine<HeldAnswer>) {
        state = machine.state
        record.moves = machine.trace.moves
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
    private mutating func hold(_ set: StageSet, _ machine: inout Boxed<CascadeMachine<HeldAnswer>>) async -> Outcome? {
        tried = tried.union(set)
        var answers: [Asked] = []
        if set.count == 1, let stage = set.first {
            answers.append(await ask(stage, reading: true))
        } else {
            answers = await ask(set)
        }
        switch receive(answers, &machine.wrappedValue) {
        case .all: return nil
        case .begun(let begun, let stage): return .begun(begun, stage: stage)
        case .failed(let stage, let error): return await standIn(for: stage, error)
        }
    }

    /// Asks stages at once, to read what they say.
    private func ask(_ set: StageSet) async -> [Asked] {
        await withTaskGroup(of: Asked.self) { group in
            for stage in set { group.addTask { await ask(stage, reading: true) } }
            var answers: [Asked] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.choice.stage < $1.choice.stage }
        }
    }

    /// What came of stages whose answers were to be read.
    private indirect enum Received {
        /// All answered.
        case all
        /// One took too long to be read whole: it is given as it is.
        case begun(BegunAnswer, stage: Int)
        case failed(stage: Int, StageError)
    }

    @inline(never) private mutating func receive(
        _ answers: [Asked], _ machine: inout CascadeMachine<HeldAnswer>
    ) -> Received {
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
                // What else was asked for is let go.
                for case .success(.begun(let other)) in answers.map(\.given) where other.source !== begun.source {
                    other.source.cancel()
                }
                record.decision = .released
                return .begun(begun, stage: answer.choice.stage)
            case .failure(let error):
                for case .success(.begun(let other)) in answers.map(\.given) { other.source.cancel() }
                return .failed(stage: answer.choice.stage, error)
            }
        }
        machine.receive(choices)
        note(machine)
        return .all
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
        }
        return giveUp(on: failed, error)
    }

    /// The last answer that is held, or the error of `failed`, for which no other stage stands in.
    @inline(never) private mutating func giveUp(on failed: Int, _ error: StageError) -> Outcome {
        if error.mayBeElsewhere, model.failsOver, let last = held.last {
            record.decision = .failedOver
            record.answeredBy = model.stages[last.stage].name
            return .held(last.answer)
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
