public import Cascades
import Foundation
import Probability

/// A language model that is a table of answers: for tests and demonstrations of programs, exact and instant.
///
///     let model = ScriptedLanguageModel(rules: [
///         .when("2 + 2 =", say: "4"),
///         .when(.containing("capital of France"),
///             say: ScriptedAnswer("Paris", probability: 0.9), ScriptedAnswer("Lyon", probability: 0.1)),
///     ])
///     try await model.generate(GenerationRequest("2 + 2 =")).text   // "4"
///
/// The first rule that matches a prompt answers it; a prompt that none matches is an error. Weighted answers are drawn token
/// by token, where a token is a word with the space before it: seed by seed, each as often as its probability says (at
/// temperature 1; sampling parameters do what they do to any model). Answers that add up to less than 1 are drawn in
/// proportion, and keep their log-probabilities: the rest is what a model would say that the table does not know.
///
/// A given text is scored by the answers that begin with it: -infinity nats where none does. White space at the beginning of
/// answers and given texts makes no difference to the score.
public struct ScriptedLanguageModel: LanguageModel {
    public let name: String
    public let prices: PriceList
    /// What it can do. Take something away to see how a program does with a model that has less: what is missing then is nil
    /// in its tokens, and an error where it is asked for.
    public var capabilities = ModelCapabilities(
        probabilities: .allTokens, scoresText: true, callsTools: false, holdsConversations: true)
    /// The seconds that each token of an answer is said to take; nobody waits.
    public var secondsPerToken = 0.0
    private let answers: @Sendable (Prompt) throws -> [ScriptedAnswer]?

    /// The model with the table `rules`.
    public init(_ name: String = "scripted", prices: PriceList = PriceList(), rules: [ScriptedRule]) {
        self.init(name, prices: prices) { prompt in rules.first { $0.prompt.matches(prompt) }?.answers }
    }

    /// The model whose answers a function gives; nil for a prompt that it knows nothing of.
    public init(
        _ name: String = "scripted", prices: PriceList = PriceList(),
        answers: @escaping @Sendable (Prompt) throws -> [ScriptedAnswer]?
    ) {
        self.name = name
        self.prices = prices
        self.answers = answers
    }

    private func law(_ prompt: Prompt, _ change: (String) -> String = { $0 }) throws -> ScriptedLaw {
        if case .chat = prompt { try require(.conversations) }
        guard let answers = try answers(prompt) else {
            throw LanguageError.unknownPrompt(model: name, prompt: prompt.wholeText)
        }
        return try ScriptedLaw(
            answers.map { ScriptedAnswer(change($0.text), logProbability: $0.logProbability) }, model: name)
    }

    /// The tokens of a text, as this model counts them.
    public func tokenCount(of text: String) -> Int { ScriptedLaw.tokens(of: text).count }

    /// The tokens of a prompt: of all messages of a conversation.
    public func tokenCount(of prompt: Prompt) -> Int {
        switch prompt {
        case .text(let text): tokenCount(of: text)
        case .chat(let messages): messages.reduce(0) { $0 + tokenCount(of: $1.content) }
        }
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in try write(request, yield) }
    }

    private func write(_ request: GenerationRequest, _ yield: (GenerationEvent) -> Void) throws {
        try request.check(for: self)
        try check(request.sampling)
        let law = try law(request.prompt)
        var sampler = try TokenSampler(request.sampling)
        var random = Random(seed: request.seed)
        var assembler = TokenAssembler(stops: request.stops)
        var answers = try request.constraint.map { constraint in try law.accepted(by: constraint) } ?? law.all
        var usage = GenerationUsage(promptTokens: tokenCount(of: request.prompt))
        var reason = FinishReason.length
        while usage.completionTokens < request.maximumTokens {
            try Task.checkCancellation()
            let choices = law.choices(answers, at: usage.completionTokens)
            let logits = choices.map { Float($0.logProbability) }
            let choice = choices[Int(try sampler.draw(logits: logits, using: &random))]
            guard let token = choice.token else {
                reason = .stop
                break
            }
            answers = choice.answers
            usage.completionTokens += 1
            for ready in assembler.add(told(choice, among: choices), text: token.utf8) { yield(.token(ready)) }
            if assembler.isStopped {
                reason = .stop
                break
            }
        }
        for rest in assembler.finish() { yield(.token(rest)) }
        usage.seconds = secondsPerToken * Double(usage.completionTokens)
        usage.firstTokenSeconds = min(secondsPerToken, usage.seconds)
        yield(.finished(reason, usage))
    }

    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` for parameters that speak of tokens by number.
    private func check(_ sampling: SamplingParameters) throws(LanguageError) {
        let plain = SamplingParameters()
        guard sampling.repetitionPenalty == plain.repetitionPenalty, sampling.bias.isEmpty,
            sampling.frequencyPenalty == 0, sampling.presencePenalty == 0
        else {
            throw .unsupported(
                model: name, what: "its tokens have no numbers, which penalties and bias go by",
                remedy: "Leave them out, or use a model in this process.")
        }
    }

    /// A token with what the model tells of it.
    private func told(
        _ choice: ScriptedLaw.Choice, among choices: [ScriptedLaw.Choice]
    ) -> GeneratedToken {
        var token = GeneratedToken(text: choice.token ?? "")
        if capabilities.probabilities >= .chosenToken { token.logProbability = choice.logProbability }
        if capabilities.probabilities >= .topTokens(2) {
            let told = ToldProbabilities(choices.map(\.logProbability))
            token.entropy = told.entropy
            token.margin = told.margin
            let all = choices.map { LikelyToken($0.token ?? "", logProbability: $0.logProbability) }
                .sorted { $0.logProbability > $1.logProbability }
            token.likeliest =
                if case .topTokens(let count) = capabilities.probabilities { Array(all.prefix(count)) } else { all }
        }
        return token
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        try require(.scoring)
        func trimmed(_ text: String) -> String { String(text.drop { $0.isWhitespace }) }
        let law = try law(prompt, trimmed)
        var answers = law.all
        var scored: [GeneratedToken] = []
        for token in ScriptedLaw.tokens(of: trimmed(continuation)) {
            let choices = answers.isEmpty ? [] : law.choices(answers, at: scored.count)
            if let choice = choices.first(where: { $0.token == token }) {
                answers = choice.answers
                var known = told(choice, among: choices)
                known.logProbability = choice.logProbability
                scored.append(known)
            } else {
                // No answer goes on so, and nothing can be said of what comes behind it.
                let isFirst = !answers.isEmpty
                answers = []
                scored.append(GeneratedToken(text: token, logProbability: isFirst ? -.infinity : 0))
            }
        }
        return scored
    }

    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        var scores = ContinuationScores()
        scores.usage.promptTokens = tokenCount(of: prompt)
        for continuation in continuations {
            let tokens = try await score(continuation, after: prompt)
            scores.logProbabilities.append(tokens.reduce(0) { $0 + ($1.logProbability ?? .nan) })
            scores.usage.completionTokens += tokens.count
        }
        return scores
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] {
        try require(.embeddings)
        return []
    }
}
