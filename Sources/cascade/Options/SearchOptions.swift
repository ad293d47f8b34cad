import ArgumentParser
import Cascades
import Deferral

/// How policies are searched.
struct SearchOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Ask for a certificate that the goal holds with this confidence.", valueName: "confidence"))
    var guarantee: Double?

    @Option(
        name: .long,
        help:
            "How items are held out: by chance, the latest, or whole groups; automatic keeps to the log's own train and test marks."
    )
    var split = SplitChoice.automatic

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The stage whose quality is to be kept. (default: the best single stage)", valueName: "stage"))
    var reference: String?

    @Option(name: .long, help: "Folds of the cross-validation.")
    var folds = 5

    @Option(name: .long, help: "Where all chance comes from: the same seed gives the same result.")
    var seed: UInt64 = 1

    func validate() throws {
        if !(2...50).contains(folds) { throw ValidationError("--folds \(folds): expected 2 to 50.") }
        if let guarantee, !(guarantee > 0 && guarantee < 1) {
            throw ValidationError("--guarantee \(guarantee): expected a confidence between 0 and 1, such as 0.95.")
        }
    }

    /// The search for `goal` among `families`; all of them where none is named.
    func search(goal: Goal, reference: Int?, families: [String]) throws -> PolicySearch {
        PolicySearch(
            goal: goal, learners: try Self.learners(families), split: split.method, folds: folds, guarantee: guarantee,
            reference: reference,
            seed: seed, progress: ProgressLine.reporter)
    }

    private static func learners(_ families: [String]) throws -> [any PolicyLearner] {
        families.isEmpty ? PolicyFamilies.learners : try families.map { try PolicyFamilies.learner(named: $0) }
    }

    /// What the help says of an option that names families.
    static let familyHelp = ArgumentHelp(
        "Try this family only; may be given several times. (families: \(PolicyFamilies.learners.map(\.family).joined(separator: ", ")))",
        valueName: "family")

    /// The index of the reference stage in `log`; nil where none was named.
    func reference(in log: OutcomeLog) throws -> Int? {
        guard let reference else { return nil }
        guard let index = log.schema.stages.firstIndex(where: { $0.name == reference }) else {
            throw Failure(
                .usage,
                "--reference: \(LogError.unknownStage(name: reference, known: log.schema.stages.map(\.name)))")
        }
        return index
    }
}

/// How items are held out, as an option.
enum SplitChoice: String, ExpressibleByArgument, CaseIterable {
    case automatic, random, time, group

    var method: LogSplit.Method {
        switch self {
        case .automatic: .automatic
        case .random: .random
        case .time: .time
        case .group: .group
        }
    }
}
