import ArgumentParser
import Cascades
import Deferral

/// `cascade explain`: how a policy came to its answer on one item.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain what a policy did on one item, and what would have changed its mind.",
        discussion: """
            Shows what each stage said, what the rule computed at each move and what it compared it with, and, for each \
            number it knew, the nearest value (among those in the log) that would have changed the move.

            An item of the log is named by its id. One outside the log is told by its group, its context and what stages \
            said so far; then the policy says what it would do next. A log is not needed for that, but without one it \
            can't say what would change its mind.

            Examples:
              cascade explain policy.json --log log.jsonl --item q17
              cascade explain policy.json --log log.jsonl --item q17 --json
              cascade explain policy.json --group code --context length=420 words=77
              cascade explain policy.json --log log.jsonl --context length=420 --evidence small.margin=0.2
            """)

    @Argument(help: "The policy file.", completion: .file(extensions: ["json"]))
    var policy: String
    @Option(
        name: .long, help: "The log that holds the item, or other items like it.",
        completion: .file(extensions: ["jsonl", "csv"]))
    var log: String?
    @Option(name: .long, help: "The item's id; `cascade log show` lists the first ones.")
    var item: String?
    @OptionGroup(title: "An item outside the log") var told: ItemOptions
    @Option(name: .long, help: "The number in [0, 1) that decides what a randomised policy leaves to chance.")
    var coin = 0.5
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(coin >= 0 && coin < 1) { throw ValidationError("--coin \(coin): expected a number from 0 to below 1.") }
        if item != nil, log == nil { throw ValidationError("--item names an item of a log: give --log, too.") }
        if item != nil, !told.isEmpty {
            throw ValidationError(
                "--item names an item of the log; --group, --context, --evidence and --asked tell one outside it. Give one or the other."
            )
        }
        if item == nil, told.isEmpty {
            throw ValidationError(
                "Which item? Give --log and --item, or tell an item by --group, --context and --evidence.")
        }
    }

    func run() throws {
        let file = try PolicyFile.read(from: policy)
        let log = try log.map { try file.prepare(LogReading.read($0)) }
        let explained: ExplainedItem
        if let item, let log {
            guard let index = log.log.ids.firstIndex(of: item) else { throw DeferralError.unknownItem(id: item) }
            explained = ExplainedItem(log, item: index)
        } else {
            explained = try ExplainedItem(told, schema: file.schema, log: log)
        }
        let explanation = Explanation(
            file.policy, on: explained, log: log?.log, objective: file.objective, coin: coin)
        if output.json {
            Output.text(explanation.json.text)
        } else {
            explanation.print(policy: policy, family: file.family)
        }
    }
}
