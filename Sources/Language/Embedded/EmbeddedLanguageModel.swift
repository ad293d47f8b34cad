public import Cascades
import Foundation
import NumericalMethods
import Probability

/// A model in this process as a language model.
///
///     let model = try EmbeddedLanguageModel(path: "SmolLM2-135M-Instruct.Q4_1.gguf")
///     let text = try await model.generate(GenerationRequest(.chat([.user("Name a colour.")]), maximumTokens: 16))
public struct EmbeddedLanguageModel: LanguageModel {
    public let name: String
    public let prices: PriceList
    /// Where it computes.
    public let context: EmbeddedContext
    /// Its weights and vocabulary.
    public var model: EmbeddedModel { context.model }

    /// The model in the file at `path`.
    /// - Throws: ``LanguageError``.
    public init(
        path: String, name: String? = nil, context: ContextConfiguration = ContextConfiguration(),
        prices: PriceList = PriceList()
    ) throws {
        let model = try EmbeddedModel(path: path, name: name)
        self.init(try EmbeddedContext(model, context), prices: prices)
    }

    /// A model that computes in `context`.
    public init(_ context: EmbeddedContext, name: String? = nil, prices: PriceList = PriceList()) {
        self.context = context
        self.name = name ?? context.model.name
        self.prices = prices
    }

    /// The tokens that a prompt becomes.
    /// - Throws: ``LanguageError``.
    public func tokens(of prompt: Prompt) throws(LanguageError) -> [Token] {
        switch prompt {
        case .chat(let messages): return try model.tokens(ofChat: messages)
        case .text(let text):
            let tokens = model.tokens(of: text, addingSpecial: true, parsingSpecial: false)
            // A model without a token for the beginning can still write from nothing: after its token for the end.
            return tokens.isEmpty ? [model.endOfText] : tokens
        }
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await write(request) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func write(_ request: GenerationRequest, _ yield: (GenerationEvent) -> Void) async throws {
        try request.check()
        let clock = ContinuousClock()
        let start = clock.now
        func seconds() -> Double { start.duration(to: clock.now) / .seconds(1) }
        let prompt = try tokens(of: request.prompt)
        var usage = GenerationUsage(promptTokens: prompt.count)
        let sequence = try await context.open(prompt)
        usage.cachedTokens = try await context.cachedCount(of: sequence)
        var random = Random(seed: request.seed)
        var assembler = TextAssembler(stops: request.stops)
        var history = prompt
        var reason = FinishReason.length
        do {
            while usage.completionTokens < request.maximumTokens {
                let rows = try await context.logits(after: [sequence])
                if usage.completionTokens == 0 { usage.firstTokenSeconds = seconds() }
                let token = try TokenDistribution(
                    logits: rows.values, parameters: request.sampling, history: history
                ).sample(using: &random)
                if model.endsGeneration(token) {
                    reason = .stop
                    break
                }
                usage.completionTokens += 1
                var written = GeneratedToken(logits: rows.values, token: token)
                written.text = assembler.add(model.bytes(of: token))
                yield(.token(written))
                if assembler.isStopped {
                    reason = .stop
                    break
                }
                history.append(token)
                if usage.completionTokens < request.maximumTokens { try await context.append([token], to: sequence) }
            }
        } catch {
            await context.close([sequence])
            throw error
        }
        await context.close([sequence])
        let rest = assembler.flush()
        if !rest.isEmpty { yield(.token(GeneratedToken(text: rest, logProbability: 0))) }
        usage.seconds = seconds()
        yield(.finished(reason, usage))
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        let before = try tokens(of: prompt)
        let after = model.tokens(of: continuation)
        guard !after.isEmpty else { return [] }
        let sequence = try await context.open(before)
        do {
            var scored: [GeneratedToken] = []
            // A row is as long as the vocabulary, so a long text is read piece by piece.
            let piece = max(16, (1 << 24) / model.vocabularyCount)
            for start in stride(from: 0, to: after.count, by: piece) {
                let end = min(start + piece, after.count)
                // What comes after the token before the piece's first, up to the one before its last.
                try await context.append(Array(after[max(0, start - 1)..<end - 1]), to: sequence)
                let rows = try await context.logits(after: sequence, rows: end - start)
                for index in start..<end {
                    var token = GeneratedToken(logits: rows[index - start], token: after[index])
                    token.text = String(decoding: model.bytes(of: after[index]), as: UTF8.self)
                    scored.append(token)
                }
            }
            await context.close([sequence])
            return scored
        } catch {
            await context.close([sequence])
            throw error
        }
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] {
        try await context.embeddings(of: texts.map { model.tokens(of: $0, addingSpecial: true, parsingSpecial: false) })
    }
}

extension GeneratedToken {
    /// `token` with what a row of logits says of it.
    init(logits: some Collection<Float>, token: Token) {
        var largest = -Float.infinity
        var second = -Float.infinity
        for logit in logits {
            if logit > largest {
                second = largest
                largest = logit
            } else if logit > second {
                second = logit
            }
        }
        // Σ e^(x - max) and Σ (x - max) e^(x - max) in one pass give the normaliser and the entropy.
        var total = 0.0
        var moment = 0.0
        var own = -Double.infinity
        for (index, logit) in logits.enumerated() {
            let shifted = Double(logit - largest)
            if index == Int(token) { own = shifted }
            let weight = exp(shifted)
            total += weight
            if weight > 0 { moment += shifted * weight }
        }
        self.init(
            text: "", token: token, logProbability: own - log(total), entropy: max(0, log(total) - moment / total),
            margin: (1 - exp(Double(second - largest))) / total)
    }
}
