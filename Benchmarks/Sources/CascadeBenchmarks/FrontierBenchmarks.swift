import Deferral
import Probability

/// The frontier of 100 budgets over a million items.
enum FrontierBenchmarks {
    static func run() throws -> [Row] {
        let log = CostedLog(SimulatedLog.make(items: 1_000_000, stages: 3, evidence: 1, context: 2, seed: 4))
        var random = Random(seed: 1)
        let training = log.subset(Array(0..<20_000))
        let prices = (0..<100).map { 1e-4 * Double($0 * $0) / 100 }
        var rows: [Row] = []
        for (name, learner) in [
            ("thresholds", ThresholdLearner() as any PolicyLearner), ("linear router", RouterLearner.linear),
        ] {
            let path = try learner.fit(training, using: &random)
            var points: [FrontierPoint] = []
            let seconds = bestSeconds(runs: 1) { points = path.sweep(log, prices: prices) }
            rows.append(
                Row(
                    name: "frontier: \(name), 100 budgets, 1,000,000 items", value: seconds, unit: "s", target: 3,
                    note: "\(Frontier(hullOf: points).points.count) corners"))
        }
        return rows
    }
}
