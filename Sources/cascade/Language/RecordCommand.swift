import ArgumentParser
import Cascades
import Foundation
import Language
import Reports

/// `cascade record`: makes an outcome log.
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Ask several models all questions of a task, and log how good they were.",
        discussion: """
            A task file has a JSON object a line: a question with its answer. A first line without a question may say how \
            the questions are put and judged:

              {"task": "capitals", "system": "Answer with one word.", "judge": "label"}
              {"id": "q1", "input": "What is the capital of France?", "answer": "Paris"}

            Keys of the first line: task, system, template ("Define {input}."), examples (objects with input and answer), \
            cue, labels (then the likeliest is chosen, or written with --own-words), calibrate, judge (exact, label, contains, number), maximum_tokens. \
            Of a question: id, input, answer or answers, group, split, labels.

            The log grows with each batch. A run that was interrupted goes on where it was when it is started again.

            Examples:
              cascade record tasks.jsonl --models smollm2-135m,gemma-3-270m -o log.jsonl
              cascade record tasks.jsonl --models small.gguf,large.gguf -o log.jsonl --samples 5 --self-assess
              cascade record tasks.jsonl --models smollm2-135m,gemma-3-270m -o try.jsonl --limit 20
              cascade fit log.jsonl -o policy.json              what to do with the log
            """)

    @Argument(help: "The task file.", completion: .file(extensions: ["jsonl"]))
    var tasks: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Models' names or paths of GGUF files, in the order in which they are asked.", valueName: "a,b"))
    var models: String
    @Option(name: [.customShort("o"), .customLong("output")], help: "The log, a .jsonl file.", completion: .file())
    var outputPath: String
    @Option(name: .long, help: ArgumentHelp("Ask this many questions only, the first ones.", valueName: "count"))
    var limit: Int?
    @Option(name: .long, help: "Questions that a model is asked at once.")
    var batch = 8
    @Option(name: .long, help: "Further samples that an answer is compared with.")
    var samples = 0
    @Flag(
        name: .long,
        help:
            "Ask each model whether its answer is right. One that can't score texts, as behind endpoints, writes its verdict."
    )
    var selfAssess = false
    @Flag(
        name: .long,
        help:
            "Have answers written, though there are labels to choose from: as behind a gateway, and as endpoints do in any case."
    )
    var ownWords = false
    @Flag(name: .long, help: "Leave the questions' texts out of the log.")
    var noInputs = false
    @OptionGroup(title: "How they answer") var sampling: SamplingOptions
    @OptionGroup(title: "How models run") var options: ModelOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...64).contains(batch) { throw ValidationError("--batch \(batch): expected 1 to 64.") }
        if !(0...50).contains(samples) { throw ValidationError("--samples \(samples): expected 0 to 50.") }
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected 1 or more.") }
        if names.isEmpty || Set(names).count < names.count {
            throw ValidationError("--models \(models): expected different models, such as smollm2-135m,gemma-3-270m.")
        }
        if !outputPath.hasSuffix(".jsonl") {
            throw ValidationError("-o \(outputPath): expected a name that ends in .jsonl.")
        }
    }

    private var names: [String] { models.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }

    func run() async throws {
        var file = try TaskFile.read(from: tasks)
        if let count = sampling.maxTokens { file.task.maximumTokens = count }
        _ = try OutputFile(outputPath)
        let models = try names.map { try options.load($0, sequences: batch * (1 + samples)) }
        var isChoosing = file.isChoosing && !ownWords
        if isChoosing, let model = models.first(where: { !$0.capabilities.serve(.scoring) }) {
            isChoosing = false
            Output.message(
                "\(model.name) can't say how likely a label is: all models write their answers, which are right where they say the label"
            )
        }
        if isChoosing, samples > 0 || selfAssess {
            throw Failure(
                .usage,
                "--samples and --self-assess are for answers in a model's own words; here labels are chosen, whose probabilities say it all."
            )
        }
        if selfAssess, let model = models.first(where: { !$0.capabilities.serve(.scoring) }) {
            let means =
                model.capabilities.probabilities >= .topTokens(2)
                ? "its likeliest tokens where it tells them, else from several replies" : "several replies"
            Output.message("\(model.name) writes whether its answers are right: the probability is read from \(means)")
        }
        var evidence = TextEvidence()
        evidence.samples = samples
        evidence.assessesItself = selfAssess
        let stages = models.map { model in
            file.task.stage(
                model, chat: model.chats, choosing: isChoosing, evidence: evidence, sampling: sampling.parameters)
        }
        var recorder = OutcomeRecorder(stages: stages, judge: file.task.judge)
        recorder.batch = batch
        recorder.keepsInputs = !noInputs
        recorder.seed = sampling.seed
        let questions = limit.map { Array(file.questions.prefix($0)) } ?? file.questions
        let summary = try await recorder.record(questions, to: outputPath, progress: ProgressLine.reporter)
        for failure in summary.refused.prefix(5) {
            Output.message("question \(failure.id): \(failure.stage) was not asked: \(failure.reason)")
        }
        try show(summary)
        if let first = summary.failed.first {
            throw Failure(
                .unavailable,
                "\(summary.failed.count) answers failed and their questions were not recorded, first question \(first.id) (\(first.stage)): \(first.reason)"
                    + (summary.unasked > 0 ? " The \(summary.unasked) questions behind them were not asked." : "")
                    + " Run the command again: it asks only what failed or was not asked."
            )
        }
    }

    private func show(_ summary: OutcomeRecorder.Summary) throws {
        guard summary.recorded + summary.skipped > 0 else { return }
        let log = try LogReading.read(outputPath)
        let means = (0..<log.stageCount).map { stage in
            let present = (0..<log.count).filter { log.isPresent(item: $0, stage: stage) }
            return present.isEmpty
                ? .nan : present.reduce(0) { $0 + log.quality(item: $1, stage: stage) } / Double(present.count)
        }
        if output.json {
            let result: JSONValue = [
                "log": .string(outputPath), "items": .integer(log.count), "recorded": .integer(summary.recorded),
                "skipped": .integer(summary.skipped), "refused": .integer(summary.refused.count),
                "failed": .integer(summary.failed.count),
                "quality": JSONValue(means, stages: log.schema.stages.map(\.name)),
            ]
            Output.text(result.text)
            return
        }
        Output.line(
            "\(outputPath): \(summary.recorded) questions recorded"
                + (summary.skipped > 0 ? ", \(summary.skipped) were there" : "") + "; \(log.count) in all")
        var table = TextTable(columns: ["model", "quality"])
        for (stage, mean) in zip(log.schema.stages, means) {
            table.add([.text(stage.name), mean.isNaN ? .missing : .text(NumberWords.percent(mean))])
        }
        Output.table(table)
        Output.line("Learn from it: cascade fit \(outputPath) -o policy.json")
    }
}
