import Cascades
import Foundation
import Language
import Synchronization
import Testing

@Suite struct `recording outcomes` {
    let path = NSTemporaryDirectory() + "cascade-recorder-\(UInt64.random(in: 0 ... .max)).jsonl"
    let questions = (0..<20).map { Question(id: "q\($0)", input: "\($0) + 1", answers: ["\($0 + 1)"], group: "sums") }

    /// A stage that adds well, but for multiples of `wrong`.
    private func stage(_ name: String, wrong: Int, fails: [String] = [], refuses: [String] = []) -> any Stage<
        Question, String
    > {
        FunctionStage(name, evidence: ["sure"]) { (question: Question) in
            if fails.contains(question.id) { throw LanguageError.decodingFailed(model: name, code: 9) }
            if refuses.contains(question.id) { throw LanguageError.contextOverflow(model: name, tokens: 9, limit: 8) }
            let number = Int(question.input.prefix { $0.isNumber })!
            let right = number % wrong != 0
            return Answer(
                "\(number + (right ? 1 : 2))", evidence: ["sure": right ? 0.9 : 0.4],
                cost: Cost(tokensIn: 5, tokensOut: 1, seconds: 0.1, operations: 100))
        }
    }

    @Test func `each question becomes a line with quality, evidence and cost`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let recorder = OutcomeRecorder(stages: [stage("a", wrong: 2), stage("b", wrong: 5)], judge: .number)
        let summary = try await recorder.record(questions, to: path)
        #expect(summary.recorded == 20 && summary.skipped == 0)
        let log = try OutcomeLog.read(from: path)
        #expect(log.schema == recorder.schema)
        #expect(log.ids == questions.map(\.id))
        for item in 0..<20 {
            #expect(log.quality(item: item, stage: 0) == (item % 2 == 0 ? 0 : 1))
            #expect(log.quality(item: item, stage: 1) == (item % 5 == 0 ? 0 : 1))
            #expect(log.signal(item: item, 2) == (item % 2 == 0 ? 0.4 : 0.9))
            #expect(log.inputs[item] == questions[item].input && log.groups[item] == "sums")
            #expect(log.answers[1][item] == "\(item + (item % 5 == 0 ? 2 : 1))")
        }
        #expect(log.operations.allSatisfy { $0 == 100 } && log.tokensIn.allSatisfy { $0 == 5 })
    }

    @Test func `a second run asks only what is missing, and the log is the same`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var recorder = OutcomeRecorder(stages: [stage("a", wrong: 2)], judge: .number)
        recorder.batch = 1
        _ = try await recorder.record(questions, to: path + "-whole.jsonl")
        defer { try? FileManager.default.removeItem(atPath: path + "-whole.jsonl") }
        _ = try await recorder.record(Array(questions.prefix(7)), to: path)
        // The eighth line was cut by a crash.
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"id\":\"q7\",\"stages\":{\"a\"".utf8))
        try handle.close()
        let summary = try await recorder.record(questions, to: path)
        #expect(summary.skipped == 7 && summary.recorded == 13)
        #expect(try OutcomeLog.read(from: path) == OutcomeLog.read(from: path + "-whole.jsonl"))
    }

    @Test func `failures are asked again, refusals are missing cells`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let broken = OutcomeRecorder(
            stages: [stage("a", wrong: 2, fails: ["q3"]), stage("b", wrong: 5, refuses: ["q4"])], judge: .number)
        let first = try await broken.record(questions, to: path)
        #expect(first.failed.map(\.id) == ["q3"] && first.refused.map(\.stage) == ["b"])
        #expect(first.recorded == 19)
        let whole = OutcomeRecorder(stages: [stage("a", wrong: 2), stage("b", wrong: 5)], judge: .number)
        let second = try await whole.record(questions, to: path)
        #expect(second.recorded == 1 && second.skipped == 19)
        let log = try OutcomeLog.read(from: path)
        let item = log.ids.firstIndex(of: "q4")!
        #expect(log.isPresent(item: item, stage: 0) && !log.isPresent(item: item, stage: 1))
        #expect(log.ids.last == "q3")
    }

    @Test func `where nothing comes through the rest is not asked`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let many = (0..<100).map { Question(id: "q\($0)", input: "\($0) + 1", answers: ["\($0 + 1)"], group: "sums") }
        let failing = many[10..<60].map(\.id)
        var recorder = OutcomeRecorder(stages: [stage("a", wrong: 2, fails: failing)], judge: .number)
        recorder.batch = 5
        let first = try await recorder.record(many, to: path)
        #expect(first.recorded == 10 && first.failed.count == 25 && first.unasked == 65)
        recorder.patience = 1000
        let second = try await recorder.record(many, to: path)
        #expect(second.recorded == 40 && second.failed.count == 50 && second.unasked == 0)
    }

    private final class Count: Sendable {
        let number = Atomic<Int>(0)
    }

    @Test func `what was paid for is not asked again`() async throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let asked = Count()
        let cheap = FunctionStage("a", evidence: ["sure"]) { (question: Question) in
            asked.number.wrappingAdd(1, ordering: .relaxed)
            return Answer(question.answers[0], evidence: ["sure": .nan], cost: Cost(money: 0.5, seconds: 0.25))
        }
        var broken = OutcomeRecorder(stages: [cheap, stage("b", wrong: 5, fails: ["q3", "q12"])], judge: .number)
        broken.batch = 1
        #expect(try await broken.record(questions, to: path).failed.map(\.id) == ["q3", "q12"])
        #expect(asked.number.load(ordering: .relaxed) == 20)
        let beside = path + ".unfinished"
        #expect(FileManager.default.fileExists(atPath: beside))
        // A crash in the middle of a line.
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: beside))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"id\":\"q5".utf8))
        try handle.close()
        // One of the two fails once more.
        broken = OutcomeRecorder(stages: [cheap, stage("b", wrong: 5, fails: ["q12"])], judge: .number)
        #expect(try await broken.record(questions, to: path).recorded == 1)
        // The question reads otherwise now: its old answer is none.
        var changed = questions
        changed[12].input = "12 + 1 = ?"
        let whole = OutcomeRecorder(stages: [cheap, stage("b", wrong: 5)], judge: .number)
        #expect(try await whole.record(changed, to: path).recorded == 1)
        #expect(asked.number.load(ordering: .relaxed) == 21)
        #expect(!FileManager.default.fileExists(atPath: beside))
        let log = try OutcomeLog.read(from: path)
        #expect(log.count == 20 && log.isComplete)
        let item = try #require(log.ids.firstIndex(of: "q3"))
        #expect(log.answers[0][item] == "4" && log.money[2 * item] == 0.5 && log.seconds[2 * item] == 0.25)
        #expect(log.signal(item: item, 2).isNaN)
    }
}
