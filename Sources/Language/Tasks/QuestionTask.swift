public import Cascades

/// How the questions of a task are put to a model, and how its answers are judged.
///
/// A model with a chat template is asked in a conversation; one without goes on from a plain text of the same words:
///
///     system                     What follows is ...
///     for each example           <template with its input>
///                                <cue> <its answer>
///     the question               <template with its input>
///                                <cue>
public struct QuestionTask: Sendable, Hashable {
    /// A question with its answer, shown to the model before the question.
    public struct Example: Sendable, Hashable {
        /// What is asked.
        public var input: String
        /// What is right.
        public var answer: String

        /// A question with its answer.
        public init(input: String, answer: String) {
            self.input = input
            self.answer = answer
        }
    }

    /// Its name; the group of questions that have none of their own.
    public var name: String?
    /// What the model is told first.
    public var system: String?
    /// What is asked: `{input}` stands for the question's text.
    public var template = "{input}"
    /// Answered questions that come first.
    public var examples: [Example] = []
    /// What a plain text says before an answer.
    public var cue = "Answer:"
    /// The labels to choose from; nil where the model answers in its own words, or each question has labels.
    public var labels: [String]?
    /// Whether what the model says of the labels without a question is taken off.
    public var calibrates = false
    /// How answers are judged.
    public var judge = Judge.exact
    /// The most tokens of an answer.
    public var maximumTokens = 64

    /// Plain questions, answered in the model's own words.
    public init() {}

    /// Whether there is nothing but the question itself.
    public var isPlain: Bool { system == nil && template == "{input}" && examples.isEmpty }

    /// What a model is asked about `input`.
    /// - Parameter chat: whether it is asked in a conversation, or goes on from a plain text.
    public func prompt(_ input: String, chat: Bool) -> Prompt {
        func filled(_ input: String) -> String { template.replacing("{input}", with: input) }
        guard chat else {
            var text = system.map { $0 + "\n\n" } ?? ""
            for example in examples { text += "\(filled(example.input))\n\(cue) \(example.answer)\n\n" }
            return .text(text + "\(filled(input))\n\(cue)")
        }
        var messages = system.map { [ChatMessage.system($0)] } ?? []
        for example in examples { messages += [.user(filled(example.input)), .assistant(example.answer)] }
        return .chat(messages + [.user(filled(input))])
    }

    /// Where an answer ends: a plain text would go on with questions of its own.
    public func stops(chat: Bool) -> [String] { chat ? [] : examples.isEmpty ? ["\n\n"] : ["\n"] }

    /// `model` as a stage that answers questions of this task.
    /// - Parameters:
    ///   - chat: whether it is asked in a conversation.
    ///   - choosing: whether it chooses among labels.
    ///   - evidence: what it says of an answer in its own words.
    public func stage(
        _ model: any LanguageModel, chat: Bool, choosing: Bool, evidence: TextEvidence = TextEvidence(),
        sampling: SamplingParameters = .greedy
    ) -> any Stage<Question, String> {
        if choosing {
            return LabelStage(
                model, labelsOf: { [labels] in $0.labels ?? labels ?? [] },
                contentFree: calibrates ? prompt("N/A", chat: chat) : nil
            ) { [self] in prompt($0.input, chat: chat) }
        }
        var stage = GenerationStage(model) { [self] (question: Question) in prompt(question.input, chat: chat) }
        stage.sampling = sampling
        stage.maximumTokens = maximumTokens
        stage.evidence = evidence
        stage.stops = stops(chat: chat)
        return stage
    }
}
