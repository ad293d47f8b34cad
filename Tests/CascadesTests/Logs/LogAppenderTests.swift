import Cascades
import Foundation
import Testing

@Suite struct `logs that grow` {
    let path = NSTemporaryDirectory() + "cascade-appender-\(UInt64.random(in: 0 ... .max)).jsonl"
    let schema = LogSchema(
        context: ["length"], stages: [StageSchema(name: "a", evidence: ["margin"]), StageSchema(name: "b")])

    private func items(_ ids: [String], quality: Double = 1) -> OutcomeLog {
        var log = OutcomeLog(
            schema: schema, ids: ids, quality: ids.flatMap { _ in [quality, 0] })
        log.context = ids.map { Double($0.count) }
        log.evidence = ids.map { _ in 0.25 }
        return log
    }

    @Test func `a log written in pieces is the log written at once`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let pieces = try LogAppender(path: path, schema: schema)
        try pieces.append(items(["one", "two"]))
        try pieces.append(items(["three"]))
        #expect(pieces.recorded == ["one", "two", "three"])
        #expect(try OutcomeLog.read(from: path) == items(["one", "two", "three"]))
    }

    @Test func `a line cut by a crash is taken off and the rest goes on`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try LogAppender(path: path, schema: schema).append(items(["one", "two"]))
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for cut in [1, 20, whole.count / 2 - 1] {
            try whole.dropLast(cut).write(to: URL(fileURLWithPath: path))
            let log = try LogAppender(path: path, schema: schema)
            #expect(log.recorded == ["one"])
            try log.append(items(["two"]))
            #expect(try OutcomeLog.read(from: path) == items(["one", "two"]))
        }
    }

    @Test func `a log of other columns is refused and left as it is`() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try LogAppender(path: path, schema: schema).append(items(["one"]))
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let other = LogSchema(context: ["length"], stages: [StageSchema(name: "c")])
        #expect(throws: LogError.self) { try LogAppender(path: path, schema: other) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(throws: LogError.self) { try LogAppender(path: "/nowhere/log.jsonl", schema: schema) }
    }
}
