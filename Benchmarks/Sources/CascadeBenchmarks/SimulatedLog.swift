import Cascades
import Probability

/// A log of a known law and any size.
enum SimulatedLog {
    static func make(items: Int, stages: Int, evidence: Int, context: Int, seed: UInt64) -> OutcomeLog {
        var random = Random(seed: seed)
        let schema = LogSchema(
            context: (0..<context).map { "c\($0)" },
            stages: (0..<stages).map { stage in
                StageSchema(name: "stage\(stage)", evidence: (0..<evidence).map { "e\($0)" })
            })
        var quality: [Double] = []
        var money: [Double] = []
        var signals: [Double] = []
        var contexts: [Double] = []
        quality.reserveCapacity(items * stages)
        money.reserveCapacity(items * stages)
        signals.reserveCapacity(items * stages * evidence)
        for _ in 0..<items {
            let difficulty = random.uniform()
            for index in 0..<context {
                contexts.append(index == 0 ? difficulty + 0.3 * random.normal() : random.normal())
            }
            for stage in 0..<stages {
                let skill = 0.5 + 0.5 * Double(stage + 1) / Double(stages)
                let probability = min(max(1.1 - difficulty / skill, 0.05), 0.98)
                quality.append(random.uniform() < probability ? 1 : 0)
                money.append(Double(1 << (2 * stage)) * (0.8 + 0.4 * random.uniform()))
                for index in 0..<evidence {
                    signals.append(index == 0 ? probability + 0.1 * random.normal() : random.normal())
                }
            }
        }
        var log = OutcomeLog(schema: schema, ids: (0..<items).map { "item\($0)" }, quality: quality)
        log.money = money
        log.context = contexts
        log.evidence = signals
        return log
    }
}
