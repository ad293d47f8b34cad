import ArgumentParser
import Cascades
import Deferral
import Probability
import Reports

/// `cascade compare`: two policies on the same items.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compare two policies, or a policy and a stage, on the same items.",
        discussion: """
            Differences are taken item by item, so that what both find hard counts for neither; their intervals are \
            bootstrapped. Costs are in the unit of the first policy.

            Examples:
              cascade compare policy.json large --log log.jsonl
              cascade compare new.json old.json --log log.jsonl --json
            """)

    @Argument(help: "A policy file, or the name of a stage.", completion: .file(extensions: ["json"]))
    var first: String
    @Argument(help: "Another one.", completion: .file(extensions: ["json"]))
    var second: String
    @Option(name: .long, help: "The log to compare them on.", completion: .file(extensions: ["jsonl", "csv"]))
    var log: String
    @OptionGroup(title: "How they are judged") var evaluation: EvaluationOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let read = try LogReading.read(log)
        let policies = try [NamedPolicy(first, log: read), NamedPolicy(second, log: read)]
        let items = try JudgedItems(read, for: policies.compactMap(\.file), all: evaluation.allItems)
        let objective = policies.compactMap(\.file).first?.objective ?? .natural(for: read)
        let comparison = try Comparison(
            policies[0], policies[1], items: items, objective: objective, options: evaluation)
        if output.json {
            Output.text(comparison.json.text)
        } else {
            comparison.print(log: LogReading.name(log))
        }
    }
}
