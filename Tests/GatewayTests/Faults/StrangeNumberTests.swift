import Cascades
import Foundation
import NIOCore
import NIOHTTP1
import Storage
import StorageTesting
import Synchronization
import Testing

@testable import Gateway

/// Every number that the gateway reads of others, set to what no number there should be: the process lives, and says so.
@Suite(.timeLimit(.minutes(5))) struct `numbers that can't be` {
    static let numbers = [
        "1e30", "-1e30", "1e308", "-1e308", "1e999", "-1e999", "1e-999", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "-1", "-0", "0", "0.5", "2.5e0",
        "123456789012345678901234567890123456789012345678901234567890", "4294967296", "null", "\"7\"", "[]", "{}",
        "true",
    ]

    @Test func `become the nearest whole number that there is`() {
        #expect(Int(bounding: 1e30) == .max && Int(bounding: -1e30) == .min && Int(bounding: .nan) == 0)
        #expect(Int(bounding: .infinity) == .max && UInt64(bounding: -.infinity) == 0 && UInt64(bounding: -3) == 0)
        #expect(
            Int(bounding: -2.9) == -2 && Int(bounding: 7) == 7 && UInt64(bounding: 1e19) == 10_000_000_000_000_000_000)
    }

    @Test func `are none where they are read`() throws {
        func number(_ text: String) throws -> Double? {
            try ByteBuffer(string: text).withCursor { (cursor) throws(JSONFault) in
                let range = try cursor.skip()
                return cursor.number(range)
            }
        }
        #expect(try number("1e999") == nil)
        #expect(try number("-1e999") == nil)
        #expect(try number("1e308") == 1e308)
        #expect(try number("-12") == -12)
        #expect(JSONTree.literal("1e999").number == nil && JSONTree.literal("0.5").number == 0.5)
    }

    /// A gateway as the README sets it up, whose policy reads log-probabilities, with a store, limits, traces and texts.
    private func run(
        _ script: @escaping ScriptedUpstream.Script, _ body: (StoredGateway, _ key: String) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run({ _ in .json("{}") }) { collector in
            try await ScriptedUpstream.run(script) { upstream in
                var configuration = try RunningGateway.configuration(
                    ["small": upstream, "large": upstream], policy: RunningGateway.deferring,
                    schema: RunningGateway.schema)
                for index in configuration.stages.indices {
                    configuration.stages[index].guarding.retry.attempts = 1
                    configuration.stages[index].guarding.breaker.consecutive = 1_000_000
                    configuration.stages[index].guarding.breaker.calls = 1_000_000
                    configuration.stages[index].prices = PriceList(perMillionTokensIn: 1, perMillionTokensOut: 2)
                }
                var traces = TracingOptions(endpoint: "http://127.0.0.1:\(collector.port)")
                traces.interval = 0.02
                configuration.traces = traces
                configuration.keeping.texts = .whole
                try await StoredGateway.run(configuration) { gateway in
                    let key = try await gateway.makeKey(limits: [Limit(.money, 1_000_000, per: .total)])
                    try await body(gateway, key.key.secret)
                    // It lives, and what it counted can be read.
                    try await gateway.services.writer.flush()
                    #expect(try await gateway.administer(.GET, "requests?limit=1000").status == 200)
                    #expect(try await gateway.administer(.GET, "budgets").status == 200)
                    #expect(try await gateway.send(.GET, "/metrics", key: StoredGateway.administrator).status == 200)
                    #expect(gateway.services.writer.counts.lost == 0)
                }
            }
        }
    }

    @Test func `of a request are refused or passed on, whatever field they stand in`() async throws {
        let script: ScriptedUpstream.Script = { request in
            request.body.contains(#""stream":true"#)
                ? .stream(["a"], logprobs: [-0.5]) : .completion("a", logprobs: [-0.5])
        }
        let chat = [
            "n", "best_of", "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "seed",
            "logprobs", "stream", "stream_options", "stream_options.include_usage", "top_logprobs",
        ]
        try await run(script) { gateway, key in
            for number in Self.numbers {
                var bodies = chat.map { field in
                    let parts = field.split(separator: ".")
                    let value = parts.count == 2 ? "{\"\(parts[1])\":\(number)}" : number
                    return (
                        "/v1/chat/completions", RunningGateway.chat("cascade", more: ",\"\(parts[0])\":\(value)")
                    )
                }
                bodies.append(
                    (
                        "/v1/chat/completions",
                        RunningGateway.chat("cascade", more: ",\"logprobs\":true,\"top_logprobs\":\(number)")
                    ))
                for field in ["logprobs", "max_tokens", "n", "best_of"] {
                    bodies.append(
                        ("/v1/completions", "{\"model\":\"cascade\",\"prompt\":\"Hi\",\"\(field)\":\(number)}"))
                }
                bodies.append(("/v1/messages", RunningGateway.chat("cascade", more: ",\"max_tokens\":\(number)")))
                bodies.append(
                    ("/v1/responses", "{\"model\":\"cascade\",\"input\":\"Hi\",\"max_output_tokens\":\(number)}"))
                for (path, body) in bodies {
                    let reply = try await gateway.send(.POST, path, body, key: key)
                    #expect([200, 400, 429, 502].contains(reply.status), "\(body): \(reply.status) \(reply.body)")
                }
            }
        }
    }

    /// Answers of stages with `number` in each place where one is read.
    private static func answers(_ number: String) -> [String] {
        let choice = #""choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]"#
        func told(_ entry: String) -> String {
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"logprobs":{"content":[\#(entry)]},"finish_reason":"stop"}]}"#
        }
        var answers = [
            #"{"choices":[{"index":\#(number),"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}"#,
            #"{"created":\#(number),\#(choice)}"#,
            told(#"{"token":"a","logprob":\#(number),"top_logprobs":[]}"#),
            told(
                #"{"token":"a","logprob":-1,"top_logprobs":[{"token":"a","logprob":\#(number)},{"token":"b","logprob":-3}]}"#
            ),
            told(#"{"token":"a","logprob":-1,"entropy":\#(number),"margin":\#(number),"top_logprobs":[]}"#),
            #"{"choices":[{"index":0,"text":"a","logprobs":{"token_logprobs":[\#(number)],"top_logprobs":[{"a":\#(number)}]},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"index":\#(number),"id":"c","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
        ]
        for field in [
            "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "cache_read_input_tokens",
            "cache_creation_input_tokens", "total_tokens",
        ] { answers.append(#"{\#(choice),"usage":{"\#(field)":\#(number)}}"#) }
        answers.append(
            #"{\#(choice),"usage":{"prompt_tokens":\#(number),"completion_tokens":\#(number),"prompt_tokens_details":{"cached_tokens":\#(number)}}}"#
        )
        return answers
    }

    @Test func `of a stage end no process and are nobody's bill, whole or streamed`() async throws {
        let answer = Mutex("")
        try await run { request in
            let text = answer.withLock { $0 }
            guard request.body.contains(#""stream":true"#) else { return .json(text) }
            return .events([text.replacing("\"message\"", with: "\"delta\"")])
        } _: { gateway, key in
            for number in Self.numbers {
                for text in Self.answers(number) {
                    answer.withLock { $0 = text }
                    for more in ["", #","stream":true"#] {
                        let bodies = [
                            ("/v1/chat/completions", RunningGateway.chat("cascade", more: ",\"max_tokens\":9" + more)),
                            ("/v1/messages", RunningGateway.chat("small", more: ",\"max_tokens\":9" + more)),
                            (
                                "/v1/responses",
                                "{\"model\":\"small\",\"input\":\"Hi\",\"max_output_tokens\":9\(more)}"
                            ),
                        ]
                        for (path, body) in bodies {
                            let reply = try await gateway.send(.POST, path, body, key: key)
                            #expect(
                                [200, 502].contains(reply.status), "\(path) \(text): \(reply.status) \(reply.body)")
                        }
                    }
                }
            }
            // A count that can't be is taken for none; all requests together took next to nothing.
            let record = try #require(try await gateway.store.keys.all().first)
            try await gateway.services.writer.flush()
            let spent = try await gateway.store.ledger.spent(record.id, record.limits[0], at: 0)
            #expect(spent.settled < 1_000_000_000, "\(spent.settled) billionths of a dollar")
        }
    }

    @Test func `in what a stage's head says end no process`() async throws {
        let head = Mutex("")
        try await run { _ in
            .json("{}", status: 429, headers: ["retry-after: \(head.withLock { $0 })"])
        } _: {
            gateway, key in
            for number in Self.numbers + ["nan", "inf", "-inf", "Wed, 21 Oct 2099 07:28:00 GMT"] {
                head.withLock { $0 = number }
                let reply = try await gateway.ask("small", key: key, more: ",\"max_tokens\":9")
                let wait = reply("retry-after").flatMap { Int($0) }
                #expect(reply.status == 429 && wait.map { (1...3600).contains($0) } == true, "\(number): \(reply.body)")
            }
        }
    }
}
