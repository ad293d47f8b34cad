import Probability
import Testing

@testable import Language

@Suite struct `server-sent events` {
    private func parse(_ text: String) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser()
        return try parser.read(text.utf8)
    }

    @Test func `fields, comments and ends of lines are read as the standard says`() throws {
        #expect(try parse("data: a\n\n") == [ServerSentEvent(data: "a")])
        #expect(try parse("data:a\r\rdata: b\r\n\r\n").map(\.data) == ["a", "b"])
        #expect(try parse("\u{FEFF}data: a\n\n").map(\.data) == ["a"])
        #expect(try parse(": comment\n\n: another\ndata: a\n\n").map(\.data) == ["a"])
        #expect(try parse("data: a\ndata:\ndata:  b\n\n").map(\.data) == ["a\n\n b"])
        #expect(try parse("event: ping\ndata: a\n\ndata: b\n\n").map(\.name) == ["ping", "message"])
        #expect(try parse("data\n\n") == [ServerSentEvent(data: "")])
        #expect(try parse("id: 7\nretry: 10\nnonsense: x\ndatabase: y\n\n").isEmpty)
        // An event that no empty line ends has not come.
        #expect(try parse("data: a\n\ndata: b\n").map(\.data) == ["a"])
    }

    @Test func `however the bytes are split, the events are the same`() throws {
        var random = Random(seed: 11)
        let pieces = ["é", "日本", "🎈", "{\"a\": 1}", "x", ":", " ", "data", "[DONE]", ""]
        for _ in 0..<400 {
            var text = ""
            var expected: [ServerSentEvent] = []
            let ends = ["\n", "\r\n", "\r"]
            for _ in 0..<random.integer(below: 6) {
                var event = ServerSentEvent()
                var lines: [String] = []
                // One kind of line end an event; a lone return before a newline would be one end of two.
                let end = ends[Int(random.integer(below: 3))]
                if random.bernoulli(0.3) {
                    event.name = "kind"
                    text += "event: kind\(end)"
                }
                for _ in 0..<1 + random.integer(below: 3) {
                    if random.bernoulli(0.2) { text += ": a comment\(end)" }
                    let line = (0..<random.integer(below: 5)).map { _ in pieces[Int(random.integer(below: 10))] }
                        .joined()
                    lines.append(line)
                    text += "data: \(line)\(end)"
                }
                event.data = lines.joined(separator: "\n")
                text += end
                expected.append(event)
            }
            let bytes = Array(text.utf8)
            var parser = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            var place = 0
            while place < bytes.count {
                let next = min(bytes.count, place + 1 + Int(random.integer(below: 9)))
                events += try parser.read(bytes[place..<next])
                place = next
            }
            #expect(events == expected, "\(text.debugDescription)")
        }
    }

    @Test func `bytes without order never end the program, and an endless event is refused`() throws {
        var random = Random(seed: 12)
        let bytes: [UInt8] = [10, 13, 58, 32, 100, 97, 116, 97, 0, 255, 0xEF, 0xBB, 0xBF]
        for _ in 0..<300 {
            let text = (0..<random.integer(below: 60)).map { _ in bytes[Int(random.integer(below: 13))] }
            var whole = ServerSentEventParser()
            var single = ServerSentEventParser()
            let events = try whole.read(text)
            #expect(try text.flatMap { try single.read(CollectionOfOne($0)) } == events)
        }
        var parser = ServerSentEventParser(limit: 1000)
        #expect(throws: EndpointFailure.self) { try parser.read([UInt8](repeating: 120, count: 1001)) }
    }
}
