/// Writes tokens, one or several at a time.
protocol TokenSource {
    /// The next tokens after `history` with what is to be told of them, at most `limit`; whether nothing can follow.
    mutating func next(after history: [Token], limit: Int) async throws -> (tokens: [GeneratedToken], isOver: Bool)
}

/// Turns what a token source writes into the events of an answer: whole characters, stop texts, the end.
enum TextGeneration {
    static func write(
        _ request: GenerationRequest, after prompt: [Token], cached: Int, since start: ContinuousClock.Instant,
        tokenizer: some Tokenizer, from source: inout some TokenSource, _ yield: (GenerationEvent) -> Void
    ) async throws {
        let clock = ContinuousClock()
        var usage = GenerationUsage(promptTokens: prompt.count, cachedTokens: cached)
        var assembler = TextAssembler(stops: request.stops)
        var history = prompt
        var reason = FinishReason.length
        writing: while usage.completionTokens < request.maximumTokens {
            let block = try await source.next(
                after: history, limit: request.maximumTokens - usage.completionTokens)
            if usage.completionTokens == 0 { usage.firstTokenSeconds = start.duration(to: clock.now) / .seconds(1) }
            for var written in block.tokens {
                guard let token = written.token, !tokenizer.endsGeneration(token) else {
                    reason = .stop
                    break writing
                }
                usage.completionTokens += 1
                written.text = assembler.add(tokenizer.bytes(of: token))
                history.append(token)
                yield(.token(written))
                if assembler.isStopped {
                    reason = .stop
                    break writing
                }
            }
            if block.isOver {
                reason = .stop
                break
            }
        }
        let rest = assembler.flush()
        if !rest.isEmpty { yield(.token(GeneratedToken(text: rest, logProbability: 0))) }
        usage.seconds = start.duration(to: clock.now) / .seconds(1)
        yield(.finished(reason, usage))
    }
}
