import ArgumentParser
import Cascades
import Deferral

/// What counts as cost.
struct ObjectiveOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "What counts as cost: money, latency, operations, calls, or a weighted sum such as money=1,latency=0.01. (default: the first of money, operations, latency that the log has)",
            valueName: "what"))
    var objective: Weights?

    @Option(name: .long, help: "The most that may be spent on one item, in the unit of the objective.")
    var cap: Double?

    @Option(name: .long, help: ArgumentHelp("The quality that giving no answer counts for.", valueName: "quality"))
    var abstention: Double = 0

    /// Weights of money, latency and operations.
    struct Weights: ExpressibleByArgument, Equatable {
        var weights = CostWeights()

        init?(argument: String) {
            if argument == "calls" { return }
            for part in argument.split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1)
                guard let weight = pair.count == 2 ? Double(pair[1]) : 1, weight >= 0, weight.isFinite else {
                    return nil
                }
                switch pair.first {
                case "money": weights.money = weight
                case "latency": weights.seconds = weight
                case "operations": weights.operations = weight
                default: return nil
                }
            }
            if weights == CostWeights() { return nil }
        }
    }

    func validate() throws {
        if let cap, !(cap > 0 && cap < .infinity) { throw ValidationError("--cap \(cap): expected an amount above 0.") }
        if !abstention.isFinite { throw ValidationError("--abstention \(abstention): expected a number.") }
    }

    /// The objective on `log`.
    func objective(for log: OutcomeLog) throws -> Objective {
        var result = Objective.natural(for: log)
        if let weights = objective?.weights {
            for (weight, column, name) in [
                (weights.money, log.money, "cost"), (weights.seconds, log.seconds, "latency"),
                (weights.operations, log.operations, "operations"),
            ] where weight != 0 && column.isEmpty {
                throw DeferralError.unsuitableLog(
                    family: "objective", reason: "the log has no \(name)",
                    remedy: "Add `\(name)` to its stages, or choose another --objective.")
            }
            result.weights = weights
        }
        result.cap = cap
        result.abstentionQuality = abstention
        return result
    }
}
