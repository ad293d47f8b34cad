import ArgumentParser
import Cascades
import Deferral

/// How policies are judged.
struct EvaluationOptions: ParsableArguments {
    @Flag(name: .long, help: "Judge on all items, also those that the policy was learned from.")
    var allItems = false

    @Option(name: .long, help: "Confidence of the intervals.")
    var confidence = 0.95

    @Option(name: .long, help: "Bootstrap replicates.")
    var replicates = 1000

    @Option(name: .long, help: "Where all chance comes from: the same seed gives the same result.")
    var seed: UInt64 = 1

    func validate() throws {
        if !(confidence > 0 && confidence < 1) {
            throw ValidationError("--confidence \(confidence): expected a number between 0 and 1, such as 0.95.")
        }
        if !(100...100_000).contains(replicates) {
            throw ValidationError("--replicates \(replicates): expected 100 to 100000.")
        }
    }
}
