public import Probability

/// Proposes functions by searching the sandbox's language for what fits the attempts that it is shown.
///
/// For each instruction that failed, the calculation that gives what was expected in all attempts with that instruction is
/// added under the instruction's name, or takes the place of the one there.
public struct SearchProposer: FunctionProposer {
    /// The search.
    public var search: ScriptSearch

    /// The most changes that are looked for at once.
    public var maximumEdits: Int

    /// A proposer by `search`.
    public init(_ search: ScriptSearch = ScriptSearch(), maximumEdits: Int = 3) {
        self.search = search
        self.maximumEdits = maximumEdits
    }

    public func edits(
        to functions: FunctionSet, after attempts: [AgentAttempt<FunctionQuestion>], withdrawn: [FunctionEdit],
        using random: inout Random
    ) async throws -> [FunctionEdit] {
        var edits: [FunctionEdit] = []
        var instructions: [String] = []
        for attempt in attempts where attempt.score < 1 && !instructions.contains(attempt.item.instruction) {
            instructions.append(attempt.item.instruction)
        }
        for instruction in instructions where edits.count < maximumEdits {
            let name = Self.name(of: instruction)
            let excluded = withdrawn.compactMap { edit -> String? in
                switch edit {
                case .add(let function), .revise(let function): function.name == name ? function.body : nil
                case .remove: nil
                }
            }
            let examples = attempts.filter { $0.item.instruction == instruction }
                .map { (input: $0.item.input, output: $0.item.expected) }
            guard let body = search.find(examples, excluding: Set(excluded)) else { continue }
            let function = AgentFunction(name: name, summary: instruction, body: body)
            if functions[name] == nil {
                edits.append(.add(function))
            } else if functions[name] != function {
                edits.append(.revise(function))
            }
        }
        return edits
    }

    /// The words of an instruction as a name.
    static func name(of instruction: String) -> String {
        instruction.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
    }
}

/// Proposes functions that a language model writes in the sandbox's language, from two examples of it.
///
/// The model sees the attempts with one instruction that failed and writes the body of a function; what the sandbox can't
/// read is dropped.
public struct WrittenProposer: FunctionProposer {
    /// What writes.
    public let model: any LanguageModel
    /// How its tokens are drawn.
    public var sampling = SamplingParameters()
    /// The most tokens of a body.
    public var maximumTokens = 24

    /// A proposer whose functions `model` writes.
    public init(_ model: any LanguageModel) { self.model = model }

    public func edits(
        to functions: FunctionSet, after attempts: [AgentAttempt<FunctionQuestion>], withdrawn: [FunctionEdit],
        using random: inout Random
    ) async throws -> [FunctionEdit] {
        let failed = attempts.filter { $0.score < 1 }
        guard !failed.isEmpty else { return [] }
        let instruction = failed[random.integer(below: failed.count)].item.instruction
        let examples = failed.filter { $0.item.instruction == instruction }.prefix(4)
            .map { "x = \($0.item.input) -> \($0.item.expected)" }.joined(separator: "\n")
        let task = { (does: String, examples: String) in "Task: \(does)\n\(examples)\nFunction:" }
        let shown = [
            (task("the largest number", "x = [3, 9, 4] -> 9"), "maximum(x)"),
            (task("the sum of the even numbers", "x = [1, 2, 4] -> 6"), "sum(filter(x, n -> n % 2 == 0))"),
        ].map { "\($0) \($1)\n\n" }.joined()
        let text = try await model.generate(
            GenerationRequest(
                .text(shown + task(instruction, examples)), sampling: sampling, maximumTokens: maximumTokens,
                stops: ["\n"], seed: random.next()))
        let body = text.text.trimmingPrefix(while: \.isWhitespace)
        guard !body.isEmpty, (try? Script("let x = [1]; \(body)")) != nil else { return [] }
        let function = AgentFunction(
            name: SearchProposer.name(of: instruction), summary: instruction, body: String(body))
        return [functions[function.name] == nil ? .add(function) : .revise(function)]
    }
}
