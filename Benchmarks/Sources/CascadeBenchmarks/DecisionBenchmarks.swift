import Cascades
import Deferral
import Probability

/// How long one decision takes: one call of `next` in the states that items really pass through.
enum DecisionBenchmarks {
    static func run() throws -> [Row] {
        var rows: [Row] = []
        var random = Random(seed: 1)
        // 8 stages with 2 evidence numbers each: 16.
        let eight = CostedLog(SimulatedLog.make(items: 4000, stages: 8, evidence: 2, context: 4, seed: 1))
        let price = 0.0005
        let thresholds = try ThresholdLearner(longestChain: 4).fit(eight, using: &random).policy(price: price)
        rows.append(row("decision: thresholds, 8 stages, 16 evidence numbers", thresholds, eight, nanoseconds: 1000))
        var postHoc = PostHocLearner.difference
        postHoc.kinds = [.ridge]
        rows.append(
            row(
                "decision: post-hoc rule (ridge), 8 stages, 16 evidence numbers",
                try postHoc.fit(eight, using: &random).policy(price: price), eight, nanoseconds: 1000))
        postHoc.kinds = [.boostedTrees]
        let trees = try postHoc.fit(eight, using: &random)
        // Of several prices the slowest: where cost counts much, few stages are left to decide on.
        rows.append(
            [1e-5, 1e-4, 1e-3].map { price in
                row(
                    "decision: post-hoc rule (trees), 8 stages, 16 evidence numbers", trees.policy(price: price), eight,
                    nanoseconds: 1000)
            }.max { $0.value < $1.value }!)
        // 4,096 items are remembered, at 37 numbers each: tens of microseconds for reading them once in full.
        let wide = CostedLog(SimulatedLog.make(items: 6000, stages: 5, evidence: 1, context: 37, seed: 3))
        let router = try RouterLearner.nearestNeighbours.fit(wide, using: &random).policy(price: price)
        rows.append(
            Row(
                name: "decision: nearest-neighbours router, 37 context numbers",
                value: nanosecondsPerDecision(router, wide, onlyFirst: true) / 1000, unit: "us", target: 10))
        for (stages, target) in [(6, 20_000.0), (11, 50_000.0)] {
            let log = CostedLog(SimulatedLog.make(items: 4000, stages: stages, evidence: 2, context: 4, seed: 2))
            let learner = CascadeRoutingLearner(includesSpecialCases: false, scales: [1])
            let path = try learner.fit(log, using: &random)
            // The slowest of several prices: cheap ones look at many sets.
            let all = [0.0, 1e-5, 1e-4, 1e-3, 1e-2].map { price in
                row("", path.policy(price: price), log, nanoseconds: target)
            }
            var slowest = all.max { $0.value < $1.value }!
            slowest.name = "decision: cascade routing, \(stages) stages (slowest of 5 prices)"
            slowest.note = "published Python: 9,500 to 15,000 us"
            rows.append(slowest)
        }
        return rows
    }

    private static func row(_ name: String, _ policy: any Policy, _ log: CostedLog, nanoseconds: Double) -> Row {
        let time = nanosecondsPerDecision(policy, log)
        return nanoseconds <= 1000
            ? Row(name: name, value: time, unit: "ns", target: nanoseconds)
            : Row(name: name, value: time / 1000, unit: "us", target: nanoseconds / 1000)
    }

    /// States are recorded beforehand, so that only `next` is timed.
    /// With `onlyFirst` those in which nothing was asked yet, the only ones in which a router has to think.
    private static func nanosecondsPerDecision(
        _ policy: any Policy, _ log: CostedLog, onlyFirst: Bool = false
    ) -> Double {
        func run<P: Policy>(_ policy: P) -> Double {
            var states: [PolicyState] = []
            for item in 0..<500 {
                var state = PolicyState(schema: log.log.schema)
                state.begin(log.log, item: item, coin: 0.5)
                states.append(state)
                while !onlyFirst, case .ask(let stages) = policy.next(state) {
                    for stage in stages { state.record(log.log, item: item, stage: stage) }
                    states.append(state)
                }
            }
            var sink = 0
            let seconds = bestSeconds(runs: 5) {
                for state in states {
                    if case .ask(let stages) = policy.next(state) { sink &+= stages.count }
                }
            }
            precondition(sink >= 0)
            return seconds / Double(states.count) * 1e9
        }
        return run(policy)
    }
}
