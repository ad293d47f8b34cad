public import Cascades
import NumericalMethods

/// Runs a policy on a log as if it had been in charge: exact wherever the cells it asks for are there.
public enum Replay {
    /// What `policy` does on each item of `log`.
    ///
    /// Chance is averaged out: a mixture is replayed part by part and weighted by its probabilities.
    /// Where the policy asks a stage whose cell is missing, the item's quality is `NaN` (see ``OffPolicy``).
    public static func outcomes(of policy: any Policy, on log: CostedLog) -> ReplayedOutcomes {
        if let mixture = policy as? MixturePolicy {
            return ReplayedOutcomes.mixed(
                mixture.components.map { (weight: $0.weight, outcomes: outcomes(of: $0.policy, on: log)) })
        }
        return specialised(policy, on: log)
    }

    private static func specialised<P: Policy>(_ policy: P, on log: CostedLog) -> ReplayedOutcomes {
        let stages = log.stageCount
        var result = ReplayedOutcomes(items: log.count, stages: stages)
        result.withBuffers { buffers in
            nonisolated(unsafe) let buffers = buffers
            Parallel.chunks(of: log.count, minimumChunk: 512) { range in
                var state = PolicyState(schema: log.log.schema)
                for item in range {
                    let run = ItemRun(policy, on: log, item: item, state: &state)
                    buffers.quality[item] = run.quality
                    buffers.cost[item] = run.cost
                    buffers.asked[item] = run.asked
                    buffers.answer[item] = run.answer
                }
            }
        }
        result.tally(log)
        return result
    }
}

/// One item's run under a policy.
struct ItemRun {
    var quality = Double.nan
    var cost = 0.0
    var asked = StageSet()
    /// The stage whose answer was given; -1 for an abstention or a missing cell.
    var answer: Int32 = -1

    @inline(__always)
    init<P: Policy>(_ policy: P, on log: CostedLog, item: Int, state: inout PolicyState, coin: Double = 0) {
        state.begin(log.log, item: item, coin: coin)
        moves: while true {
            switch policy.next(state) {
            case .ask(let stages):
                let spent = log.cost(item: item, stages: stages)
                cost += spent
                asked = asked.union(stages)
                var charge = spent
                for stage in stages {
                    state.record(log.log, item: item, stage: stage, cost: charge)
                    charge = 0
                    if !log.log.isPresent(item: item, stage: stage) { return }
                }
            case .stop(let stage):
                quality = log.log.quality(item: item, stage: stage)
                answer = Int32(stage)
                break moves
            case .combine(let stages):
                let winner = Self.vote(stages, log: log.log, item: item)
                quality = log.log.quality(item: item, stage: winner)
                answer = Int32(winner)
                break moves
            case .abstain:
                quality = log.objective.abstentionQuality
                break moves
            }
        }
    }

    /// The stage that stands for the answer on which most of `stages` agree; ties go to the last stage.
    static func vote(_ stages: StageSet, log: OutcomeLog, item: Int) -> Int {
        var winner = -1
        var most = 0
        for stage in stages {
            let votes = log.answers.isEmpty ? 1 : stages.count { log.answers[$0][item] == log.answers[stage][item] }
            if votes >= most { (winner, most) = (stage, votes) }
        }
        return winner
    }
}
