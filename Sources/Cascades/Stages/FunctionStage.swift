/// A stage that is a closure.
///
///     let shout = FunctionStage("shout") { (text: String) in Answer(text.uppercased()) }
public struct FunctionStage<Input: Sendable, Output: Sendable>: Stage {
    public let name: String
    public let evidenceNames: [String]
    /// What answers.
    public let body: @Sendable (Input) async throws -> Answer<Output>

    /// The stage `name` that gives `evidence` and answers by `body`.
    public init(
        _ name: String, evidence: [String] = [], _ body: @escaping @Sendable (Input) async throws -> Answer<Output>
    ) {
        self.name = name
        evidenceNames = evidence
        self.body = body
    }

    public func answer(_ input: Input) async throws -> Answer<Output> { try await body(input) }
}
