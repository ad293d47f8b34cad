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

            Examples:
              cascade explain policy.json --log log.jsonl --item q17
              cascade explain policy.json --log log.jsonl --item q17 --json
            """)

    @Argument(help: "The policy file.", completion: .file(extensions: ["json"]))
    var policy: String
    @Option(name: .long, help: "The log that holds the item.", completion: .file(extensions: ["jsonl", "csv"]))
    var log: String
    @Option(name: .long, help: "The item's id; `cascade log show` lists the first ones.")
    var item: String
    @Option(name: .long, help: "The number in [0, 1) that decides what a randomised policy leaves to chance.")
    var coin = 0.5
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(coin >= 0 && coin < 1) { throw ValidationError("--coin \(coin): expected a number from 0 to below 1.") }
    }

    func run() throws {
        let file = try PolicyFile.read(from: policy)
        let log = try file.prepare(LogReading.read(log))
        guard let index = log.log.ids.firstIndex(of: item) else { throw DeferralError.unknownItem(id: item) }
        let explanation = Explanation(file.policy, on: log, item: index, coin: coin)
        if output.json {
            Output.text(explanation.json.text)
        } else {
            explanation.print(policy: policy, family: file.family)
        }
    }
}
