import Cascades
import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `metrics` {
    /// Answers that small is sure of, but for texts with "hard" in them.
    private static let script: ScriptedUpstream.Script = { request in
        if request.body.contains("break") { return .json(#"{"error":{"message":"no"}}"#, status: 500) }
        if request.body.contains("large-model") { return .completion("sure", tokens: (10, 5)) }
        return .completion("well", logprobs: [request.body.contains("hard") ? -3 : -0.1], tokens: (10, 5))
    }

    private func run<Result>(_ body: (RunningGateway) async throws -> Result) async throws -> Result {
        try await ScriptedUpstream.run(Self.script) { small in
            try await ScriptedUpstream.run(Self.script) { large in
                var configuration = try RunningGateway.configuration(
                    ["small": small, "large": large], policy: RunningGateway.deferring, schema: RunningGateway.schema)
                for index in configuration.stages.indices {
                    configuration.stages[index].guarding.retry.attempts = 1
                    configuration.stages[index].guarding.breaker.consecutive = 3
                    // Large costs ten times as much.
                    if configuration.stages[index].name == "small" {
                        configuration.stages[index].prices = PriceList(
                            perMillionTokensIn: 1e5, perMillionTokensOut: 2e5)
                    }
                }
                return try await RunningGateway.run(configuration, body)
            }
        }
    }

    @Test func `count what happened, in the format of Prometheus`() async throws {
        try await run { gateway in
            func ask(_ model: String, _ text: String) async throws {
                _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat(model, text))
            }
            for _ in 0..<6 { try await ask("cascade", "easy") }
            for _ in 0..<4 { try await ask("cascade", "hard") }
            try await ask("nothing", "x")
            for _ in 0..<4 { try await ask("small", "break") }
            let reply = try await gateway.get("/metrics")
            #expect(reply.status == 200 && reply("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            let metrics = try PrometheusParser(reply.body)
            #expect(
                metrics.value(
                    "cascade_requests_total",
                    ["model": "cascade", "stage": "small", "decision": "answered", "status": "200"]) == 6)
            #expect(
                metrics.value(
                    "cascade_requests_total",
                    ["model": "cascade", "stage": "large", "decision": "answered", "status": "200"]) == 4)
            #expect(metrics.sum("cascade_requests_total", ["model": "small", "decision": "failed"]) == 4)
            #expect(metrics.value("cascade_refused_total", ["status": "404"]) == 1)
            #expect(metrics.value("cascade_request_seconds_count", ["model": "cascade"]) == 10)
            #expect(metrics.value("cascade_first_byte_seconds_count", ["model": "cascade"]) == 10)
            #expect(metrics.value("cascade_stage_seconds_count", ["stage": "large"]) == 4)
            #expect(metrics.value("cascade_deferred_total", ["model": "cascade"]) == 4)
            let rate = try #require(metrics.value("cascade_deferral_ratio"))
            #expect(abs(rate - 4.0 / 14) < 1e-12)
            // Ten answers of small at $2, four of large at $20; the reference is large.
            let cost = try #require(metrics.value("cascade_cost_dollars_total", ["model": "cascade"]))
            let reference = try #require(metrics.value("cascade_reference_cost_dollars_total", ["model": "cascade"]))
            let saved = try #require(metrics.value("cascade_saved_dollars", ["model": "cascade"]))
            #expect(abs(cost - 100) < 1e-9 && abs(reference - 200) < 1e-9 && abs(saved - 100) < 1e-9)
            #expect(metrics.value("cascade_stage_tokens_total", ["stage": "small", "direction": "in"]) == 100)
            #expect(metrics.value("cascade_stage_calls_total", ["stage": "small", "outcome": "answered"]) == 10)
            #expect(metrics.value("cascade_stage_calls_total", ["stage": "small", "outcome": "failed"]) == 4)
            #expect(metrics.value("cascade_breaker_state", ["stage": "small"]) == 2)
            #expect(metrics.value("cascade_breaker_state", ["stage": "large"]) == 0)
            for name in ["cascade_stage_running", "cascade_stage_waiting"] {
                #expect(metrics.value(name, ["stage": "small"]) == 0 && metrics.kinds[name] == "gauge")
            }
            #expect(
                metrics.kinds.keys.allSatisfy { name in
                    metrics.kinds[name] != "counter" || name.hasSuffix("_total")
                })
        }
    }

    @Test(.enabled(if: Promtool.path != nil, "promtool is not here: apt-get install prometheus"))
    func `pass promtool`() async throws {
        try await run { gateway in
            for text in ["easy", "hard"] {
                _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade", text))
            }
            let text = try await gateway.get("/metrics").body
            let (status, output) = try await Promtool.check(text)
            #expect(status == 0 && !output.contains("error"), "\(output)")
            // It does look: a counter without its ending is complained of.
            #expect(try await Promtool.check("# HELP x y\n# TYPE x counter\nx 1\n").output.contains("_total"))
        }
    }

    @Test func `escape names, and keep to the bounds of a histogram`() throws {
        var text = PrometheusText()
        text.begin("a_total", "counter", "Help.")
        text.add("a_total", [("model", "a\"b\\c\nd")], 1)
        text.begin("h", "histogram", "Help.")
        var histogram = LatencyHistogram()
        for seconds in [0.001, 0.0011, 0.5, 600, 601] { histogram.observe(seconds) }
        text.add("h", [], histogram)
        let metrics = try PrometheusParser(String(buffer: text.text))
        #expect(metrics.samples[0].labels == ["model": "a\"b\\c\nd"])
        #expect(metrics.value("h_bucket", ["le": "0.001"]) == 1)
        #expect(metrics.value("h_bucket", ["le": "600"]) == 4)
        #expect(metrics.value("h_count") == 5)
    }

    @Test(arguments: [
        "x 1", "# HELP x y\n# TYPE x counter\nx 1\nx 2\n", "# HELP x y\n# TYPE x counter\nx{a=\"1\",a=\"2\"} 2\n",
        "# HELP x y\n# TYPE x counter\nx -1\n", "# HELP x y\n# TYPE x gauge\ny 1\n",
        "# HELP x y\n# TYPE x histogram\nx_bucket{le=\"1\"} 2\nx_bucket{le=\"+Inf\"} 1\nx_sum 1\nx_count 1\n",
        "# HELP x y\n# TYPE x gauge\nx{a=\"\\q\"} 1\n", "# HELP x y\n# TYPE x gauge\nx  1\n",
    ])
    func `the parser refuses what is no such text`(_ text: String) {
        #expect(throws: PrometheusParser.Fault.self) { try PrometheusParser(text) }
    }
}

/// Prometheus' own checker of metrics.
enum Promtool {
    static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool", "/opt/homebrew/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    static func check(_ text: String) async throws -> (status: Int32, output: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "metrics-\(UUID().uuidString).txt")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "")
        process.arguments = ["check", "metrics"]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        // Reading blocks: not on a thread that the gateway needs.
        let output = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: pipe.fileHandleForReading.readDataToEndOfFile())
                process.waitUntilExit()
            }
        }
        _ = try await eventually { !process.isRunning }
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
