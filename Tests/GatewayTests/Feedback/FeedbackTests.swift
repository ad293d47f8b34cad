import Cascades
import Foundation
import NIOCore
import NIOHTTP1
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `feedback` {
    /// Says what the question ends with: `say Paris`.
    static let echo: ScriptedUpstream.Script = { request in
        guard let found = request.body.firstMatch(of: /say ([^"]*)"/) else { return .completion("nothing") }
        return .completion(String(found.1))
    }

    private func run<Result>(
        texts: TextKeeping = .none, _ body: (StoredGateway) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run(Self.echo) { upstream in
            try await StoredGateway.run(upstream, configure: { $0.keeping.texts = texts }, body)
        }
    }

    private func judge(
        _ gateway: StoredGateway, _ fields: String, key: String? = nil
    ) async throws -> RunningGateway.Reply {
        try await gateway.send(.POST, "/v1/feedback", "{\(fields)}", key: key)
    }

    @Test func `thumbs and scores become the quality of what was given, and the last word counts`() async throws {
        try await run { gateway in
            let id = try #require(try await gateway.ask()("x-cascade-request-id"))
            for (fields, quality) in [
                (#""thumbs": "up""#, 1), (#""thumbs": "down", "note": "wrong town""#, 0), (#""score": 0.25"#, 0.25),
            ] as [(String, Double)] {
                let reply = try await judge(gateway, #""request_id": "\#(id)", \#(fields)"#)
                #expect(reply.status == 200, "\(reply.body)")
                #expect(reply.body.contains("\"stored\":true"))
                // It is in the store by the time that it is answered.
                let kept = try await gateway.store.feedback.all(of: id)
                #expect(kept.map(\.quality) == [quality] && kept[0].stage == nil && kept[0].source == "user")
                // Notes are texts.
                #expect(kept[0].note == nil)
            }
            let log = try await gateway.store.outcomeLog()
            #expect(log.quality == [0.25])
        }
    }

    @Test func `the right answer is compared with what each stage said`() async throws {
        try await run(texts: .redacted(.standard)) { gateway in
            for (said, right, quality) in [
                ("Paris.", "paris", 1), ("It is Paris", "Paris", 0), ("42.0", "42", 1), ("4.2", "42", 0),
                ("-3", "3", 0), ("1,000", "1000", 1), ("mail ada@b.org", "mail ada@b.org", 1),
            ] as [(String, String, Double)] {
                let id = try #require(try await gateway.ask("small", "say \(said)")("x-cascade-request-id"))
                let reply = try await judge(gateway, #""request_id": "\#(id)", "answer": "\#(right)""#)
                #expect(reply.status == 200 && reply.body.contains("\"small\""), "\(reply.body)")
                let kept = try await gateway.store.feedback.all(of: id)
                #expect(kept.map(\.quality) == [quality] && kept[0].stage == 0, "\(said) against \(right)")
            }
        }
        // Without texts nothing can be compared, and an answer that only looks different is not called wrong.
        try await run { gateway in
            let id = try #require(try await gateway.ask("small", "say Paris")("x-cascade-request-id"))
            let reply = try await judge(gateway, #""request_id": "\#(id)", "answer": "Paris""#)
            #expect(reply.status == 422 && reply.body.contains("no_texts"))
            #expect(try await gateway.store.feedback.all(of: id).isEmpty)
        }
    }

    @Test func `a key judges its own requests only`() async throws {
        try await run { gateway in
            let (mine, other) = (try await gateway.makeKey("a"), try await gateway.makeKey("b"))
            let id = try #require(try await gateway.ask(key: mine.key.secret)("x-cascade-request-id"))
            let fields = #""request_id": "\#(id)", "thumbs": "up""#
            #expect(try await judge(gateway, fields).status == 401)
            let foreign = try await judge(gateway, fields, key: other.key.secret)
            #expect(foreign.status == 404 && foreign.body.contains("request_not_found"))
            #expect(try await judge(gateway, fields, key: mine.key.secret).status == 200)
            let judged = fields + #", "source": "judge""#
            #expect(try await judge(gateway, judged, key: mine.key.secret).status == 403)
            #expect(try await judge(gateway, judged, key: StoredGateway.administrator).status == 200)
            #expect(try await gateway.store.feedback.all(of: id).count == 2)
        }
    }

    @Test(arguments: [
        ("[]", "JSON object"), ("{", "JSON"), (#"{"thumbs": "up"}"#, "request_id"), (#"{"request_id": "x"}"#, "thumbs"),
        (#"{"request_id": "x", "thumbs": "sideways"}"#, "up"), (#"{"request_id": "x", "score": 5}"#, "0 (wrong) to 1"),
        (#"{"request_id": "x", "score": "1"}"#, "score"),
        (#"{"request_id": "x", "thumbs": "up", "score": 1}"#, "one of"),
        (#"{"request_id": "x", "rating": 1}"#, "rating"), (#"{"request_id": 5, "score": 1}"#, "request_id"),
    ])
    func `what is wrong with it is said`(_ body: String, _ word: String) async throws {
        try await run { gateway in
            let reply = try await gateway.send(.POST, "/v1/feedback", body)
            #expect(reply.status == 400 && reply.body.contains(word), "\(reply.status) \(reply.body)")
            #expect(try await gateway.send(.GET, "/v1/feedback").status == 405)
        }
    }

    @Test func `feedback that comes late, or on nothing, is no trouble`() async throws {
        try await run { gateway in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await gateway.ask()("x-cascade-request-id") ?? "" } }
                return try await group.reduce(into: [String]()) { $0.append($1) }
            }
            #expect(try await judge(gateway, #""request_id": "req_none", "thumbs": "up""#).status == 404)
            // Judged in another order than asked, and not all of them.
            for id in ids.sorted().prefix(20) {
                #expect(try await judge(gateway, #""request_id": "\#(id)", "thumbs": "up""#).status == 200)
            }
            #expect(try await gateway.store.outcomeLog().count == 20)
            #expect(try await gateway.store.outcomeLog(LogExport(includesUnjudged: true)).count == 50)
        }
    }

    @Test func `without a store it says what is missing`() async throws {
        try await ScriptedUpstream.run(Self.echo) { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let reply = try await gateway.post("/v1/feedback", #"{"request_id": "x", "thumbs": "up"}"#)
                #expect(reply.status == 501 && reply.body.contains("--store"))
            }
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `comparing answers` {
    @Test(arguments: [
        ("Paris", "paris!", true), ("the  cat", "The cat.", true), ("cat", "cats", false), ("", "", true),
        ("1.50", "1.5", true), ("1.5", "15", false), ("-2", "2", false), ("x-2", "x 2", true), ("3-2", "3 2", true),
        ("1,234.5", "1234.5", true), ("größe", "GRÖSSE", false), ("é", "e\u{301}", true), ("42", "forty-two", false),
    ])
    func `words and numbers count`(_ left: String, _ right: String, _ same: Bool) {
        #expect(AnswerComparison(right: right, texts: .whole).quality(of: left) == (same ? 1 : 0))
    }
}
