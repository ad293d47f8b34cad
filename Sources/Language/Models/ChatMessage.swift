/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable, Codable {
    /// Who speaks: `system`, `user`, `assistant`, `tool`.
    public var role: String
    /// What is said.
    public var content: String
    /// The tools that the model called in it.
    public var toolCalls: [ToolCall]?
    /// The call that a tool answers with it.
    public var toolCallID: String?

    /// A message.
    public init(role: String, content: String, toolCalls: [ToolCall]? = nil, toolCallID: String? = nil) {
        self.role = role
        self.content = content
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }

    /// What the model is told to be.
    public static func system(_ content: String) -> ChatMessage { ChatMessage(role: "system", content: content) }
    /// What the person says.
    public static func user(_ content: String) -> ChatMessage { ChatMessage(role: "user", content: content) }
    /// What the model said.
    public static func assistant(_ content: String) -> ChatMessage { ChatMessage(role: "assistant", content: content) }
    /// What the model said and the tools that it called.
    public static func assistant(_ content: String, calling calls: [ToolCall]) -> ChatMessage {
        ChatMessage(role: "assistant", content: content, toolCalls: calls)
    }
    /// What a tool answered to `call`.
    public static func tool(_ content: String, answering call: ToolCall) -> ChatMessage {
        ChatMessage(role: "tool", content: content, toolCallID: call.id)
    }
}

/// What a model is asked to go on from.
public enum Prompt: Sendable, Hashable {
    /// A plain text.
    case text(String)
    /// A conversation, put into the model's own template.
    case chat([ChatMessage])
}

extension Prompt: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
}
