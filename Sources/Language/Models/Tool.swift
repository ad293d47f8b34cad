/// A tool that a model may call.
public struct ToolDescription: Sendable, Hashable {
    /// Its name: letters, digits, `_` and `-`.
    public var name: String
    /// What it does and when to call it, in words for the model.
    public var summary: String
    /// Its arguments: the JSON schema of an object.
    public var parameters: String

    /// A tool.
    public init(name: String, summary: String, parameters: String = #"{"type":"object","properties":{}}"#) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
    }
}

/// A call of a tool, as a model wants it made.
public struct ToolCall: Sendable, Hashable, Codable {
    /// What the tool's answer is to be marked with; unique in its conversation.
    public var id: String
    /// The tool's name.
    public var name: String
    /// The arguments: a JSON object, as the model wrote it. Nobody has checked it against the tool's schema.
    public var arguments: String

    /// A call.
    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// Whether a model must call tools.
public enum ToolChoice: Sendable, Hashable {
    /// As it likes.
    case automatic
    /// It may not.
    case none
    /// It must call one.
    case required
    /// It must call this one.
    case tool(String)
}
