public import Cascades

/// A question that a function of the agent's may answer: what is to be done, and with what.
public struct FunctionQuestion: Sendable, Hashable, Codable {
    /// What is to be done, in words.
    public var instruction: String
    /// What with: a value in the language of ``Script``.
    public var input: String
    /// What that comes to.
    public var expected: String

    /// A question.
    public init(instruction: String, input: String, expected: String) {
        self.instruction = instruction
        self.input = input
        self.expected = expected
    }
}

/// An agent that answers by choosing one of its functions and running it.
///
/// At `"choose"` it asks which function the instruction is for, at `"call"` the sandbox runs it. The functions are its only
/// knowledge: without them it gives no answer.
public struct FunctionAgent: AgentTask {
    /// The instruction, and the functions to choose from.
    public struct Choice: Sendable, Hashable {
        /// What is to be done.
        public var instruction: String
        /// The functions, one at least.
        public var functions: [AgentFunction]
    }

    /// Chooses a function by its name.
    public let chooser: any Stage<Choice, String>
    /// How much a function may do.
    public var limits = Script.Limits()

    /// An agent whose functions `chooser` chooses.
    public init(chooser: any Stage<Choice, String>) { self.chooser = chooser }

    /// The function whose name and summary share most words with the instruction; the first of equals, none that shares no
    /// word.
    public static var wordChooser: FunctionStage<Choice, String> {
        FunctionStage("words") { choice in
            let index = LexicalIndex(
                choice.functions.map { "\($0.name.replacing("_", with: " ")) \($0.summary)" },
                splitter: WordSplitter(stopWords: []))
            let best = index.search(index.query(for: choice.instruction), limit: 1).hits.first
            return Answer(best.map { choice.functions[$0.passage].name } ?? "")
        }
    }

    /// The likeliest of the functions' names by `model`.
    public static func chooser(_ model: any LanguageModel) -> any Stage<Choice, String> {
        let labels = LabelStage<Choice>(model, labelsOf: { $0.functions.map(\.name) }) { choice in
            let list = choice.functions.map { "\($0.name): \($0.summary)" }.joined(separator: "\n")
            return .chat([
                .system("Functions:\n\(list)"), .user("Which function is for this task: \(choice.instruction)?"),
            ])
        }
        return FunctionStage<Choice, String>(model.name) { choice in
            guard choice.functions.count > 1 else { return Answer(choice.functions[0].name) }
            let answer = try await labels.answer(choice)
            return Answer(answer.output, cost: answer.cost)
        }
    }

    /// The agent with `functions` as a program: a question to its answer, nil where no function gave one.
    public func program(_ functions: FunctionSet) -> Program<FunctionQuestion, Reply> {
        let (chooser, sandbox) = (chooser, SandboxStage(limits: limits))
        return Program { scope, question in
            guard !functions.functions.isEmpty else { return Reply(function: nil, text: nil) }
            let choice = Choice(instruction: question.instruction, functions: functions.functions)
            let name = try await ask(scope, chooser, choice)
            guard let function = functions[name] else { return Reply(function: nil, text: nil) }
            let call = SandboxStage.Call(body: function.body, input: question.input)
            return Reply(function: name, text: try await scope.ask("call", sandbox, call).output)
        }
    }

    /// What the agent did.
    public struct Reply: Sendable, Hashable {
        /// The function that was called, if one was.
        public var function: String?
        /// What it came to; nil where it failed.
        public var text: String?
    }

    public func attempt(
        _ item: FunctionQuestion, with functions: FunctionSet
    ) async throws -> AgentAttempt<FunctionQuestion> {
        let answer = try await program(functions).stage("agent", seed: 0).answer(item)
        return AgentAttempt(
            item, score: answer.output.text == item.expected ? 1 : 0, function: answer.output.function,
            cost: answer.cost)
    }
}

private func ask(
    _ scope: Scope, _ stage: some Stage<FunctionAgent.Choice, String>, _ input: FunctionAgent.Choice
) async throws -> String {
    try await scope.ask("choose", stage, input).output
}

/// Runs the body of a function on an input, `x`.
struct SandboxStage: Stage {
    struct Call: Sendable {
        var body: String
        var input: String
    }

    let limits: Script.Limits
    var name: String { "sandbox" }
    var evidenceNames: [String] { [] }

    /// What it comes to; nil where the body or the input is at fault: that is the function's failure, not the sandbox's.
    func answer(_ call: Call) async throws -> Answer<String?> {
        do throws(LanguageError) {
            return Answer(try Script("let x = \(call.input); \(call.body)").run(limits: limits).description)
        } catch { return Answer(nil) }
    }
}
