import Foundation
import Language
import NIOCore
import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `answers read as they pass` {
    private static let events = [
        ": a comment\n\n", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é\"}}]}\n\n",
        "event: x\ndata: {\"a\":\ndata: 1}\n\n", "data:{\"choices\":[]}\r\n\r\n", "\n\n", "id: 1\r\rdata: 2\r\r",
        "data: [DONE]\n\n",
    ]

    @Test func `events come out as they went in, however they are cut`() {
        let whole = ByteBuffer(string: Self.events.joined())
        var random = Random(seed: 2)
        var reference: [String]?
        for round in 0..<300 {
            var splitter = EventSplitter()
            var rest = whole
            var found: [String] = []
            var data: [String] = []
            while rest.readableBytes > 0 {
                let length = round == 0 ? rest.readableBytes : min(rest.readableBytes, 1 + Int(random.uniform() * 9))
                splitter.append(rest.readSlice(length: length)!)
                while let event = splitter.next() {
                    found.append(String(buffer: event.bytes))
                    if let text = event.data { data.append(String(buffer: text)) }
                }
            }
            if let event = splitter.rest() { found.append(String(buffer: event.bytes)) }
            #expect(found.joined() == String(buffer: whole))
            reference = reference ?? data
            #expect(data == reference)
        }
        #expect(reference?.contains("{\"a\":\n1}") == true && reference?.last == "[DONE]")
    }

    @Test func `a whole answer loses only what the gateway asked for`() throws {
        let body = ByteBuffer(string: Completion.whole("hi", logprobs: [-0.5, -0.25], tokens: (7, 2)))
        var strip = StageEdits.Strip()
        strip.logprobs = true
        var scanner = AnswerScanner(wants: ReplyFields.Wants(tokens: true), strip: strip)
        let passed = try scanner.whole(body)
        #expect(String(buffer: passed) == Completion.whole("hi", tokens: (7, 2)))
        #expect(scanner.counts == TokenCounts(read: 7, written: 2))
        #expect(scanner.tokens.map(\.logProbability) == [-0.5, -0.25])
        #expect(scanner.tokens[0].margin == exp(-0.5) - exp(-5.5))
    }

    @Test func `alternatives beyond those asked for go`() throws {
        let body = ByteBuffer(string: Completion.whole("hi", logprobs: [-0.5], tokens: (7, 2)))
        for limit in 0...2 {
            var strip = StageEdits.Strip()
            strip.alternatives = limit
            var scanner = AnswerScanner(strip: strip)
            let passed = String(buffer: try scanner.whole(body))
            let object = try JSONSerialization.jsonObject(with: Data(passed.utf8)) as! [String: Any]
            let choice = (object["choices"] as! [[String: Any]])[0]
            let token = ((choice["logprobs"] as! [String: Any])["content"] as! [[String: Any]])[0]
            #expect((token["top_logprobs"] as! [Any]).count == limit)
            if limit == 2 { #expect(passed == String(buffer: body)) }
        }
    }

    @Test func `a stream's count of tokens is taken and, unasked for, dropped`() {
        for dropped in [false, true] {
            var strip = StageEdits.Strip()
            strip.usage = dropped
            var scanner = AnswerScanner(strip: strip)
            var pass = ByteBuffer()
            let events = ["a", "b"].map { "data: \(Completion.piece($0))\n\n" }
            let usage = "data: \(Completion.usage((3, 2)))\n\n"
            scanner.stream(ByteBuffer(string: events.joined() + usage + "data: [DONE]\n\n"), into: &pass)
            scanner.end(into: &pass)
            #expect(String(buffer: pass) == events.joined() + (dropped ? "" : usage) + "data: [DONE]\n\n")
            #expect(scanner.counts == TokenCounts(read: 3, written: 2) && scanner.pieces == 2 && scanner.isDone)
        }
    }

    @Test func `an error in a stream is a fault, not an answer`() {
        var scanner = AnswerScanner()
        var pass = ByteBuffer()
        scanner.stream(ByteBuffer(string: "data: {\"error\":{\"message\":\"no\"}}\n\n"), into: &pass)
        #expect(scanner.fault != nil && pass.readableBytes == 0)
        var garbage = AnswerScanner()
        garbage.stream(ByteBuffer(string: "data: {nonsense\n\n"), into: &pass)
        #expect(garbage.fault != nil && pass.readableBytes == 0)
    }

    @Test func `providers' ways of counting come to the same`() throws {
        let anthropic =
            #"{"usage":{"input_tokens":10,"cache_read_input_tokens":30,"cache_creation_input_tokens":2,"output_tokens":5}}"#
        let responses = #"{"usage":{"input_tokens":42,"input_tokens_details":{"cached_tokens":30},"output_tokens":5}}"#
        for text in [anthropic, responses] {
            let fields = try ReplyFields(ByteBuffer(string: text))
            #expect(fields.usage == TokenCounts(read: 42, written: 5, cached: 30))
        }
    }
}

@Suite struct `streams of several choices` {
    private static func piece(_ index: Int, _ reason: String? = nil) -> String {
        #"{"choices":[{"index":\#(index),"delta":{"content":"a"},"finish_reason":\#(reason.map { "\"\($0)\"" } ?? "null")}]}"#
    }

    /// Whether a stream of `pieces` is whole for who asked for `choices`.
    private func isDone(_ pieces: [String], choices: Double) -> Bool {
        var scanner = AnswerScanner(api: .chatCompletions, choices: choices)
        var pass = ByteBuffer()
        scanner.stream(ByteBuffer(string: pieces.map { "data: \($0)\n\n" }.joined()), into: &pass)
        scanner.end(into: &pass)
        return scanner.isDone
    }

    @Test func `are whole when all have ended, not when the first has`() {
        let first = [Self.piece(0), Self.piece(0, "stop")]
        #expect(isDone(first, choices: 1))
        #expect(!isDone(first, choices: 2))
        #expect(!isDone(first + [Self.piece(1)], choices: 2))
        #expect(isDone(first + [Self.piece(1), Self.piece(1, "length")], choices: 2))
        // More came than were asked for, as with several prompts: those that began must end.
        #expect(!isDone([Self.piece(0), Self.piece(1), Self.piece(0, "stop")], choices: 1))
        #expect(isDone([Self.piece(0), Self.piece(1), Self.piece(0, "stop"), Self.piece(1, "stop")], choices: 1))
        // The mark ends all.
        #expect(isDone([Self.piece(0), "[DONE]"], choices: 3))
        #expect(!isDone(first, choices: 1e30))
    }

    @Test func `that end between two choices without a mark end with an error`() async throws {
        let pieces = [Self.piece(0), Self.piece(0, "stop"), Self.piece(1)]
        try await ScriptedUpstream.run { _ in
            // Without chunks only the end of the connection ends it.
            [
                .send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"),
                .send(pieces.map { "data: \($0)\n\n" }.joined()), .close,
            ]
        } _: { upstream in
            let configuration = try RunningGateway.configuration(["small": upstream])
            try await RunningGateway.run(configuration) { gateway in
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small", more: #","n":2,"stream":true"#))
                #expect(reply.status == 200 && reply.events.count == 4)
                #expect(reply.events.last?.hasPrefix("{\"error\":") == true, "\(reply.body)")
            }
        }
    }
}
