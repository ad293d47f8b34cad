import Cascades
import Probability

/// A log without defects: three stages of rising cost and quality, informative evidence, random splits and groups.
enum CleanLog {
    static func clean(items: Int = 600, using random: inout Random) -> OutcomeLog {
        let names = ["small", "medium", "large"]
        let schema = LogSchema(
            context: ["length", "words"], stages: names.map { StageSchema(name: $0, evidence: ["margin", "entropy"]) })
        var quality: [Double] = []
        var evidence: [Double] = []
        var money: [Double] = []
        var answers = Array(repeating: [String?](), count: 3)
        for item in 0..<items {
            let label = random.integer(below: 4)
            for stage in 0..<3 {
                let isRight = random.bernoulli([0.6, 0.7, 0.8][stage])
                quality.append(isRight ? 1 : 0)
                evidence += [(isRight ? 1 : 0) + random.normal(), random.normal()]
                money.append([0.1, 1, 10][stage] * (1 + random.uniform()))
                answers[stage].append("c\(isRight ? label : (label + 1 + random.integer(below: 3)) % 4)")
                _ = item
            }
        }
        var log = OutcomeLog(schema: schema, ids: (0..<items).map { "i\($0)" }, quality: quality)
        log.evidence = evidence
        log.money = money
        log.context = (0..<items * 2).map { _ in random.normal() }
        log.inputs = (0..<items).map { "question \($0)" }
        log.groups = CodedColumn((0..<items).map { _ in "g\(random.integer(below: 4))" })
        log.splits = CodedColumn((0..<items).map { _ in random.bernoulli(0.7) ? "train" : "test" })
        log.times = (0..<items).map { _ in random.uniform() * 1e6 }
        log.answers = answers.map { CodedColumn($0) }
        return log
    }
}
