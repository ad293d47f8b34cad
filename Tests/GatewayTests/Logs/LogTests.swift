import Cascades
import Foundation
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `logs` {
    /// Keeps lines.
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { lines.withLock { $0 } }
        var output: JSONLogHandler.Output {
            JSONLogHandler.Output { bytes in self.lines.withLock { $0.append(String(buffer: bytes)) } }
        }

        func logger(_ level: Logger.Level) -> Logger {
            var logger = Logger(label: "cascade") { JSONLogHandler(label: $0, output: self.output) }
            logger.logLevel = level
            return logger
        }
    }

    @Test func `an entry is one line of JSON, whatever is in it`() throws {
        let lines = Lines()
        var logger = lines.logger(.info)
        logger[metadataKey: "service"] = "gate"
        logger.debug("not this one")
        logger.info(
            "a \"quoted\"\nmessage",
            metadata: [
                "number": .stringConvertible(0.25), "text": "0.25", "list": ["a", "b"],
                "message": "taken", "nested": ["x": .stringConvertible(true)], "é": "ü",
            ])
        #expect(lines.all.count == 1)
        let line = try #require(lines.all.first)
        #expect(line.hasSuffix("\n") && line.dropLast().allSatisfy { $0 != "\n" })
        let tree = try JSONTree(ByteBuffer(string: line))
        #expect(tree["message"]?.text == "a \"quoted\"\nmessage" && tree["level"]?.text == "info")
        #expect(tree["logger"]?.text == "cascade" && tree["service"]?.text == "gate")
        #expect(tree["number"]?.number == 0.25 && tree["text"]?.text == "0.25")
        #expect(tree["list"]?.elements?.compactMap(\.text) == ["a", "b"])
        #expect(tree["message_"]?.text == "taken" && tree["nested"]?["x"]?.flag == true && tree["é"]?.text == "ü")
        #expect(JSONLogHandler.stamp(0.25) == "1970-01-01T00:00:00.250Z")
        #expect(JSONLogHandler.stamp(1_709_210_096.999) == "2024-02-29T12:34:56.999Z")
        #expect(tree["time"]?.text?.hasSuffix("Z") == true)
    }

    @Test func `requests are told with names and numbers, and failures are warnings`() throws {
        let lines = Lines()
        var record = RequestRecord(
            id: "req_1", time: 5, key: "key-1", api: .chatCompletions, model: "cascade",
            schema: LogSchema(stages: [StageSchema(name: "small")]))
        record.choices = [RequestRecord.Choice(stage: 0, name: "small", start: 0)]
        record.answeredBy = "small"
        record.decision = .answered
        record.status = 200
        record.seconds = 0.5
        record.cost = Cost(money: 0.125, tokensIn: 7)
        record.input = "a secret text"
        RequestLog(logger: lines.logger(.notice)).note(record, trace: nil)
        #expect(lines.all.isEmpty, "nobody asked for each request")
        RequestLog(logger: lines.logger(.info)).note(record, trace: "0af7651916cd43dd8448eb211c80319c")
        record.decision = .failed
        record.status = 502
        record.choices[0].failure = "it can't be reached: a secret text"
        record.choices[0].failureKind = "unreachable"
        RequestLog(logger: lines.logger(.notice)).note(record, trace: nil)
        #expect(lines.all.count == 2)
        let told = try lines.all.map { try JSONTree(ByteBuffer(string: $0)) }
        #expect(told[0]["request_id"]?.text == "req_1" && told[0]["stage"]?.text == "small")
        #expect(
            told[0]["seconds"]?.number == 0.5 && told[0]["cost"]?.number == 0.125 && told[0]["status"]?.number == 200)
        #expect(told[0]["trace_id"]?.text == "0af7651916cd43dd8448eb211c80319c" && told[0]["level"]?.text == "info")
        #expect(told[1]["level"]?.text == "warning" && told[1]["failure"]?.text == "unreachable")
        #expect(lines.all.allSatisfy { !$0.contains("secret text") })
    }
}
