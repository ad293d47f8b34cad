public import Cascades
import Foundation
public import Probability

/// A language model as a stage that writes one line by its own law, and knows how likely it would write any other.
///
/// A line is drawn token by token, to the end of the line. A given line is scored as the tokenizer writes it, with `"\n"` behind
/// it. A drawn one has the score of the tokens that it was drawn in, which may be others: rarely the line's own, more often its
/// end's (two line ends in one token; the model's end of the text, which is not scored). Up to these this is a scored stage.
public struct LineStage<Input: Sendable>: ScoredStage {
    /// Writes the line.
    public let base: GenerationStage<Input>
    /// What ends a line, scored with it.
    public let terminator: String

    /// `model`, writing a line after `prompt`.
    public init(
        _ model: any LanguageModel, maximumTokens: Int = 64, terminator: String = "\n",
        prompt: @escaping @Sendable (Input) -> Prompt
    ) {
        var base = GenerationStage(model, prompt: prompt)
        base.sampling = SamplingParameters()
        base.maximumTokens = maximumTokens
        base.stops = ["\n"]
        self.base = base
        self.terminator = terminator
    }

    public var name: String { base.name }
    public var evidenceNames: [String] { base.evidenceNames }

    /// The line of the likeliest tokens, as asked outside a program.
    public func answer(_ input: Input) async throws -> Answer<String> { try await base.withoutChance.answer(input) }

    public func run(_ input: Input, using random: inout Random) async throws -> Run<String> {
        try await base.run(input, using: &random)
    }

    /// `output` with the log-probability of the whole line.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model can't score.
    public func scored(_ output: String, given input: Input) async throws -> Answer<String> {
        try base.model.require(.scoring)
        let prompt = base.prompt(input)
        let line = prompt.continuation(output) + terminator
        let scores = try await base.model.scores(of: [line], after: prompt)
        return Answer(
            output,
            evidence: Evidence(
                names: evidenceNames, values: [Double](repeating: .nan, count: evidenceNames.count)),
            cost: base.model.cost(of: scores), logScore: scores.logProbabilities[0])
    }
}
