import ArgumentParser
import Cascades
import Deferral
import Foundation
import Probability
import Reports

/// `cascade evaluate`: what a policy does on a log, or a whole family of policies.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Say how good a policy or a family is on a log, and what it costs.",
        discussion: """
            Replays the policy on every item and says what it saves at equal quality. Where the log holds all that the \
            policy asks for, that is exact; where cells are missing, items are weighted by inverse propensities. On the \
            log that the policy was learned from, only the items held out then are used.

            With the name of a family instead of a policy, shows the family's whole frontier, from the cheapest policy to \
            the best, by cross-validation: its area by each of the published definitions, and what it saves.

            Examples:
              cascade evaluate policy.json log.jsonl
              cascade evaluate policy.json other.jsonl --json
              cascade evaluate policy.json log.jsonl --all-items
              cascade evaluate small log.jsonl                      the stage called small
              cascade evaluate thresholds log.jsonl                 the whole family of thresholds
            """)

    @Argument(
        help: ArgumentHelp(
            "The policy file, the name of a stage, or the name of a family (\(PolicyFamilies.learners.map(\.family).joined(separator: ", ")))."
        ),
        completion: .file(extensions: ["json"]))
    var policy: String
    @OptionGroup var log: LogArgument
    @OptionGroup(title: "How it is judged") var evaluation: EvaluationOptions
    @Option(name: .long, help: "Folds of the cross-validation of a family.")
    var folds = 5
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(2...50).contains(folds) { throw ValidationError("--folds \(folds): expected 2 to 50.") }
    }

    func run() throws {
        if log.log.hasSuffix(".json"), policy.hasSuffix(".jsonl") || policy.hasSuffix(".csv") {
            throw Failure(.usage, "The policy comes first: cascade evaluate \(log.log) \(policy)")
        }
        let read = try log.read()
        if let learner = family(in: read) {
            let judged = try FamilyEvaluation(learner, on: read, folds: folds, options: evaluation)
            if output.json { Output.text(judged.json.text) } else { judged.print(log: log.name) }
            return
        }
        let named = try NamedPolicy(
            policy, log: read,
            others: ", or a family: \(PolicyFamilies.learners.map(\.family).joined(separator: ", "))")
        let items = try JudgedItems(read, for: [named.file].compactMap { $0 }, all: evaluation.allItems)
        let objective = named.file?.objective ?? .natural(for: read)
        let judged = try Evaluation(named, items: items, objective: objective, options: evaluation)
        if output.json {
            Output.text(judged.json.text)
        } else {
            judged.print(log: log.name)
        }
    }

    /// The family that was named: files and stages come first.
    private func family(in log: OutcomeLog) -> (any PolicyLearner)? {
        if FileManager.default.fileExists(atPath: policy) || log.schema.stages.contains(where: { $0.name == policy }) {
            return nil
        }
        return try? PolicyFamilies.learner(named: policy)
    }
}
