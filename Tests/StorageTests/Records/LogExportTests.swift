import Cascades
import Foundation
import Probability
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `log export` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A policy that asks the first stage, and the next with a chance that depends on what it said.
    struct CoinPolicy: Policy {
        static var kind: String { "coin-for-storage-tests" }

        func next(_ state: PolicyState) -> Move {
            if state.asked.isEmpty { return .ask(0) }
            if state.asked.contains(1) { return .stop(answer: 1) }
            let margin = state.signals[state.schema.evidenceOffsets[0]]
            return state.coin < 0.2 + 0.6 * (1 - margin) ? .ask(1) : .stop(answer: 0)
        }

        func formula(_ schema: LogSchema) -> String { "ask 2 with probability 0.2 + 0.6 (1 - margin)" }

        var reach: StageSet { [0, 1] }
    }

    /// Real runs of a real cascade.
    func runs(_ count: Int) async throws -> [Run<String>] {
        let small = FunctionStage<String, String>("small", evidence: ["margin"]) { input in
            let number = Double(input.utf8.reduce(0) { $0 + Int($1) } % 11) / 10
            return Answer(
                "s\(input)", evidence: ["margin": number], cost: Cost(money: 0.001, tokensIn: 3, seconds: number))
        }
        let large = FunctionStage<String, String>("large", evidence: ["margin", "length"]) { input in
            Answer("l\(input)", evidence: ["margin": 0.9, "length": .nan], cost: Cost(money: 0.1, tokensOut: 7))
        }
        let context = ItemContext<String>(["letters"], group: { $0.hasSuffix("7") ? "seven" : nil }) {
            [Double($0.count)]
        }
        let cascade = try Cascade(
            "tested", stages: [small, large], policy: CoinPolicy(), context: context, seed: 5)
        var runs: [Run<String>] = []
        for number in 0..<count { runs.append(try await cascade.run("item \(number)")) }
        return runs
    }

    func same(_ left: OutcomeLog, _ right: OutcomeLog) -> Bool {
        func bits(_ log: OutcomeLog) -> [[UInt64]] {
            [
                log.times, log.context, log.quality, log.money, log.seconds, log.operations, log.tokensIn,
                log.tokensOut, log.evidence, log.propensities,
            ].map { $0.map { $0.isNaN ? Double.nan.bitPattern : $0.bitPattern } }
        }
        return left.schema == right.schema && left.ids == right.ids && left.inputs == right.inputs
            && left.groups == right.groups && left.splits == right.splits && left.answers == right.answers
            && bits(left) == bits(right)
    }

    @Test(arguments: TestDatabase.available)
    func `recorded traces come back as the log that was made of them`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        var options = RecordWriter.Options()
        options.texts = .whole
        let writer = RecordWriter(store, options: options)
        let runs = try await runs(200)
        let policy = CoinPolicy()
        var random = Random(seed: 3)
        var qualities: [Double] = []
        for (number, run) in runs.enumerated() {
            let trace = try #require(run.trace)
            let asked = trace.choices.map(\.stage)
            let answered = asked.last
            writer.submit(
                .request(
                    RequestRecord(
                        id: "\(number)", time: 1_000 + Double(number), model: "tested", policyVersion: 1, trace: trace,
                        propensities: trace.propensities(of: policy), answered: answered, cost: run.cost,
                        input: "item \(number)")))
            // What was said of the answer counts for the stage that gave it, what was said of a stage for that one.
            let value = Double(random.integer(below: 2))
            writer.submit(.feedback(Feedback(request: "\(number)", quality: value, time: 5_000)))
            qualities += [0, 1].map { $0 == answered ? value : .nan }
            if asked.count == 2 {
                writer.submit(.feedback(Feedback(request: "\(number)", stage: 0, source: "a", quality: 1, time: 1)))
                writer.submit(.feedback(Feedback(request: "\(number)", stage: 0, source: "b", quality: 0.5, time: 1)))
                qualities[2 * number] = 0.75
            }
        }
        try await writer.flush()
        var expected = try OutcomeLog(
            traces: runs.map { try #require($0.trace) }, schema: try #require(runs[0].trace).schema,
            ids: runs.indices.map(String.init), qualities: qualities, policy: policy, text: { $0 })
        expected.inputs = runs.indices.map { "item \($0)" }
        expected.times = runs.indices.map { 1_000 + Double($0) }
        let log = try await store.outcomeLog()
        #expect(same(log, expected))
        // Both stages are asked sometimes, with the chance that the policy gave them.
        #expect(log.propensities.contains { $0 > 0 && $0 < 1 })
        // And through the file that `cascade fit` reads.
        let path = folder.path("log.jsonl")
        try log.write(to: path)
        #expect(same(try OutcomeLog.read(from: path), expected))
        await writer.close()
        await store.close()
    }

    @Test func `takes what the filter says, and unjudged requests only when told`() async throws {
        let store = try await Store(TestDatabase.sqlite.make(folder))
        let writer = RecordWriter(store)
        for (number, var record) in SampleRecords.records(40).enumerated() {
            record.time = Double(number)
            record.model = number % 2 == 0 ? "fast" : "safe"
            record.policyVersion = number < 20 ? 1 : 2
            writer.submit(.request(record))
            if number < 30 {
                writer.submit(.feedback(Feedback(request: record.id, quality: 1, time: 100)))
            }
        }
        try await writer.flush()
        #expect(try await store.outcomeLog().count == 30)
        #expect(try await store.outcomeLog(LogExport(includesUnjudged: true)).count == 40)
        #expect(try await store.outcomeLog(LogExport(.init(model: "fast"))).ids.first == "request 0")
        #expect(try await store.outcomeLog(LogExport(.init(model: "fast"))).count == 15)
        #expect(try await store.outcomeLog(LogExport(.init(policyVersion: 2))).count == 10)
        #expect(try await store.outcomeLog(LogExport(.init(from: 5, until: 9))).count == 4)
        // No texts were kept: no answers; their hashes tell equal ones.
        let log = try await store.outcomeLog()
        #expect(log.answers.isEmpty && log.inputs.isEmpty)
        let digests = try await store.outcomeLog(LogExport(answers: .digests)).answers
        #expect(digests.count == 3 && digests[0].names.allSatisfy { $0.count == 64 })
        await #expect(throws: StorageError.noRequests(judged: true)) {
            _ = try await store.outcomeLog(LogExport(.init(from: 35)))
        }
        // What is too old to keep goes with all that was said of it.
        #expect(try await store.requests.remove(before: 12) == 12)
        #expect(try await store.outcomeLog().ids.first == "request 12")
        #expect(try await store.feedback.all(of: "request 3").isEmpty)
        await writer.close()
    }

    @Test func `columns of several policies' schemas go side by side`() async throws {
        let store = try await Store(TestDatabase.sqlite.make(folder))
        let writer = RecordWriter(store)
        let other = LogSchema(
            context: ["length", "code"],
            stages: [
                StageSchema(name: "large", evidence: ["entropy", "margin"]), StageSchema(name: "new", evidence: ["p"]),
            ])
        var random = Random(seed: 2)
        var records = [
            SampleRecords.record("a", &random), SampleRecords.record("b", &random, schema: other),
            SampleRecords.record("c", &random),
        ]
        for index in records.indices {
            records[index].time = Double(index)
            writer.submit(.request(records[index]))
        }
        try await writer.flush()
        let log = try await store.outcomeLog(LogExport(includesUnjudged: true))
        #expect(log.schema.context == ["length", "ключ", "code"])
        #expect(log.schema.stages.map(\.name) == ["small", "größe \"q\"", "large", "new"])
        #expect(log.schema.stages[2].evidence == ["margin", "entropy"])
        func bits(_ value: Double) -> UInt64 { value.isNaN ? 0 : value.bitPattern }
        let trace = records[1].trace
        #expect(bits(log.context[3]) == bits(trace.context[0]) && log.context[4].isNaN)
        #expect(bits(log.context[5]) == bits(trace.context[1]))
        // Evidence: [small: 2 | large: margin, entropy | new: p]
        #expect(bits(log.evidence[5 + 2]) == bits(trace.choices[0].evidence[1]))
        #expect(bits(log.evidence[5 + 3]) == bits(trace.choices[0].evidence[0]))
        #expect(log.evidence[5].isNaN && log.money[4].isNaN)
        #expect(log.money[6] == trace.choices[0].cost.money)
        await writer.close()
    }
}
