import Cascades
import Storage

/// What rows of traffic come to: who answers, what it cost, and what the reference stage would have cost.
struct TrafficSummary: Sendable {
    /// Sums of one stretch of time, or of all.
    struct Sums: Sendable {
        var requests = 0
        var deferred = 0
        var abstained = 0
        var failed = 0
        var money = 0.0
        /// What the reference stages would have taken.
        var reference = 0.0
        var seconds = 0.0
        /// Requests by the stage that answered.
        var byStage: [String: Int] = [:]

        fileprivate mutating func add(_ row: TrafficRow, stage: String?, reference: Double) {
            requests += row.requests
            deferred += row.deferred
            switch row.place.status {
            case .answered: break
            case .abstained: abstained += row.requests
            case .failed: failed += row.requests
            }
            money += row.money
            self.reference += reference
            seconds += row.seconds
            if let stage { byStage[stage, default: 0] += row.requests }
        }

        /// An object with `first` and the sums.
        func json(_ first: [(String, JSONTree?)]) -> JSONTree {
            .members(first + members)
        }

        private var members: [(String, JSONTree?)] {
            [
                ("requests", .number(Double(requests))), ("deferred", .number(Double(deferred))),
                ("abstained", .number(Double(abstained))), ("failed", .number(Double(failed))),
                ("money", .number(money)), ("reference", .number(reference)), ("seconds", .number(seconds)),
                (
                    "byStage",
                    .object(
                        byStage.sorted { $0.key < $1.key }.map { JSONTree.Member($0.key, .number(Double($0.value))) })
                ),
            ]
        }
    }

    private(set) var total = Sums()
    private(set) var byModel: [String: Sums] = [:]
    private(set) var byMinute: [Int: Sums] = [:]

    /// - Parameters:
    ///   - rows: of any models and times.
    ///   - models: what is known of the models now: prices, names of stages. Rows of others count without a reference.
    ///   - only: the model that is looked at; nil for all.
    ///   - hasOwnNames: whether stages are called as the gateway calls them, not as their policies do.
    init(_ rows: [TrafficRow], models: [String: VirtualModel], only: String?, hasOwnNames: Bool) {
        for row in rows where only == nil || row.place.model == only {
            let model = models[row.place.model]
            let stage = row.place.stage.map { hasOwnNames ? $0 : model?.stageNames[$0] ?? $0 }
            var reference = row.answerMoney
            if let stage, let model {
                reference = model.referenceMoney(
                    answeredBy: stage, money: row.answerMoney, tokensIn: row.answerTokensIn,
                    tokensOut: row.answerTokensOut, requests: Double(row.requests))
            }
            total.add(row, stage: stage, reference: reference)
            byModel[row.place.model, default: Sums()].add(row, stage: stage, reference: reference)
            byMinute[row.place.minute, default: Sums()].add(row, stage: stage, reference: reference)
        }
    }
}

extension VirtualModel {
    /// What the gateway calls the stages that the policy's schema calls otherwise.
    var stageNames: [String: String] {
        guard let schema = rule?.schema else { return [:] }
        return Dictionary(zip(schema.stages.map(\.name), stages.map(\.name))) { first, _ in first }
    }
}
