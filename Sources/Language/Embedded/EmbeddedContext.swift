/// The one owner of a context: everything that happens in it happens on its own thread, one thing after the other.
///
/// Requests that arrive while a batch is computed are decoded together in the next one, so that many callers get the speed
/// of a batch without knowing of each other.
///
///     let context = try EmbeddedContext(model)
///     let sequence = try await context.open(model.tokens(of: "The capital of France is"))
///     let next = try await context.logits(after: [sequence])
public actor EmbeddedContext {
    /// A caller that waits for logits.
    private struct Request {
        var number: UInt64
        var wants: [DecodeEngine.Want]
        var reply: CheckedContinuation<LogitRows, any Error>

        /// When its sequences were opened, as far as that puts requests in order.
        var age: UInt64 { wants.lazy.map(\.sequence.serial).min() ?? 0 }
    }

    /// The weights.
    public nonisolated let model: EmbeddedModel
    /// Its size.
    public nonisolated let configuration: ContextConfiguration
    private nonisolated let executor: QueueExecutor
    let engine: DecodeEngine
    private var waiting: [Request] = []
    private var lastRequest: UInt64 = 0
    /// Sequences that the last batch answered and that have neither asked again nor been closed: they are likely to ask soon,
    /// and a batch that waits for them saves one of its own.
    private var expected: Set<SequenceID> = []
    /// Which batch comes next.
    private var batchNumber = 0
    /// Those who wait for seats.
    var queue = SeatQueue()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// A context of `model`.
    /// - Parameter layerShifts: what is added to what every layer but the first passes on, at every place,
    ///   `[layers - 1, embedding]`; nil for nothing.
    /// - Throws: ``LanguageError``; for a wrong number of shifts ``LanguageError/improperParameter(name:value:expected:)``.
    public init(
        _ model: EmbeddedModel, _ configuration: ContextConfiguration = ContextConfiguration(),
        layerShifts: [Float]? = nil
    ) throws {
        self.model = model
        self.configuration = configuration
        executor = QueueExecutor("context of \(model.name)")
        let engine = try DecodeEngine(model, configuration)
        if let layerShifts { try engine.shiftLayers(by: layerShifts) }
        self.engine = engine
    }

    /// `count` further sequences with the tokens of `sequence`, whose cells they share.
    /// - Throws: ``LanguageError/contextFull(model:what:limit:)`` where no seats are free: whoever holds a sequence doesn't wait.
    public func fork(_ sequence: SequenceID, count: Int = 1) throws(LanguageError) -> [SequenceID] {
        var forks: [SequenceID] = []
        do throws(LanguageError) {
            for _ in 0..<count { forks.append(try engine.fork(sequence)) }
        } catch {
            forks.forEach(engine.close)
            throw error
        }
        return forks
    }

    /// Adds `tokens` to the end of `sequence`.
    public func append(_ tokens: [Token], to sequence: SequenceID) throws(LanguageError) {
        try engine.append(tokens, to: sequence)
    }

    /// Drops the tokens of `sequence` from place `count` on.
    public func truncate(_ sequence: SequenceID, to count: Int) throws(LanguageError) {
        try engine.truncate(sequence, to: count)
    }

    /// Ends the use of `sequences`.
    public func close(_ sequences: [SequenceID]) {
        sequences.forEach(engine.close)
        expectNoMore(of: sequences)
        serveQueue()
    }

    /// Ends the use of `sequences`, whose cells are given back at once.
    func discard(_ sequences: [SequenceID]) {
        sequences.forEach(engine.discard)
        expectNoMore(of: sequences)
        serveQueue()
    }

    /// The tokens of `sequence`.
    public func tokens(of sequence: SequenceID) throws(LanguageError) -> [Token] { try engine.tokens(of: sequence) }

    /// The logits after the last token of each of `sequences`, `[sequences, vocabulary]`; what waits in them is decoded, in
    /// one batch with what others have asked for.
    public func logits(after sequences: [SequenceID]) async throws -> LogitRows {
        try await logits(sequences.map { DecodeEngine.Want(sequence: $0) })
    }

    /// The logits after each of the last `rows` tokens of `sequence`, `[rows, vocabulary]`.
    public func logits(after sequence: SequenceID, rows: Int) async throws -> LogitRows {
        try await logits([DecodeEngine.Want(sequence: sequence, rows: rows)])
    }

    /// The logits after each of the last `rows[i]` tokens of sequence `i`, sequence after sequence, in one batch.
    public func logits(after sequences: [SequenceID], rows: [Int]) async throws -> LogitRows {
        precondition(sequences.count == rows.count, "one number of rows a sequence")
        return try await logits(zip(sequences, rows).map { DecodeEngine.Want(sequence: $0, rows: $1) })
    }

    /// The logits after `tokens`, which are added to the end of `sequence` first.
    func logits(after sequence: SequenceID, appending tokens: ArraySlice<Token>) async throws -> LogitRows {
        if !tokens.isEmpty { try engine.append(tokens, to: sequence) }
        return try await logits([DecodeEngine.Want(sequence: sequence)])
    }

    private func logits(_ wants: [DecodeEngine.Want]) async throws -> LogitRows {
        try Task.checkCancellation()
        lastRequest += 1
        let number = lastRequest
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reply in
                waiting.append(Request(number: number, wants: wants, reply: reply))
                for want in wants { expected.remove(want.sequence) }
                if expected.isEmpty {
                    scheduleBatch()
                } else if waiting.count == 1 {
                    // Somebody may hold on to a sequence and never ask again: nobody waits for longer than a fraction of a batch.
                    scheduleBatch(after: .milliseconds(1))
                }
            }
        } onCancel: {
            Task { await self.cancel(number) }
        }
    }

    private func cancel(_ number: UInt64) {
        guard let place = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting.remove(at: place).reply.resume(throwing: CancellationError())
    }

    private func expectNoMore(of sequences: [SequenceID]) {
        guard !expected.isEmpty else { return }
        for sequence in sequences { expected.remove(sequence) }
        if expected.isEmpty, !waiting.isEmpty { scheduleBatch() }
    }

    /// Decodes behind all that has been asked of this actor by now, or by then.
    private func scheduleBatch(after pause: Duration? = nil) {
        let number = batchNumber
        Task {
            if let pause { try? await Task.sleep(for: pause) }
            self.decodeWaiting(number)
        }
    }

    /// Decodes what waits, unless batch `number` has been decoded already. Where not all find room in the cache, those whose
    /// texts were begun first go on, and the others when they have ended, or have asked for nothing for a while.
    private func decodeWaiting(_ number: Int) {
        guard number == batchNumber, !waiting.isEmpty else { return }
        batchNumber += 1
        var requests = waiting
        waiting.removeAll()
        if requests.count > 1 { requests.sort { $0.age < $1.age } }
        let served = answer(requests[...])
        // A caller that is alone has nobody to share a batch with.
        expected = requests.count > 1 ? Set(requests[..<served].lazy.flatMap(\.wants).map(\.sequence)) : []
        if served < requests.count {
            waiting = Array(requests[served...])
            scheduleBatch(after: .milliseconds(50))
        }
    }

    /// Answers `requests`, together where that can be, and says how many: the first at least.
    private func answer(_ requests: ArraySlice<Request>) -> Int {
        guard requests.count > 1 else {
            for request in requests { answer(request) }
            return requests.count
        }
        let all = requests.flatMap(\.wants)
        var isFull = false
        // A sequence asked for twice can't be in one batch.
        if Set(all.map(\.sequence)).count == all.count {
            do throws(LanguageError) {
                let rows = try engine.logits(all)
                var start = 0
                for request in requests {
                    let count = request.wants.reduce(0) { $0 + $1.rows }
                    request.reply.resume(returning: rows[start..<start + count])
                    start += count
                }
                return requests.count
            } catch {
                if case .contextFull = error { isFull = true }
            }
        }
        let half = requests.count / 2
        let served = answer(requests.prefix(half))
        if isFull || served < half { return served }
        return served + answer(requests.dropFirst(half))
    }

    private func answer(_ request: Request) {
        request.reply.resume(with: Result { try engine.logits(request.wants) })
    }

    /// How many tokens of `sequence` need not be decoded: they were found in the cache, or have been since.
    public func cachedCount(of sequence: SequenceID) throws(LanguageError) -> Int {
        try engine.cachedCount(of: sequence)
    }

    /// The mean of the last layer's vectors over the tokens of each text, scaled to length 1, `[texts][embedding]`.
    /// Others are served between two texts.
    public func embeddings(of texts: [[Token]]) async throws -> [[Double]] {
        var vectors: [[Double]] = []
        for tokens in texts {
            vectors.append(try await withSeats(1) { try $0.embedding(of: tokens) })
            await Task.yield()
        }
        return vectors
    }

    /// Sequences in use.
    var openCount: Int { engine.openCount }

    /// Callers that wait for seats.
    var waitingCount: Int { queue.count }

    /// Tokens decoded so far.
    public var decodedCount: Int { engine.decodedCount }
}
