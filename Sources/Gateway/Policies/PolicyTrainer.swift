import Cascades
import Deferral
import Foundation
import Probability

/// Learns the next version of a policy from explored requests, with the families that `cascade fit` has.
struct PolicyTrainer: Sendable {
    let settings: LearningSettings.Learner

    /// What came out.
    enum Outcome: Sendable {
        /// A policy that does better by the explored requests.
        case better(PolicyFile)
        /// The policy in force does as well.
        case noGain(reason: String)
    }

    /// The policy that meets the goal on `rows`, where it costs less than the one in force at the quality that is asked for,
    /// or is better where that one falls short of it.
    /// - Throws: `DeferralError` where the rows are too few or the family can't learn from them.
    func learn(_ rows: ExploredRows, inForce: PolicyFile, rule: PolicyRule, seed: UInt64) throws -> Outcome {
        let log = CostedLog(rows.log, objective: inForce.objective)
        guard log.count >= 40 else {
            throw DeferralError.unsuitableLog(
                family: settings.family, reason: "only \(log.count) explored requests were judged",
                remedy: "40 are the least; hundreds tell policies apart.")
        }
        var random = Random(seed: seed)
        let path = try PolicyFamilies.learner(named: settings.family).fit(log, using: &random)
        let quality = log.meanQuality
        let reference = quality.max() ?? 0
        let solved = GoalSolver.solve(
            settings.goal, reference: reference, grid: PriceGrid.coarse(for: log)
        ) { path.sweep(log, prices: $0) }
        let policy = solved.mixture.policy(of: path)
        let found = Replay.outcomes(of: policy, on: log)
        let now = Replay.outcomes(of: rule.policy, on: log)
        var file = PolicyFile(
            family: settings.family, schema: log.log.schema, objective: inForce.objective, goal: settings.goal,
            measured: ["quality": found.meanQuality, "cost": found.meanCost, "items": Double(log.count)],
            provenance: ["log": "\(log.count) explored requests of this gateway"], policy: policy)
        file.frontier = PolicyFrontier(
            points: Frontier(hullOf: solved.points).points.map { .init(cost: $0.cost, quality: $0.quality) },
            stages: zip(log.meanCost, quality).map { .init(cost: $0, quality: $1) },
            reference: quality.firstIndex(of: reference) ?? 0, unit: inForce.objective.unit)
        let isBetter: Bool
        switch settings.goal {
        case .keep(let share):
            let asked = reference - (1 - share) * abs(reference)
            isBetter =
                now.meanQuality < asked
                ? found.meanQuality > now.meanQuality : found.meanQuality >= asked && found.meanCost < now.meanCost
        case .budget(let budget):
            isBetter =
                now.meanCost > budget
                ? found.meanCost < now.meanCost : found.meanCost <= budget && found.meanQuality > now.meanQuality
        case .price(let price):
            isBetter = found.meanQuality - price * found.meanCost > now.meanQuality - price * now.meanCost
        }
        guard isBetter else {
            return .noGain(
                reason:
                    "quality \(JSONText.number(found.meanQuality)) at cost \(JSONText.number(found.meanCost)) is no gain over \(JSONText.number(now.meanQuality)) at \(JSONText.number(now.meanCost))"
            )
        }
        return .better(file)
    }
}
