public import Cascades

/// Work line by line, then the answer: each line is a choice of its own, so that an inference method may weigh and resample
/// half-finished work.
///
///     work[0] ~ p(. | question);  work[i] ~ p(. | question, work[..<i]);  answer ~ p(. | question, work)
///
/// - Source: paper 1, Language Model Cascades, section 4.1, after Nye et al., 2021, scratchpads.
public struct Scratchpad: Sendable {
    /// Writes the next line of work.
    public var work: any FieldStage
    /// Answers when the work is done.
    public var answer: any FieldStage
    /// The line that says that the work is done.
    public var end: String
    /// The most lines.
    public var maximumLines: Int

    /// A scratchpad.
    public init(work: any FieldStage, answer: any FieldStage, end: String = "done", maximumLines: Int = 8) {
        self.work = work
        self.answer = answer
        self.end = end
        self.maximumLines = maximumLines
    }

    /// The program: a question to its answer. Its choices are at `work[i]` and `answer`.
    public var program: QuestionProgram {
        QuestionProgram { scope, question in
            var known = [Field(FieldName.question, question)]
            for line in 0..<maximumLines {
                let text = try await scope.ask(.at("work", line), work, known).output
                known.append(Field(FieldName.work, text))
                if text.isEmpty || text == end { break }
            }
            return try await scope.ask("answer", answer, known).output
        }
    }
}
