import Cascades
import Foundation

/// A model that is asked to write one of several texts: what there is where it can't score texts that are given to it.
///
/// A model that tells the likeliest tokens is asked once, and its law is read from them where the reply begins. One that
/// does not, or does not begin with one of the texts, is asked several times; its replies are counted.
struct WrittenQuestion: Sendable {
    let model: any LanguageModel
    let prompt: Prompt
    let choices: WrittenChoices

    init(_ model: any LanguageModel, _ prompt: Prompt, _ labels: [String]) {
        self.model = model
        self.prompt = prompt
        choices = WrittenChoices(labels)
    }

    /// What a model wrote.
    struct Reply: Sendable {
        /// The label that it says, by number; nil where it says none.
        var choice: Int?
        /// The law that its tokens tell.
        var told: (logProbabilities: [Double], mass: Double)?
        var text: String
        var cost: Cost
    }

    private func request(_ sampling: SamplingParameters, seed: UInt64) -> GenerationRequest {
        // No label has more tokens than bytes, and some models say a word or two before it.
        let length = max(8, choices.labels.map(\.utf8.count).max() ?? 0)
        var stops: [String] = []
        if case .text = prompt { stops = ["\n"] }
        return GenerationRequest(prompt, sampling: sampling, maximumTokens: length, stops: stops, seed: seed)
    }

    private func reply(_ text: GeneratedText) -> Reply {
        Reply(
            choice: choices.index(of: text.text), told: choices.law(of: text.tokens), text: text.text,
            cost: model.cost(of: text.usage))
    }

    /// What it writes without chance, or by its own law.
    func reply(_ sampling: SamplingParameters, seed: UInt64 = 0) async throws -> Reply {
        reply(try await model.generate(request(sampling, seed: seed)))
    }

    /// Whether the law is told by the likeliest reply's tokens, and need not be counted.
    private var tellsTokens: Bool { model.capabilities.probabilities >= .topTokens(2) }

    /// The law over the labels: as the likeliest tokens tell it, else as `samples` replies let one expect. Its mass is `ln` of
    /// the probability of all labels together, or of the share of replies that say one: -infinity where none does.
    func law(samples: Int, seed: UInt64) async throws -> LabelLaw {
        var cost = Cost.zero
        if tellsTokens {
            let reply = try await reply(.greedy)
            cost = reply.cost
            if let told = reply.told { return law(told, cost) }
        }
        let requests = (0..<max(1, samples)).map { request(SamplingParameters(), seed: seed &+ UInt64($0) &+ 1) }
        let replies = try await model.generate(requests).map { reply(try $0.get()) }
        // They are written side by side.
        cost += replies.dropFirst().reduce(replies[0].cost) { $0.alongside($1.cost) }
        return law(choices.law(votes: replies.map(\.choice)), cost)
    }

    private func law(_ law: (logProbabilities: [Double], mass: Double), _ cost: Cost) -> LabelLaw {
        LabelLaw(labels: choices.labels, logProbabilities: law.logProbabilities, labelMass: law.mass, cost: cost)
    }

    /// A reply that says a label, or whose tokens tell the law: the first of `attempts`.
    ///
    /// - Parameter sampling: how the first is written where tokens tell nothing; the others are by the model's own law.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where none does.
    func readable(_ sampling: SamplingParameters, attempts: Int, seed: UInt64) async throws -> (Reply, LabelLaw?) {
        var cost = Cost.zero
        var text = ""
        for attempt in 0...max(1, attempts) {
            let isFirst = attempt == 0
            if isFirst, !tellsTokens, sampling.temperature > 0 { continue }
            var reply = try await reply(isFirst ? .greedy : SamplingParameters(), seed: seed &+ UInt64(attempt))
            cost += reply.cost
            reply.cost = cost
            if isFirst, let told = reply.told { return (reply, law(told, cost)) }
            // Without chance the likeliest reply is what was asked for; a draw must be one.
            if reply.choice != nil, !isFirst || sampling.temperature == 0 { return (reply, nil) }
            text = reply.text
        }
        let start = text.split { $0.isWhitespace }.joined(separator: " ").prefix(60)
        throw LanguageError.unsupported(
            model: model.name,
            what: "it was to write one of \(choices.labels.joined(separator: ", ")), and wrote \"\(start)\"",
            remedy: "Use a model that follows instructions, or one in this process, which weighs them.")
    }
}
