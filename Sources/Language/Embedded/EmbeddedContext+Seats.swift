extension EmbeddedContext {
    /// A sequence that begins with `tokens`, when there is a seat for it: callers are served in the order in which they come.
    /// Nothing is decoded before its logits are asked for.
    /// - Throws: ``LanguageError``; `CancellationError` where the task is cancelled while it waits.
    public func open(_ tokens: [Token]) async throws -> SequenceID { try await open([tokens])[0] }

    /// Sequences that begin with each of `texts`, when there are seats for all of them.
    /// - Throws: ``LanguageError``, ``LanguageError/contextFull(model:what:limit:)`` where there are more texts than seats;
    ///   `CancellationError` where the task is cancelled while it waits.
    public func open(_ texts: [[Token]]) async throws -> [SequenceID] {
        try await withSeats(texts.count) { engine in
            var opened: [SequenceID] = []
            do {
                for tokens in texts { opened.append(try engine.open(tokens)) }
            } catch {
                opened.forEach(engine.close)
                throw error
            }
            return opened
        }
    }

    /// What `work` returns, which is done when `count` seats are free.
    func withSeats<Value: Sendable>(
        _ count: Int, _ work: @escaping (DecodeEngine) throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        guard count <= configuration.sequences else {
            throw LanguageError.contextFull(
                model: model.name, what: DecodeEngine.seats, limit: configuration.sequences)
        }
        if queue.isEmpty, count <= engine.freeCount { return try work(engine) }
        let number = queue.number()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (reply: CheckedContinuation<Value, any Error>) in
                queue.add(
                    number, seats: count,
                    serve: { [engine] in reply.resume(with: Result { try work(engine) }) },
                    cancel: { reply.resume(throwing: CancellationError()) })
            }
        } onCancel: {
            Task { await self.giveUp(number) }
        }
    }

    /// Serves those who wait, as far as seats are free.
    func serveQueue() {
        while let serve = queue.next(free: engine.freeCount) { serve() }
    }

    private func giveUp(_ number: UInt64) {
        queue.giveUp(number)
        // Those behind it may want fewer seats.
        serveQueue()
    }

    /// The logits after each of the last `rows[i]` tokens of text `i`, text after text, `[sum of rows, vocabulary]`, and how
    /// many tokens were decoded for it. Texts that do not fit into the context together are read one part after the other.
    /// - Throws: ``LanguageError``; nothing stays open.
    func read(_ texts: ArraySlice<[Token]>, rows: ArraySlice<Int>) async throws -> (logits: LogitRows, decoded: Int) {
        if texts.count <= configuration.sequences {
            do {
                return try await readTogether(texts, rows: rows)
            } catch let error as LanguageError {
                guard case .contextFull = error, texts.count > 1 else { throw error }
            }
        }
        let middle = (texts.startIndex + texts.endIndex) / 2
        let first = try await read(texts[..<middle], rows: rows[..<middle])
        let second = try await read(texts[middle...], rows: rows[middle...])
        return (
            LogitRows(values: first.logits.values + second.logits.values, vocabularyCount: vocabularyCount),
            first.decoded + second.decoded
        )
    }

    private func readTogether(
        _ texts: ArraySlice<[Token]>, rows: ArraySlice<Int>
    ) async throws -> (logits: LogitRows, decoded: Int) {
        let sequences = try await open(Array(texts))
        do {
            var decoded = 0
            for (sequence, tokens) in zip(sequences, texts) {
                decoded += tokens.count - (try cachedCount(of: sequence))
            }
            let logits = try await logits(after: sequences, rows: Array(rows))
            close(sequences)
            return (logits, decoded)
        } catch {
            close(sequences)
            throw error
        }
    }
}
