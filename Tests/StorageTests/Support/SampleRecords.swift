import Cascades
import Probability

@testable import Storage

/// Records of two stages with awkward names, numbers and texts.
enum SampleRecords {
    static let schema = LogSchema(
        context: ["length", "ключ"],
        stages: [
            StageSchema(name: "small", evidence: ["margin", "log.p"]), StageSchema(name: "größe \"q\"", evidence: []),
            StageSchema(name: "large", evidence: ["margin"]),
        ])

    static let texts = ["plain", "", "quotes \" and '", "line\nfeed", "emoji 😀 é", "null", "comma, $1 ?1"]

    /// A record that only `random` says more of.
    static func record(_ id: String, _ random: inout Random, schema: LogSchema = schema) -> RequestRecord {
        func number() -> Double {
            switch random.integer(below: 6) {
            case 0: .nan
            case 1: -0.0
            case 2: Double.leastNonzeroMagnitude
            case 3: -random.uniform() * 1e300
            default: random.normal()
            }
        }
        func cost() -> Cost {
            Cost(
                money: random.uniform() / 1000, tokensIn: Double(random.integer(below: 1000)),
                tokensOut: Double(random.integer(below: 100)), seconds: random.uniform(),
                operations: Double(random.integer(below: 1 << 40)))
        }
        func text() -> String { texts[random.integer(below: texts.count)] }
        var trace = Trace<String>(
            schema: schema, context: schema.context.map { _ in number() },
            group: random.uniform() < 0.5 ? text() + "g" : nil, coin: random.uniform())
        let count = 1 + random.integer(below: schema.stages.count)
        var total = Cost.zero
        for stage in 0..<count {
            trace.moves.append(.ask(stage))
            let cost = cost()
            total += cost
            trace.choices.append(
                Trace<String>.Choice(
                    stage: stage, output: random.uniform() < 0.9 ? text() : nil,
                    evidence: schema.stages[stage].evidence.map { _ in number() }, cost: cost,
                    logScore: random.uniform() < 0.5 ? -random.uniform() : nil, start: random.uniform(),
                    duration: random.uniform()))
        }
        if random.uniform() < 0.2, count > 1 {
            trace.moves.append(.combine(StageSet.all(count)))
        } else {
            trace.moves.append(.stop(answer: count - 1))
        }
        return RequestRecord(
            id: id, time: 1_700_000_000 + random.uniform(), key: random.uniform() < 0.5 ? "key-1" : nil, model: "fast",
            policyVersion: 3, trace: trace,
            propensities: schema.stages.indices.map { $0 == 0 ? 1 : $0 < count ? random.uniform() : .nan },
            answered: count - 1, status: random.uniform() < 0.1 ? .failed("time-out") : .answered, cost: total,
            input: text(), serving: random.uniform() < 0.5 ? serving(count, &random) : nil)
    }

    private static func serving(_ count: Int, _ random: inout Random) -> Serving {
        Serving(
            interface: "/messages", policy: random.uniform() < 0.5 ? "größe" : nil, decision: "failed-over",
            httpStatus: 200 + random.integer(below: 300), elapsed: random.uniform(), firstByte: random.uniform(),
            isStreamed: random.uniform() < 0.5, estimated: (0..<count).filter { _ in random.uniform() < 0.5 },
            failures: random.uniform() < 0.5
                ? [] : [Serving.Failure(stage: 2, kind: "status 500", start: 0.1, duration: random.uniform())],
            repeatedMoney: random.uniform() < 0.5 ? 0 : random.uniform(),
            isDeferred: [true, false, nil][random.integer(below: 3)])
    }

    static func records(_ count: Int, seed: UInt64 = 1) -> [RequestRecord] {
        var random = Random(seed: seed)
        return (0..<count).map { record("request \($0)", &random) }
    }
}
