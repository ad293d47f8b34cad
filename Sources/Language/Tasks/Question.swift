public import Cascades

/// A question of a task, with the answers that count as right.
public struct Question: Sendable, Hashable {
    /// Its id, unique in its task.
    public var id: String
    /// What is asked.
    public var input: String
    /// Answers that are right; empty where nobody knows.
    public var answers: [String]
    /// The group that it belongs to.
    public var group: String?
    /// The split that it is marked with.
    public var split: String?
    /// The labels to choose from, where they are its own.
    public var labels: [String]?

    /// A question.
    public init(
        id: String = "", input: String, answers: [String] = [], group: String? = nil, split: String? = nil,
        labels: [String]? = nil
    ) {
        self.id = id
        self.input = input
        self.answers = answers
        self.group = group
        self.split = split
        self.labels = labels
    }

    /// What is known of a question before anyone is asked: how long it is, and its group.
    public static let context = ItemContext<Question>(["characters", "words"], group: \.group) { question in
        [Double(question.input.count), Double(question.input.split { $0.isWhitespace }.count)]
    }
}
