import Cascades
import Foundation
import Probability
import Testing

@Suite struct `writing an outcome log` {
    @Test(arguments: [LogFormat.jsonl, .csv]) func `and reading it gives the same log`(format: LogFormat) throws {
        var random = Random(seed: 3)
        for _ in 0..<300 {
            let log = LogSamples.log(&random)
            let file = try ScratchFile("", ending: format.rawValue)
            try log.write(to: file.path)
            let back = try OutcomeLog.read(from: file.path)
            #expect(same(log, back), "\(log.schema)\n\(file.text.prefix(2000))")
        }
    }

    @Test func `refuses what can't be read back and leaves the old file alone`() throws {
        let file = try ScratchFile("old", ending: "csv")
        let schema = LogSchema(stages: [StageSchema(name: "a.evidence.b")])
        let odd = OutcomeLog(schema: schema, ids: ["1"], quality: [1])
        #expect(throws: LogError.self) { try odd.write(to: file.path) }
        let infinite = OutcomeLog(schema: LogSchema(stages: [StageSchema(name: "a")]), ids: ["1"], quality: [.infinity])
        #expect(throws: LogError.self) { try infinite.write(to: file.path) }
        let twice = OutcomeLog(schema: LogSchema(stages: [StageSchema(name: "a")]), ids: ["1", "1"], quality: [1, 1])
        #expect(throws: LogError.self) { try twice.write(to: file.path) }
        #expect(file.text == "old")
        // JSONL keeps the odd name.
        try odd.write(to: file.path, format: .jsonl)
        #expect(try OutcomeLog.read(from: file.path, format: .jsonl).schema == schema)
    }

    @Test func `says why a file can't be written`() {
        let log = OutcomeLog(schema: LogSchema(stages: [StageSchema(name: "a")]), ids: ["1"], quality: [1])
        #expect(throws: LogError.self) { try log.write(to: "/no/such/folder/log.csv") }
        #expect(throws: LogError.self) { try log.write(to: "/tmp") }
    }
}
