import Foundation

/// One text that a scripted model may answer with.
///
///     "Paris"                                      // certain
///     ScriptedAnswer("Paris", probability: 0.9)
public struct ScriptedAnswer: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The text.
    public var text: String
    /// How likely it is in nats, at most 0.
    public var logProbability: Double

    /// An answer by its log-probability in nats; a certain one where none is given.
    public init(_ text: String, logProbability: Double = 0) {
        self.text = text
        self.logProbability = logProbability
    }

    /// An answer by its probability.
    public init(_ text: String, probability: Double) { self.init(text, logProbability: log(probability)) }

    public init(stringLiteral value: String) { self.init(value) }
}

/// Which prompts a line of a scripted model's table is for.
public enum ScriptedPrompt: Sendable, Hashable, ExpressibleByStringLiteral {
    /// A plain text that is this, or a conversation whose last message is.
    case exactly(String)
    /// One with this in it.
    case containing(String)
    /// One that ends so.
    case ending(String)
    /// This prompt, with all messages of a conversation.
    case prompt(Prompt)
    /// Every prompt.
    case any

    public init(stringLiteral value: String) { self = .exactly(value) }

    /// Whether `prompt` is meant.
    public func matches(_ prompt: Prompt) -> Bool {
        switch self {
        case .exactly(let text): prompt.lastText == text
        case .containing(let text): prompt.lastText.contains(text)
        case .ending(let text): prompt.lastText.hasSuffix(text)
        case .prompt(let whole): prompt == whole
        case .any: true
        }
    }
}

/// A line of a scripted model's table: prompts, and the answers to them.
///
///     .when("2 + 2 =", say: "4")
///     .when(.containing("capital of France"),
///         say: ScriptedAnswer("Paris", probability: 0.9), ScriptedAnswer("Lyon", probability: 0.1))
public struct ScriptedRule: Sendable, Hashable {
    /// The prompts that it is for.
    public var prompt: ScriptedPrompt
    /// The answers.
    public var answers: [ScriptedAnswer]

    /// A line.
    public init(_ prompt: ScriptedPrompt, _ answers: [ScriptedAnswer]) {
        self.prompt = prompt
        self.answers = answers
    }

    /// A line.
    public static func when(_ prompt: ScriptedPrompt, say answers: ScriptedAnswer...) -> ScriptedRule {
        ScriptedRule(prompt, answers)
    }
}

extension Prompt {
    /// The text, or what the last message of a conversation says.
    public var lastText: String {
        switch self {
        case .text(let text): text
        case .chat(let messages): messages.last?.content ?? ""
        }
    }

    /// The whole as a person reads it.
    public var wholeText: String {
        switch self {
        case .text(let text): text
        case .chat(let messages): messages.map { "\($0.role): \($0.content)" }.joined(separator: "\n")
        }
    }
}
