import ArgumentParser
import Cascades
import Deferral
import Foundation
import Language
import Reports

/// `cascade ask`: one question, one answer.
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask a language model, or several under a policy.",
        discussion: """
            With a policy that `cascade fit` learned from a log of `cascade record`, the first model is asked first, and \
            the next one when the policy says so; --explain shows why. A named model that is not on this machine is fetched; \
            one behind an endpoint is named with `cascade models add`, or asked with --endpoint.

            With --program the question is asked through a program over the model, in this process or behind an endpoint:
            \(NamedProgram.list)

            Examples:
              cascade ask "Name three colours."
              cascade ask "Name three colours." --temperature 0.8 --seed 7 --json
              cascade ask "Name three colours." --steer colours.gbnf --particles 16 --explain
              cascade ask "a young cat" --task Examples/WordNetTopics/tasks.jsonl --model gemma-3-270m --explain
              cascade ask "Name three colours." --endpoint http://localhost:8080/v1 --model m
              cascade ask "a young cat" --task Examples/WordNetTopics/tasks.jsonl --policy policy.json --explain
              cascade ask "Name three colours." --speculate 2 --explain
              cascade ask "What is 17 times 23?" --program tools --explain
              cascade ask "What is 9 + 6 - 4?" --program self-consistency --samples 12 --explain
              echo "Name three colours." | cascade ask -
            """)

    @Argument(help: "The question; - reads it from standard input.")
    var question: String
    @Option(name: .long, help: "A model's name, or the path of a GGUF file. (default: smollm2-135m)")
    var model: String?
    @Option(name: .long, help: "A policy file that says which model to ask.", completion: .file(extensions: ["json"]))
    var policy: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The policy's models in its order, where they are not called like its stages.", valueName: "a,b"))
    var models: String?
    @Option(
        name: .long,
        help:
            "A task file, whose first line says how questions are put and which labels there are; where its questions have labels of their own, ask one of them.",
        completion: .file(extensions: ["jsonl"]))
    var task: String?
    @Option(
        name: .long, help: ArgumentHelp("The program through which the question is asked.", valueName: "name"),
        transform: NamedProgram.named)
    var program: NamedProgram?
    @Option(name: .long, help: "With --program: how many runs or simulations are made, where there are several.")
    var samples: Int?
    @Option(name: .long, help: "What the model is told first.")
    var system: String?
    @Option(name: .long, help: "The question's group, where the policy looks at it.")
    var group: String?
    @Option(
        name: .long, help: "With --explain: the log from which to take what would have changed the policy's mind.",
        completion: .file(extensions: ["jsonl", "csv"]))
    var log: String?
    @Flag(name: .long, help: "Show what each model said of its answer, and why the policy did what it did.")
    var explain = false
    @OptionGroup(title: "How it answers") var sampling: SamplingOptions
    @OptionGroup(title: "What it may answer") var steering: SteeringOptions
    @OptionGroup(title: "How it is drafted") var speculation: SpeculationOptions
    @OptionGroup(title: "How models run") var options: ModelOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if policy != nil, model != nil {
            throw ValidationError("--model names one model, --policy a rule for several. Give one or the other.")
        }
        if policy != nil, program != nil {
            throw ValidationError("--policy chooses among models, --program asks one. Give one or the other.")
        }
        if samples != nil, program == nil { throw ValidationError("--samples is for --program.") }
        if let samples, !(1...10_000).contains(samples) {
            throw ValidationError("--samples \(samples): expected 1 to 10000.")
        }
        if system != nil, program != nil {
            throw ValidationError("--system: a program says itself what the model is told. Leave it out.")
        }
        if policy == nil, models != nil { throw ValidationError("--models are those of a policy: give --policy, too.") }
        if steering.steer != nil, policy != nil || task != nil || program != nil {
            throw ValidationError(
                "--steer is for one model that answers in its own words: leave out --policy, --task and --program.")
        }
        if steering.steer != nil, sampling.temperature == 0 {
            throw ValidationError("--steer draws texts: give a --temperature above 0, or none.")
        }
        if speculation.speculate != nil, policy != nil || program != nil || task != nil || steering.steer != nil {
            throw ValidationError(
                "--speculate is for one model that answers in its own words: leave out --policy, --program, --task and --steer."
            )
        }
        if log != nil, policy == nil || !explain {
            throw ValidationError("--log is for --policy with --explain.")
        }
    }

    func run() async throws {
        let file = try self.task.map { try TaskFile.read(from: $0) }
        var task = file?.task ?? QuestionTask()
        if let system { task.system = system }
        if let count = sampling.maxTokens {
            task.maximumTokens = count
        } else if self.task == nil {
            task.maximumTokens = 256
        }
        var question = Question(input: try text(), group: group ?? task.name)
        if let file, let path = self.task, file.isChoosing, task.labels == nil {
            // Each question has labels of its own: those of the question asked, where the file has it.
            guard
                let known = file.questions.first(where: {
                    $0.input.trimmingCharacters(in: .whitespacesAndNewlines) == question.input
                })
            else {
                throw Failure(
                    .usage,
                    "The questions of \(path) have labels of their own, and this question is none of them. Ask one of them as it stands there, or give labels to the file's first line."
                )
            }
            question.labels = known.labels
            task.labels = known.labels
        }
        if let constraint = try steering.constraint() {
            try await steer(question, task, constraint)
        } else if let policy {
            try await AskedPolicy(
                path: policy, models: models?.split(separator: ",").map(String.init), task: task, options: options,
                sampling: sampling, log: log
            ).ask(question, explain: explain, json: output.json)
        } else {
            if let program {
                let samples = samples ?? 8
                try await AskedProgram(
                    program: program, model: try options.load(model ?? "smollm2-135m", sequences: samples),
                    samples: samples, sampling: sampling, labels: task.labels, file: file
                ).ask(question.input, explain: explain, json: output.json)
                return
            }
            let loaded = try options.load(model ?? "smollm2-135m")
            if task.labels != nil {
                try await choose(question, task, loaded)
            } else {
                try await write(question, task, loaded)
            }
        }
    }

    private func text() throws -> String {
        var text = question
        if question == "-" {
            text = ""
            while let line = readLine(strippingNewline: false) { text += line }
        }
        text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { throw Failure(.usage, "The question is empty.") }
        return text
    }

    /// Streams an answer in the model's own words.
    private func write(_ question: Question, _ task: QuestionTask, _ model: any LanguageModel) async throws {
        let request = GenerationRequest(
            task.prompt(question.input, chat: model.chats), sampling: sampling.parameters,
            maximumTokens: task.maximumTokens, stops: task.stops(chat: model.chats), seed: sampling.seed)
        var drafting: SpeculationStatistics?
        let text: GeneratedText
        if speculation.speculate != nil {
            let drafted = try speculation.model(model, path: self.model ?? "smollm2-135m", options)
            let written = try await AnswerStream.write(request, drafted, shows: !output.json)
            (text, drafting) = (written.text, written.statistics)
        } else {
            text = try await AnswerStream.write(request, model, shows: !output.json)
        }
        let evidence = try TextEvidence().evidence(of: text)
        let answer = Answer(
            text.text.trimmingCharacters(in: .whitespacesAndNewlines), evidence: evidence,
            cost: model.cost(of: text.usage))
        if text.usage.isEstimated { Output.note("\(model.name) does not tell what it took: tokens are estimated") }
        finish(answer, model, drafting)
    }

    /// Finds an answer that looks as a file says.
    private func steer(_ question: Question, _ task: QuestionTask, _ constraint: TextConstraint) async throws {
        let loaded = try options.load(self.model ?? "smollm2-135m", sequences: steering.count + 1)
        try loaded.require(.probabilities(.allTokens))
        guard let model = loaded as? EmbeddedLanguageModel else {
            throw LanguageError.unsupported(
                model: loaded.name, what: "its texts can't be steered", remedy: "Use a model in this process.")
        }
        let request = GenerationRequest(
            task.prompt(question.input, chat: model.chats), sampling: sampling.parameters(temperature: 1),
            maximumTokens: task.maximumTokens, stops: task.stops(chat: model.chats), seed: sampling.seed)
        let (cloud, text) = try await steering.answer(request, constraint, model)
        let cost = model.cost(of: cloud.usage)
        if output.json {
            Output.text(
                JSONValue.object([
                    ("answer", .string(text)), ("model", .string(model.name)), ("cost", CostWords.json(cost)),
                    ("steering", cloud.json),
                ]).text)
            return
        }
        Output.line(text)
        if explain { cloud.explain() }
        Output.note("\(model.name): \(CostWords.text(cost))")
    }

    /// Chooses among the task's labels.
    private func choose(_ question: Question, _ task: QuestionTask, _ model: any LanguageModel) async throws {
        let answer = try await task.stage(model, chat: model.chats, choosing: true).answer(question)
        if !output.json { Output.line(answer.output) }
        finish(answer, model)
    }

    private func finish(
        _ answer: Answer<String>, _ model: any LanguageModel, _ drafting: SpeculationStatistics? = nil
    ) {
        if output.json {
            var members: [(key: String, value: JSONValue)] = [
                ("answer", .string(answer.output)), ("model", .string(model.name)),
                ("cost", CostWords.json(answer.cost)),
            ]
            let evidence = zip(answer.evidence.names, answer.evidence.values).map {
                (key: $0, value: JSONValue.number($1))
            }
            members.append(("evidence", .object(evidence)))
            if let drafting { members.append(("drafting", drafting.json)) }
            Output.text(JSONValue.object(members).text)
            return
        }
        if explain {
            var table = TextTable(columns: ["what it says of its answer", "value"])
            for (name, value) in zip(answer.evidence.names, answer.evidence.values) {
                table.add([.text(name), value.isNaN ? .missing : .number(value, significant: 4)])
            }
            Output.line()
            Output.table(table)
            drafting?.explain()
        }
        Output.note("\(model.name): \(CostWords.text(answer.cost))")
    }
}

extension Output {
    /// Writes a line beside the result: to standard error, so that a pipe gets the result alone.
    static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
}
