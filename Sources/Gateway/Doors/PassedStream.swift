import NIOCore

/// A stream on its way to the client: what of it goes out when, what comes in its place where its stage dies, and what is
/// said at its end.
///
/// Its functions stay apart (`@inline(never)`): a connection's task keeps the largest frame that it ever had, and what a dead
/// stage asks for is seldom needed.
struct PassedStream: Sendable {
    private(set) var begun: BegunAnswer
    private(set) var stage: Int
    var run: ModelRun
    /// Says it as the client's interface has it, where the stage speaks another.
    private var translator: (any AnswerTranslator)?
    /// Whether the decision comes before its end.
    private let explains: Bool

    init(begun: BegunAnswer, stage: Int, run: ModelRun, translator: (any AnswerTranslator)?, explains: Bool) {
        self.begun = begun
        self.stage = stage
        self.run = run
        self.translator = translator
        self.explains = explains
    }

    /// Writes it to its end, whatever that is.
    @inline(never) mutating func write(to sink: any ReplySink) async {
        var fault: StageError?
        repeat {
            do {
                if let error = fault {
                    fault = nil
                    try await mend(error, sink)
                }
                if !begun.isOver || begun.bytes.readableBytes > 0 { try await pass(to: sink) }
            } catch let error as StageError {
                begun.source.cancel()
                fault = error
            } catch {
                // The client has gone.
                begun.source.cancel()
                run.record.decision = .cancelled
            }
        } while fault != nil
        run.finish(begun, stage: stage)
    }

    @inline(never) private mutating func pass(to sink: any ReplySink) async throws {
        while true {
            // The stream's last mark waits for the explanation.
            let waits = translator == nil && explains && !begun.isOver && begun.scanner.isDone
            var said = waits ? ByteBuffer() : try taken()
            if begun.isOver, explains {
                run.finish(begun, stage: stage)
                said = Explanation(run).added(to: said, isStream: true)
            }
            if said.readableBytes > 0 { try await sink.write(said) }
            if begun.isOver { return }
            try await AnswerCollector.advance(&begun)
        }
    }

    /// Takes what came, as the client is to get it.
    private mutating func taken() throws(StageError) -> ByteBuffer {
        let bytes = begun.bytes
        begun.bytes = ByteBuffer()
        guard translator != nil else { return bytes }
        var said = ByteBuffer()
        try translator?.stream(bytes, into: &said)
        if begun.isOver { try translator?.end(into: &said) }
        return said
    }

    /// After the first byte nobody can stand in unseen: another stage goes on where that is allowed, or the client is told in
    /// the stream itself.
    @inline(never) private mutating func mend(_ error: StageError, _ sink: any ReplySink) async throws {
        if let place = run.record.choices.lastIndex(where: { $0.stage == stage }) {
            run.record.choices[place].fail(error)
        }
        // What came whole before the fault is the client's.
        var last = begun.bytes
        begun.bytes = ByteBuffer()
        if translator != nil {
            var said = ByteBuffer()
            do throws(StageError) { try translator?.stream(last, into: &said) } catch {}
            last = said
        }
        if last.readableBytes > 0 { try await sink.write(last) }
        run.finish(begun, stage: stage)
        if let (next, stage) = await run.goOn(after: stage, begun, error) {
            begun = next
            self.stage = stage
            return
        }
        run.record.decision = error == .cancelled ? .cancelled : .failed
        begun.isOver = true
        let told = DoorError(error, stage: run.model.stages[stage].name)
        try await sink.write(told.event(run.api, number: translator?.eventCount ?? 0))
    }
}
