public import Cascades

/// A model that may use a tool before it answers: it writes what the tool is to do, and reads the result.
///
///     call[i] ~ p(. | question, calls and results before);  result[i] = tool(call[i]);  answer ~ p(. | all of it)
///
/// - Source: paper 1, Language Model Cascades, section 4.3, after Cobbe et al., 2021, calculators, and Karpas et al., 2022.
public struct ToolUse: Sendable {
    /// Writes what the tool is to do.
    public var call: any FieldStage
    /// Does it: given the form so far, whose last field is the call.
    public var tool: any FieldStage
    /// Answers with the results in view; nil where the last result is the answer.
    public var answer: (any FieldStage)?
    /// The most uses.
    public var maximumCalls: Int
    /// The call that uses no tool.
    public var end: String

    /// The use of a tool.
    public init(
        call: any FieldStage, tool: any FieldStage = CalculatorStage(), answer: (any FieldStage)? = nil,
        maximumCalls: Int = 1, end: String = "none"
    ) {
        self.call = call
        self.tool = tool
        self.answer = answer
        self.maximumCalls = maximumCalls
        self.end = end
    }

    /// The program: a question to its answer. Its choices are at `call[i]`, `result[i]` and `answer`.
    public var program: QuestionProgram {
        QuestionProgram { scope, question in
            var known = [Field(FieldName.question, question)]
            for index in 0..<maximumCalls {
                let text = try await scope.ask(.at("call", index), call, known).output
                if text.isEmpty || text == end { break }
                known.append(Field(FieldName.calculation, text))
                known.append(Field(FieldName.result, try await scope.ask(.at("result", index), tool, known).output))
            }
            guard let answer else { return known[FieldName.result] ?? "" }
            return try await scope.ask("answer", answer, known).output
        }
    }
}
