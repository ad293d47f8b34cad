import ArgumentParser
import Foundation
import Language
import Reports

/// `cascade tasks run`: models on capability tasks.
struct TasksRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Ask models the questions of tasks, and score them by the tasks' metrics.",
        discussion: """
            A task is a file in BIG-bench's JSON format, or a folder with a task.json. Scores come with their standard \
            errors, and on a scale on which 0 is guessing and 100 is always right. Of three models or more, given from \
            small to large, it tells how steadily each task's score rises (linearity) and how much of the rise comes at \
            once (breakthroughness).

            With -o answers are kept as they come: a run that was interrupted goes on where it was.

            Examples:
              cascade tasks run Examples/CapabilityTasks/opposites --models smollm2-135m,gemma-3-270m --shots 2
              cascade tasks run Examples/CapabilityTasks/* --models smollm2-135m -o answers.jsonl --json
            """)

    @Argument(help: "Task files, or folders with a task.json.", completion: .file())
    var paths: [String]
    @Option(
        name: .long,
        help: ArgumentHelp("Models' names or paths of GGUF files, from small to large.", valueName: "a,b"))
    var models = "smollm2-135m"
    @Option(name: .long, help: "Answered examples before each question.")
    var shots = 0
    @Option(name: .long, help: ArgumentHelp("Ask this many questions of each task only.", valueName: "count"))
    var limit: Int?
    @Option(name: .long, help: "Chooses the examples, and the order of choices.")
    var seed: UInt64 = 0
    @Option(name: .long, help: "The most tokens of a written answer.")
    var maxTokens = 32
    @Option(
        name: [.customShort("o"), .customLong("output")], help: "Keeps the answers, a .jsonl file.",
        completion: .file(extensions: ["jsonl"]))
    var outputPath: String?
    @OptionGroup(title: "How models run") var options: ModelOptions
    @OptionGroup var output: OutputOptions

    private var names: [String] { models.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }

    func validate() throws {
        if names.isEmpty || Set(names).count < names.count {
            throw ValidationError("--models \(models): expected different models, such as smollm2-135m,gemma-3-270m.")
        }
        if shots < 0 { throw ValidationError("--shots \(shots): expected 0 or more.") }
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected 1 or more.") }
        if maxTokens < 1 { throw ValidationError("--max-tokens \(maxTokens): expected 1 or more.") }
    }

    func run() async throws {
        let tasks = try TasksCommand.read(paths)
        let harness = TaskHarness(shots: shots, seed: seed, maximumTokens: maxTokens)
        // Too many examples before a question are a mistake to know of before models are loaded.
        for task in tasks { _ = try CapabilityPrompts(task, shots: shots) }
        if let outputPath { _ = try OutputFile(outputPath) }
        let file = try outputPath.map { try TaskAnswerFile(path: $0) }
        var results: [[TaskScores]] = tasks.map { _ in [] }
        for name in names {
            // One model at a time is in memory, and none where the file has all answers.
            var model: (any LanguageModel)?
            for (place, task) in tasks.enumerated() {
                let questions = task.examples.indices.prefix(limit ?? .max)
                var answers = (file?.answers(to: task, by: name, harness) ?? []).filter {
                    questions.contains($0.example)
                }
                let known = Set(answers.map(\.example))
                let left = questions.filter { !known.contains($0) }
                if !left.isEmpty {
                    let loaded = try model ?? options.load(name, sequences: 8)
                    model = loaded
                    answers += try await harness.answers(
                        to: task, by: loaded, questions: left, progress: ProgressLine.reporter
                    ) { try file?.append($0, to: task, by: name, harness) }
                }
                if let refusal = answers.first(where: { $0.refusal != nil }) {
                    Output.message("\(task.name), question \(refusal.example + 1): \(refusal.refusal ?? "")")
                }
                guard answers.contains(where: { $0.refusal == nil }) else {
                    throw Failure(.data, "\(task.name): \(name) could take none of its questions.")
                }
                results[place].append(try TaskScores(task, answers))
            }
        }
        output.json ? printJSON(results) : printTables(results)
    }

    private func printTables(_ results: [[TaskScores]]) {
        var table = TextTable(columns: ["task", "model", "questions", "metric", "score", "± error", "0 to 100"])
        for scores in results {
            for (name, result) in zip(names, scores) {
                for score in result.scores {
                    table.add([
                        .text(result.task), .text(name), .count(result.answered),
                        .text(score.metric.rawValue + (score.metric == result.preferred.metric ? " *" : "")),
                        .number(score.value, significant: 3),
                        score.standardError.map { .number($0, significant: 2) } ?? .missing,
                        score.normalized.map { .number($0, significant: 3) } ?? .missing,
                    ])
                }
            }
        }
        table.notes = ["* stands for the task. 0 is guessing, 100 is always right."]
        Output.table(table)
        var sums = TextTable(columns: ["model", "all tasks, 0 to 100"])
        for (place, name) in names.enumerated() {
            sums.add([.text(name), mean(results, place).map { .number($0, significant: 3) } ?? .missing])
        }
        Output.line()
        Output.table(sums)
        let curves = curves(results)
        guard !curves.isEmpty else { return }
        var scales = TextTable(columns: ["task", "improvement", "linearity", "breakthroughness"])
        for (scores, curve) in zip(results, curves) {
            scales.add([
                .text(scores[0].task), .number(curve.improvement), .number(curve.linearity),
                .number(curve.breakthroughness),
            ])
        }
        Output.line()
        Output.table(scales)
    }

    private func printJSON(_ results: [[TaskScores]]) {
        let curves = curves(results)
        let tasks = results.enumerated().map { place, scores in
            var members: [(key: String, value: JSONValue)] = [
                ("task", .string(scores[0].task)), ("preferred", .string(scores[0].preferred.metric.rawValue)),
                ("models", .array(zip(names, scores).map { json($0, $1) })),
            ]
            if curves.indices.contains(place) {
                members += [
                    ("improvement", .number(curves[place].improvement)),
                    ("linearity", .number(curves[place].linearity)),
                    ("breakthroughness", .number(curves[place].breakthroughness)),
                ]
            }
            return JSONValue.object(members)
        }
        let sums = names.enumerated().map { place, name in
            (key: name, value: mean(results, place).map { JSONValue.number($0) } ?? .null)
        }
        let result: JSONValue = ["shots": .integer(shots), "tasks": .array(tasks), "normalized": .object(sums)]
        Output.text(result.text)
    }

    private func json(_ name: String, _ result: TaskScores) -> JSONValue {
        let scores = result.scores.map { score in
            (
                key: score.metric.rawValue,
                value: [
                    "score": .number(score.value), "error": score.standardError.map { .number($0) } ?? .null,
                    "normalized": score.normalized.map { .number($0) } ?? .null,
                ] as JSONValue
            )
        }
        return [
            "model": .string(name), "answered": .integer(result.answered), "refused": .integer(result.refused),
            "scores": .object(scores),
        ]
    }

    /// The mean of the tasks' normalised preferred scores, of those that have one.
    private func mean(_ results: [[TaskScores]], _ model: Int) -> Double? {
        let values = results.compactMap { $0[model].preferred.normalized }
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    /// A curve for each task, where there are enough models.
    private func curves(_ results: [[TaskScores]]) -> [ScaleCurve] {
        guard names.count >= 3 else { return [] }
        return results.compactMap {
            try? ScaleCurve(scales: names.indices.map(Double.init), scores: $0.map(\.preferred.value))
        }
    }
}
