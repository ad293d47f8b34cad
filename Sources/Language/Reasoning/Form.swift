public import Cascades

/// How a model is asked to fill in the next field of a form, after filled-in examples: the step of which programs over
/// language models are made.
///
///     Say whether the number is even.        the instruction, if any
///
///     Question: Is 18 even?                  the examples
///     Thought: 18 is twice 9.
///     Answer: yes
///
///     Question: Is 35 even?                  what is known
///     Thought:                               what is asked for
///
/// A field given what is known is a string-valued random variable (paper 1, Language Model Cascades); a form turns it into
/// a `Stage`: ``written(_:by:sampling:maximumTokens:stops:)`` in the model's own words, ``chosen(_:among:by:)``
/// among candidates, which can be enumerated and observed, ``choice(_:by:among:)`` among candidates by any model.
public struct Form: Sendable, Hashable {
    /// What the model is told first.
    public var instruction: String?
    /// Forms that were filled in.
    public var examples: [[Field]]
    /// Whether the model is asked in a conversation, or goes on from a plain text.
    public var chat: Bool

    /// A form.
    public init(instruction: String? = nil, examples: [[Field]] = [], chat: Bool = false) {
        self.instruction = instruction
        self.examples = examples
        self.chat = chat
    }

    /// What a model is asked for field `next`, given the fields `known`.
    ///
    /// In a conversation each example that has the field is a question and its answer; what comes after the field is left
    /// out.
    public func prompt(_ known: [Field], next: String) -> Prompt {
        let cue = "\(next):"
        guard chat else {
            let head = instruction.map { $0 + "\n\n" } ?? ""
            return .text(head + examples.map { $0.lines + "\n" }.joined() + known.lines + cue)
        }
        var messages = instruction.map { [ChatMessage.system($0)] } ?? []
        for example in examples {
            guard let place = example.lastIndex(where: { $0.name == next }) else { continue }
            messages += [.user(Array(example[..<place]).lines + cue), .assistant(example[place].text)]
        }
        return .chat(messages + [.user(known.lines + cue)])
    }

    /// Field `name` in the words of `model`.
    /// - Parameters:
    ///   - sampling: how its tokens are drawn; by default as the model's own law has it, as a random variable must be.
    ///   - maximumTokens: the most tokens of the field.
    ///   - stops: the field ends before the first of these.
    public func written(
        _ name: String, by model: any LanguageModel, sampling: SamplingParameters = SamplingParameters(),
        maximumTokens: Int = 64, stops: [String] = ["\n"]
    ) -> GenerationStage<[Field]> {
        var stage = GenerationStage<[Field]>(model) { [self] in prompt($0, next: name) }
        stage.sampling = sampling
        stage.maximumTokens = maximumTokens
        stage.stops = stops
        return stage
    }

    /// Field `name`, drawn among `candidates` as `model` finds them likely. In a plain text a candidate is a whole line.
    public func chosen(
        _ name: String, by model: any LanguageModel, among candidates: @escaping @Sendable ([Field]) -> [String]
    ) -> ChoiceStage<[Field]> {
        ChoiceStage(model, candidates: candidates, terminator: terminator) { [self] in prompt($0, next: name) }
    }

    /// Field `name`, drawn among `texts` as `model` finds them likely. In a plain text each is a whole line.
    public func chosen(_ name: String, among texts: [String], by model: any LanguageModel) -> ChoiceStage<[Field]> {
        chosen(name, by: model) { _ in texts }
    }

    /// Field `name`, drawn among `candidates` as `model` finds them likely at a temperature.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` unless the temperature is above 0 and finite.
    public func chosen(
        _ name: String, by model: any LanguageModel, temperature: Double,
        among candidates: @escaping @Sendable ([Field]) -> [String]
    ) throws(LanguageError) -> ChoiceStage<[Field]> {
        try ChoiceStage(model, candidates: candidates, terminator: terminator, temperature: temperature) { [self] in
            prompt($0, next: name)
        }
    }

    /// Field `name`, one of `candidates`, in writing: for a model that can't score texts.
    public func pickedInWriting(
        _ name: String, by model: any LanguageModel, among candidates: @escaping @Sendable ([Field]) -> [String]
    ) -> WrittenChoiceStage<[Field]> {
        WrittenChoiceStage(model, candidates: candidates) { [self] known, texts in
            var form = self
            let order = "For \(name) write one of these, word for word, and nothing else:"
            form.instruction = ([instruction, order].compactMap(\.self) + texts.map { "- \($0)" })
                .joined(separator: "\n")
            return form.prompt(known, next: name)
        }
    }

    /// Field `name`, drawn among `candidates` by the means that `model` has: exactly, as ``chosen(_:by:among:)`` does, where it
    /// scores given texts, and else as ``pickedInWriting(_:by:among:)`` does.
    public func choice(
        _ name: String, by model: any LanguageModel, among candidates: @escaping @Sendable ([Field]) -> [String]
    ) -> any ScoredFieldStage {
        model.capabilities.serve(.scoring)
            ? chosen(name, by: model, among: candidates) : pickedInWriting(name, by: model, among: candidates)
    }

    /// Field `name` as a line by the law of `model`, which can be observed. In a conversation it is scored without what ends
    /// a message.
    public func line(_ name: String, by model: any LanguageModel, maximumTokens: Int = 64) -> LineStage<[Field]> {
        LineStage(model, maximumTokens: maximumTokens, terminator: terminator) { [self] in prompt($0, next: name) }
    }

    /// What ends a field: a line of a plain text, and a whole message of a conversation.
    private var terminator: String { chat ? "" : "\n" }
}
