/// A named text in a form: a question, a thought, an answer.
public struct Field: Sendable, Hashable {
    /// What it is, as the form says it.
    public var name: String
    /// What it says.
    public var text: String

    /// The field `name`, which says `text`.
    public init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }
}

extension [Field] {
    /// What the last field called `name` says, or nil where there is none.
    public subscript(_ name: String) -> String? { last { $0.name == name }?.text }

    /// What all fields called `name` say, in order.
    public func texts(_ name: String) -> [String] { filter { $0.name == name }.map(\.text) }

    /// The fields, one a line.
    var lines: String { map { "\($0.name): \($0.text)\n" }.joined() }
}
