import Cascades
import NIOCore

/// How one stage is asked, and what its answers cost.
extension ModelRun {
    /// What one stage gave.
    struct Asked: Sendable {
        indirect enum Given: Sendable {
            case whole(HeldAnswer, evidence: [Double])
            case begun(BegunAnswer)
        }

        @Boxed var choice: RequestRecord.Choice
        var given: Result<Given, StageError>
    }

    /// A call of a stage, from its beginning to its end. A class, so that it lies outside of its task's frame.
    private final class StageCall {
        let index: Int
        /// Whether the policy has to read the answer.
        let reading: Bool
        let begin = ContinuousClock.now
        var choice: RequestRecord.Choice
        let lost = LostCalls()
        var client: any StageClient
        var wire = WireAPI.chatCompletions
        var request: StageRequest?
        var scanner = AnswerScanner()
        /// Whether the stage has begun to answer.
        var hasBegun = false
        /// Why it was not even asked.
        var refusal: StageError?

        init(_ index: Int, _ stage: GatewayStage, reading: Bool, since start: ContinuousClock.Instant) {
            self.index = index
            self.reading = reading
            client = stage.client
            choice = RequestRecord.Choice(stage: index, name: stage.name, start: (begin - start).seconds)
        }

        /// Seconds since it began.
        var seconds: Double { (ContinuousClock.now - begin).seconds }
    }

    /// Asks one stage.
    /// - Parameter reading: whether the policy has to read the answer, which is then held as long as the limits allow.
    /// - Parameter continuation: what another stage wrote before it died, to go on with.
    func ask(_ index: Int, reading: Bool, continuation: Continuation? = nil) async -> Asked {
        let call = prepare(index, reading: reading, continuation)
        guard let request = call.request else { return failed(call, call.refusal ?? .cancelled) }
        do throws(StageError) {
            let reply = try await call.client.send(request)
            guard let begun = began(call, reply) else { return try whole(call, reply) }
            guard reading else {
                return Asked(choice: call.choice, given: .success(.begun(try await AnswerCollector.begin(begun))))
            }
            let held = try await AnswerCollector.hold(
                begun, limits: model.hold, until: call.begin.advanced(by: .seconds(model.hold.seconds)))
            return held.isOver
                ? try whole(call, held, reply.status) : Asked(choice: call.choice, given: .success(.begun(held)))
        } catch {
            return failed(call, error)
        }
    }

    /// What the stage is to be asked; without a request where it can't be.
    @inline(never) private func prepare(_ index: Int, reading: Bool, _ continuation: Continuation?) -> StageCall {
        let stage = model.stages[index]
        let call = StageCall(index, stage, reading: reading, since: start)
        let alternatives = reading ? model.rule?.alternatives[index] : nil
        do throws(StageError) {
            var (wire, said) = try said(to: stage)
            if let continuation { said = try continuation.added(to: said, api: wire, stage: stage) }
            let edits = StageEdits(said.body, said.fields, api: wire, stage: stage, alternatives: alternatives)
            var wants = ReplyFields.Wants()
            wants.tokens = alternatives != nil
            wants.text = readsTexts || model.goesOn && fields.streams
            call.wire = wire
            call.scanner = AnswerScanner(
                api: wire, wants: wants, strip: edits.strip, choices: said.fields.choices?.number ?? 1,
                goesOnWith: continuation?.id)
            if let fault = drill?.faults[stage.name] { call.client = DrilledClient(client: stage.client, fault: fault) }
            var headers = passedOn
            if let trace {
                let span = trace.begin(stage, wire, model: fields.model, at: record.time + call.choice.start)
                headers = trace.headers(headers, for: span)
                call.choice.span = span
            }
            call.request = StageRequest(
                api: wire, body: edits.body, streams: fields.streams, headers: headers, key: record.key ?? "",
                lost: call.lost, wants: call.scanner.wants)
        } catch {
            call.refusal = error
        }
        return call
    }

    /// Notes that `reply` began; what is to be read on where it is a stream.
    @inline(never) private func began(_ call: StageCall, _ reply: StageReply) -> BegunAnswer? {
        call.hasBegun = true
        if call.lost.count > 0 { call.choice.lost = lostCost(model.stages[call.index], calls: call.lost.count) }
        guard case .stream(let source) = reply.body else { return nil }
        return BegunAnswer(
            api: call.wire, contentType: reply.contentType, headers: reply.headers, bytes: ByteBuffer(), source: source,
            scanner: call.scanner)
    }

    /// What a whole reply comes to.
    @inline(never) private func whole(_ call: StageCall, _ reply: StageReply) throws(StageError) -> Asked {
        guard case .whole(let bytes) = reply.body else { throw .badReply(reason: "it is a stream") }
        let edited = try call.scanner.whole(bytes, reply.fields?.wrappedValue)
        var answer = HeldAnswer(
            status: reply.status, api: call.wire, contentType: reply.contentType, headers: reply.headers, bytes: edited,
            isStream: false, cost: .zero)
        return try held(call, &answer)
    }

    /// What a stream comes to that was read to its end.
    @inline(never) private func whole(
        _ call: StageCall, _ read: BegunAnswer, _ status: Int
    ) throws(StageError) -> Asked {
        call.scanner = read.scanner
        var answer = HeldAnswer(
            status: status, api: call.wire, contentType: read.contentType, headers: read.headers, bytes: read.bytes,
            isStream: true, cost: .zero)
        return try held(call, &answer)
    }

    private func held(_ call: StageCall, _ answer: inout HeldAnswer) throws(StageError) -> Asked {
        call.choice.duration = call.seconds
        call.choice.cost =
            call.choice.lost
            + cost(of: call.scanner, stage: call.index, seconds: call.choice.duration, &call.choice.isEstimated)
        if readsTexts, !call.scanner.text.isEmpty { call.choice.output = call.scanner.text }
        answer.cost = call.choice.cost
        try translate(&answer)
        if call.reading {
            call.choice.evidence = model.rule?.evidence(of: answer, read: call.scanner, stage: call.index) ?? []
        }
        return Asked(choice: call.choice, given: .success(.whole(answer, evidence: call.choice.evidence)))
    }

    @inline(never) private func failed(_ call: StageCall, _ error: StageError) -> Asked {
        call.choice.duration = call.seconds
        call.choice.fail(error)
        // The last call too is one whose answer was not heard to the end.
        let calls = max(
            call.lost.count + (call.hasBegun && error.mayBeBilled ? 1 : 0), error.mayBeBilled ? 1 : 0)
        if calls > 0 {
            call.choice.lost = lostCost(model.stages[call.index], calls: calls)
            call.choice.cost = call.choice.lost
            call.choice.cost.seconds = call.choice.duration
            call.choice.isEstimated = true
        }
        return Asked(choice: call.choice, given: .failure(error))
    }

    // MARK: - What it costs

    /// What it may take at most.
    @inline(never) func mostCost(isCached: Bool) -> Cost {
        model.mostCost(fields, bytes: body.readableBytes, isCached: isCached)
    }

    /// What `calls` calls cost of which no answer was heard to the end: what they read is paid for nevertheless.
    private func lostCost(_ stage: GatewayStage, calls: Int) -> Cost {
        let one = stage.cost(TokenCounts(read: readEstimate), seconds: 0)
        return (1..<max(1, calls)).reduce(one) { sum, _ in sum + one }
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
