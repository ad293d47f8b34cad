import ArgumentParser
import Cascades
import Inference
import Language
import Probability
import Reports

extension NamedProgram {
    /// The program called `name`, or an error that lists them.
    static func named(_ name: String) throws -> NamedProgram {
        guard let program = NamedProgram(rawValue: name) else {
            throw ValidationError(
                "no program is called \"\(name)\". Known: \(allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return program
    }

    /// The programs with a sentence each, for the help.
    static var list: String {
        allCases.map { "  \($0.rawValue): \($0.summary)." }.joined(separator: "\n")
    }
}

/// A question asked through a program over a model.
struct AskedProgram {
    let program: NamedProgram
    let model: any LanguageModel
    let samples: Int
    let sampling: SamplingOptions
    /// The answers to choose from, where there are any.
    let labels: [String]?
    /// The file whose examples and questions star learns from.
    let file: TaskFile?

    /// Asks and shows the answer; with `explain` also how it came about.
    func ask(_ question: String, explain: Bool, json: Bool) async throws {
        var settings = NamedProgram.Settings()
        settings.samples = samples
        settings.labels = labels
        settings.problems = problems
        settings.sampling = sampling.parameters
        var random = Random(seed: sampling.seed)
        let result = try await program.answer(question, model: model, settings: settings, using: &random)
        if json {
            var members: [(key: String, value: JSONValue)] = [
                ("answer", .string(result.text)), ("model", .string(model.name)),
                ("program", .string(program.rawValue)), ("cost", CostWords.json(result.spent)),
            ]
            if let share = result.share { members.append(("share", .number(share))) }
            members.append(("notes", .array(result.notes.map { .string($0) })))
            if let trace = result.trace {
                members.append(
                    (
                        "steps",
                        .array(
                            trace.choices.map { choice in
                                .object([
                                    ("address", .string("\(choice.address)")), ("value", .string(choice.valueText)),
                                    ("logScore", choice.logScore.map { .number($0) } ?? .null),
                                ])
                            })
                    ))
            }
            Output.text(JSONValue.object(members).text)
            return
        }
        Output.line(result.text)
        if explain {
            Output.line()
            for note in result.notes { Output.line(note) }
            if let trace = result.trace { Output.line(TraceExplanation(trace).description) }
        }
        Output.note("\(model.name), \(program.rawValue): \(CostWords.text(result.spent))")
    }

    /// The questions of the task's file with their first answers, and the examples that the task shows.
    private var problems: [SelfTaughtReasoner.Problem] {
        guard let file else { return [] }
        let shown = file.task.examples.map { SelfTaughtReasoner.Problem($0.input, $0.answer) }
        return shown
            + file.questions.compactMap { question in
                question.answers.first.map { SelfTaughtReasoner.Problem(question.input, $0) }
            }
    }
}
