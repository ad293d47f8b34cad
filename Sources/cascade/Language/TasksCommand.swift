import ArgumentParser
import Language
import Reports

/// `cascade tasks`: capability tasks in BIG-bench's format.
struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Measure models on capability tasks in BIG-bench's JSON format.",
        subcommands: [TasksRunCommand.self, TasksShowCommand.self])

    /// The tasks at `paths`, in their order.
    static func read(_ paths: [String]) throws -> [CapabilityTask] {
        var tasks: [CapabilityTask] = []
        for path in paths {
            for task in try CapabilityTask.read(from: path) {
                if tasks.contains(where: { $0.name == task.name }) {
                    throw Failure(.data, "\(path): there is a task called \(task.name) already.")
                }
                tasks.append(task)
            }
        }
        return tasks
    }
}

/// `cascade tasks show`: what a task is and what a model is asked.
struct TasksShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what tasks hold, and the prompt of one question.",
        discussion: """
            Examples:
              cascade tasks show Examples/CapabilityTasks/opposites
              cascade tasks show Examples/CapabilityTasks/opposites --shots 2 --question 7
            """)

    @Argument(help: "Task files, or folders with a task.json.", completion: .file())
    var paths: [String]
    @Option(name: .long, help: "Answered examples before the question.")
    var shots = 0
    @Option(name: .long, help: "The question to show, counted from 1.")
    var question = 1
    @Option(name: .long, help: "Chooses the examples, and the order of choices.")
    var seed: UInt64 = 0
    @OptionGroup var output: OutputOptions

    func run() throws {
        var values: [JSONValue] = []
        for task in try TasksCommand.read(paths) {
            guard task.examples.indices.contains(question - 1) else {
                throw Failure(.usage, "--question \(question): \(task.name) has questions 1 to \(task.examples.count).")
            }
            let prompt = try CapabilityPrompts(task, shots: shots, seed: seed).prompt(question - 1)
            let example = task.examples[question - 1]
            let range = task.range(of: task.preferred)
            if output.json {
                values.append([
                    "name": .string(task.name), "description": .string(task.summary),
                    "keywords": .array(task.keywords.map { .string($0) }),
                    "questions": .integer(task.examples.count), "preferred": .string(task.preferred.rawValue),
                    "metrics": .array(task.metrics.map { .string($0.rawValue) }),
                    "unknownMetrics": .array(task.unknownMetrics.map { .string($0) }),
                    "low": range.map { .number($0.low) } ?? .null, "high": range.map { .number($0.high) } ?? .null,
                    "prompt": .string(prompt), "targets": .array(example.targets.map { .string($0) }),
                ])
                continue
            }
            Output.heading(task.name)
            Output.wrapped(task.summary)
            Output.line(
                "\(task.examples.count) questions; metrics: \(task.metrics.map(\.rawValue).joined(separator: ", "))")
            if !task.unknownMetrics.isEmpty {
                Output.line("not known here and passed over: \(task.unknownMetrics.joined(separator: ", "))")
            }
            if let range {
                Output.line(
                    "\(task.preferred.rawValue): \(NumberText.significant(range.low, digits: 3)) by guessing, \(NumberText.significant(range.high, digits: 3)) at best"
                )
            }
            Output.line(
                "\nquestion \(question), the answer marked:\n\(prompt)«\(example.targets.joined(separator: "» or «"))»\n"
            )
        }
        if output.json { Output.text(JSONValue.array(values).text) }
    }
}
