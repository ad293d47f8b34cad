import Cascades
import Foundation
import Probability
import Testing

@testable import Deferral

/// Holds every registered family against the contract of ``PolicyLearner``, ``PolicyPath`` and ``Policy``.
@Suite struct `every family of policies` {
    /// A log that most families can learn from: context, groups, evidence, unequal costs.
    static func log(missing: Double = 0, items: Int = 600, seed: UInt64 = 3) -> CostedLog {
        var log = SimulatedLog.rising(items: items, stages: 3, seed: seed, missing: missing)
        log.groups = CodedColumn((0..<items).map { ["red", "green", "blue"][$0 % 3] })
        return CostedLog(log)
    }

    static var names: [String] { PolicyFamilies.learners.map(\.family) }

    @Test(arguments: names) func `keeps the laws of learners`(_ family: String) throws {
        try checkLearner(PolicyFamilies.learner(named: family), Self.log())
    }

    @Test(arguments: names) func `keeps the laws of learners where cells are missing`(_ family: String) throws {
        try checkLearner(PolicyFamilies.learner(named: family), Self.log(missing: 0.15))
    }

    @Test func `has a name of its own`() {
        #expect(Set(Self.names).count == Self.names.count)
        #expect(Set(PolicyFamilies.kinds.map { $0.kind }).count == PolicyFamilies.kinds.count)
    }
}

/// The laws of a family, on a log it may learn from:
///
/// - it fits or says why not; the same seed gives the same policies;
/// - each policy ends after at most one move more than there are stages, asks no stage twice, answers with a stage that
///   was asked, and reaches no stage that it does not declare;
/// - a policy read back from JSON makes the same moves;
/// - `sweep` agrees with replaying each policy;
/// - the policy at an infinite price costs no more than the one at price 0 and no more than the cheapest stage.
///   In between, only the *expected* cost by the family's own estimates must fall; what is spent on the log follows it
///   up to the error of those estimates. So the mean cost may rise by no more than four standard errors of the paired
///   difference from one price to the next (false alarm about 3 in 100,000 a comparison if nothing rose).
func checkLearner(_ learner: any PolicyLearner, _ log: CostedLog, location: SourceLocation = #_sourceLocation) throws {
    if learner.obstacle(log) != nil {
        var random = Random(seed: 1)
        #expect(throws: DeferralError.self, sourceLocation: location) { try learner.fit(log, using: &random) }
        return
    }
    let prices = [0, 0.001, 0.005, 0.01, 0.03, 0.1, 1, .infinity]
    var random = Random(seed: 1)
    let path = try learner.fit(log, using: &random)
    var again = Random(seed: 1)
    let twin = try learner.fit(log, using: &again)
    let points = path.sweep(log, prices: prices)
    #expect(points.count == prices.count, sourceLocation: location)
    var before: ReplayedOutcomes?
    for (price, point) in zip(prices, points) {
        let policy = path.policy(price: price)
        try checkPolicy(policy, twin: twin.policy(price: price), log, location: location)
        let outcomes = Replay.outcomes(of: policy, on: log)
        #expect(point.price == price, sourceLocation: location)
        if log.log.isComplete {
            #expect(
                abs(point.cost - outcomes.meanCost) < 1e-9, "\(learner.family) at \(price)", sourceLocation: location)
            #expect(
                abs(point.quality - outcomes.meanQuality) < 1e-9, "\(learner.family) at \(price)",
                sourceLocation: location)
            if let before {
                let rises = zip(outcomes.cost, before.cost).map { $0 - $1 }
                let mean = rises.reduce(0, +) / Double(rises.count)
                let variance = rises.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rises.count)
                #expect(
                    mean <= 4 * (variance / Double(rises.count)).squareRoot() + 1e-9, "\(learner.family) at \(price)",
                    sourceLocation: location)
            }
            before = outcomes
        }
    }
    if log.log.isComplete {
        let cheapest = log.meanCost.min()!
        #expect(points[points.count - 1].cost <= cheapest + 1e-9, sourceLocation: location)
        #expect(points[points.count - 1].cost <= points[0].cost + 1e-9, sourceLocation: location)
    }
}

/// The laws of a policy on each item of a log; `twin` must make the same moves.
func checkPolicy(_ policy: any Policy, twin: any Policy, _ log: CostedLog, location: SourceLocation) throws {
    let kind = type(of: policy).kind
    #expect(PolicyFamilies.kinds.contains { $0.kind == kind }, "\(kind) is registered", sourceLocation: location)
    let data = try JSONEncoder().encode(CodedPolicy(policy))
    let decoded = try JSONDecoder().decode(CodedPolicy.self, from: data).policy
    #expect(!policy.formula(log.log.schema).isEmpty, sourceLocation: location)
    var state = PolicyState(schema: log.log.schema)
    var wrong = 0
    for item in stride(from: 0, to: log.count, by: 7) {
        state.begin(log.log, item: item, coin: 0.37)
        var moves = 0
        var ended = false
        while !ended, moves <= log.stageCount {
            let move = policy.next(state)
            if move != decoded.next(state) || move != twin.next(state) { wrong += 1 }
            // A missing signal may be shown as it is; nothing else may come out as no number.
            let isKnown = state.asked.allSatisfy { log.log.isPresent(item: item, stage: $0) }
            if isKnown, policy.terms(state).contains(where: { $0.value.isNaN }) { wrong += 1 }
            moves += 1
            switch move {
            case .ask(let stages):
                if stages.isEmpty || !stages.intersection(state.asked).isEmpty || !stages.isSubset(of: policy.reach) {
                    wrong += 1
                }
                for stage in stages { state.record(log.log, item: item, stage: stage) }
            case .stop(let answer):
                if !state.asked.contains(answer) { wrong += 1 }
                ended = true
            case .combine(let stages):
                if !stages.isSubset(of: state.asked) { wrong += 1 }
                ended = true
            case .abstain: ended = true
            }
        }
        if !ended { wrong += 1 }
    }
    #expect(wrong == 0, "\(kind) broke \(wrong) laws", sourceLocation: location)
}
