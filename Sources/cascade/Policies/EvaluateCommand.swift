import ArgumentParser
import Cascades
import Deferral
import Probability
import Reports

/// `cascade evaluate`: what a policy does on a log.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Say how good a policy is on a log, and what it costs.",
        discussion: """
            Replays the policy on every item. Where the log holds all that the policy asks for, that is exact; where cells \
            are missing, items are weighted by inverse propensities. On the log that the policy was learned from, only the \
            items held out then are used.

            Examples:
              cascade evaluate policy.json log.jsonl
              cascade evaluate policy.json other.jsonl --json
              cascade evaluate policy.json log.jsonl --all-items
            """)

    @Argument(help: "The policy file, or the name of a stage.", completion: .file(extensions: ["json"]))
    var policy: String
    @OptionGroup var log: LogArgument
    @OptionGroup(title: "How it is judged") var evaluation: EvaluationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let read = try log.read()
        let named = try NamedPolicy(policy, log: read)
        let items = try JudgedItems(read, for: [named.file].compactMap { $0 }, all: evaluation.allItems)
        let objective = named.file?.objective ?? .natural(for: read)
        let judged = try Evaluation(named, items: items, objective: objective, options: evaluation)
        if output.json {
            Output.text(judged.json.text)
        } else {
            judged.print(log: log.name)
        }
    }
}
