import Cascades
import Probability

/// Logs with a known law, for the tests of every family.
enum SimulatedLog {
    /// Stages of rising skill and cost. Each item has a difficulty; a stage is right with a probability that falls in
    /// it, and its evidence `margin` is a noisy view of that probability. The context holds a noisy view of the difficulty.
    static func rising(items: Int, stages: Int, seed: UInt64, missing: Double = 0) -> OutcomeLog {
        var random = Random(seed: seed)
        let schema = LogSchema(
            context: ["hint", "noise"],
            stages: (0..<stages).map { StageSchema(name: "stage\($0)", evidence: ["margin", "length"]) })
        var quality: [Double] = []
        var money: [Double] = []
        var evidence: [Double] = []
        var context: [Double] = []
        for _ in 0..<items {
            let difficulty = random.uniform()
            context += [difficulty + 0.3 * (random.uniform() - 0.5), random.uniform()]
            for stage in 0..<stages {
                let skill = 0.5 + 0.5 * Double(stage + 1) / Double(stages)
                let probability = min(max(1.1 - difficulty / skill, 0.05), 0.98)
                let isMissing = random.uniform() < missing
                quality.append(isMissing ? .nan : random.uniform() < probability ? 1 : 0)
                money.append(isMissing ? .nan : Double(1 << (2 * stage)))
                let margin = probability + 0.2 * (random.uniform() - 0.5)
                evidence += isMissing ? [.nan, .nan] : [margin, 10 * random.uniform()]
            }
        }
        var log = OutcomeLog(schema: schema, ids: (0..<items).map { "item\($0)" }, quality: quality)
        log.money = money
        log.context = context
        log.evidence = evidence
        return log
    }
}
