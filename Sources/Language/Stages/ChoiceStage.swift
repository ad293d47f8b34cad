public import Cascades
import Foundation
public import Probability

/// A language model as a stage that draws among given texts, each as often as the model finds it likely.
///
///     let stage = ChoiceStage(model, among: ["even", "odd"]) { (number: String) in .text("Is \(number) even or odd?") }
///     P(text | prompt) = p(text | prompt)^(1/T) / Σ p(other | prompt)^(1/T)
///
/// The texts can be listed and scored, so a program that asks it can be enumerated, and can observe what it would say.
/// Asked outside a program it gives the likeliest text, as ``LabelStage`` does.
public struct ChoiceStage<Input: Sendable>: FiniteStage, ScoredStage {
    /// What scores the texts.
    public let base: LabelStage<Input>
    /// T: 1 for the model's own law, larger for a flatter one.
    public let temperature: Double

    /// `model`, drawing among the texts that `candidates` gives for an input; one at least.
    /// - Parameters:
    ///   - contentFree: a prompt without content, whose scores are taken off; see ``LabelStage``.
    ///   - terminator: what ends a text, scored with it.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` unless the temperature is above 0 and finite.
    public init(
        _ model: any LanguageModel, candidates: @escaping @Sendable (Input) -> [String], contentFree: Prompt? = nil,
        terminator: String = "", temperature: Double, prompt: @escaping @Sendable (Input) -> Prompt
    ) throws(LanguageError) {
        guard temperature > 0, temperature.isFinite else {
            throw .improperParameter(name: "temperature", value: "\(temperature)", expected: "above 0 and finite")
        }
        base = LabelStage(
            model, labelsOf: candidates, contentFree: contentFree, terminator: terminator, prompt: prompt)
        self.temperature = temperature
    }

    /// `model`, drawing by its own law among the texts that `candidates` gives for an input; one at least.
    public init(
        _ model: any LanguageModel, candidates: @escaping @Sendable (Input) -> [String], terminator: String = "",
        prompt: @escaping @Sendable (Input) -> Prompt
    ) {
        base = LabelStage(model, labelsOf: candidates, terminator: terminator, prompt: prompt)
        temperature = 1
    }

    /// `model`, drawing by its own law among `texts`.
    public init(
        _ model: any LanguageModel, among texts: [String], terminator: String = "",
        prompt: @escaping @Sendable (Input) -> Prompt
    ) { self.init(model, candidates: { _ in texts }, terminator: terminator, prompt: prompt) }

    public var name: String { base.name }
    public var evidenceNames: [String] { base.evidenceNames }

    private func law(given input: Input) async throws -> LabelLaw {
        try await base.law(given: input).tempered(temperature)
    }

    public func answer(_ input: Input) async throws -> Answer<String> {
        let law = try await law(given: input)
        return try law.answer(law.likeliest)
    }

    public func run(_ input: Input, using random: inout Random) async throws -> Run<String> {
        let law = try await law(given: input)
        return Run(try law.answer(try random.choose(logWeights: law.logProbabilities)))
    }

    /// `output` with its log-probability: −infinity for a text that is none of the candidates.
    public func scored(_ output: String, given input: Input) async throws -> Answer<String> {
        let law = try await law(given: input)
        if let index = law.labels.firstIndex(of: output) { return try law.answer(index) }
        var answer = try law.answer(law.likeliest)
        answer.output = output
        answer.logScore = -.infinity
        return answer
    }

    public func outcomes(given input: Input) async throws -> ListedOutcomes<String>? {
        let law = try await law(given: input)
        return ListedOutcomes(
            try law.labels.indices.map {
                Weighted(Run(try law.answer($0)), logWeight: law.logProbabilities[$0])
            }, cost: law.cost)
    }
}
