import Cascades
import Foundation
import Logging
import NIOCore
import Testing

@testable import Gateway

/// What a provider says of its errors, and who gets to read it.
@Suite(.timeLimit(.minutes(2))) struct `what a provider says of its errors` {
    private static let words = "Incorrect API key sk-live-abcdefghijklmnop of org acme-4711, mail ada@example.org"

    private static func error(_ status: Int) -> StageError {
        .status(status, body: ByteBuffer(string: #"{"error":{"message":"\#(words)"}}"#), retryAfter: nil)
    }

    @Test(arguments: [401, 402, 403, 404, 408, 409, 410, 429, 451, 500, 503])
    func `reaches neither clients nor explanations where it is not about the request`(status: Int) async throws {
        try await ScriptedUpstream.run { request in
            request.body.contains("small-model")
                ? .json(#"{"error":{"message":"\#(Self.words)"}}"#, status: status) : .completion("good")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream, "large": upstream])
            for index in configuration.stages.indices { configuration.stages[index].guarding.retry.attempts = 1 }
            configuration.models.append(GatewayConfiguration.Model("both", stages: ["small", "large"]))
            try await RunningGateway.run(configuration) { gateway in
                let bodies = [
                    ("/v1/chat/completions", RunningGateway.chat("small")),
                    ("/v1/chat/completions", RunningGateway.chat("small", more: #","stream":true"#)),
                    ("/v1/messages", RunningGateway.chat("small", more: #","max_tokens":9"#)),
                    ("/v1/chat/completions", RunningGateway.chat("both")),
                ]
                for (path, body) in bodies {
                    let reply = try await gateway.post(path, body, headers: [("x-cascade-explain", "body")])
                    // 404 is about the request's model, and may be told; who has no other stage hears of it.
                    #expect(reply.body.contains("acme-4711") == (status == 404), "\(status) \(path): \(reply.body)")
                    #expect(reply.body.contains("status \(status)"), "\(status) \(path): \(reply.body)")
                }
            }
        }
    }

    @Test(arguments: [400, 413, 422])
    func `reaches the client where it is about the request`(status: Int) async throws {
        let said = #"{"error":{"message":"messages.3 is too long"}}"#
        try await ScriptedUpstream.run({ _ in .json(said, status: status) }) { upstream in
            try await RunningGateway.run(try RunningGateway.configuration(["small": upstream])) { gateway in
                let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
                #expect(reply.status == status && reply.body == said)
            }
        }
    }

    @Test func `stands in the log without what is secret`() throws {
        let lines = `logs`.Lines()
        var record = RequestRecord(
            id: "req_1", time: 5, api: .chatCompletions, model: "cascade",
            schema: LogSchema(stages: [StageSchema(name: "small"), StageSchema(name: "large")]))
        record.choices = [
            RequestRecord.Choice(stage: 0, name: "small", start: 0),
            RequestRecord.Choice(stage: 1, name: "large", start: 0),
        ]
        record.choices[0].fail(Self.error(401))
        record.decision = .failedOver
        record.status = 200
        RequestLog(logger: lines.logger(.notice)).note(record, trace: nil)
        let told = try JSONTree(ByteBuffer(string: try #require(lines.all.first)))
        #expect(told["level"]?.text == "warning", "only the operator can mend it")
        let said = try #require(told["failure_said"]?.text)
        #expect(said.contains("Incorrect API key [secret]") && said.contains("[email]"))
        #expect(!said.contains("abcdefghijklmnop") && record.choices[0].failure == "it answered with status 401")
        // What is about the request may hold its texts.
        #expect(Self.error(400).aside == nil && Self.error(500).aside != nil)
        let long = ByteBuffer(
            string: String(repeating: "x ", count: 140) + "sk-live-abcdefghijklmnopqrstuvwxyz0123456789")
        let aside = try #require(StageError.status(401, body: long, retryAfter: nil).aside)
        #expect(aside.count <= 300 && !aside.contains("abcdef"))
    }
}
