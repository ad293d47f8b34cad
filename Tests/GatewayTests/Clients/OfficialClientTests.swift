import Foundation
import Language
import Testing

@testable import Gateway

/// Where the official clients are, fetched by Scripts/clients; nil where they are not.
private let python: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["CASCADE_CLIENTS"] ?? "\(root)/.venv/clients/bin/python"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
}()

@Suite(.timeLimit(.minutes(5))) struct `programs that people use` {
    /// Runs a program to its end and returns its status and what it wrote.
    private func run(_ program: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
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

    /// Says hello, calls tools, breaks and dies, as it is asked.
    private static let script: ScriptedUpstream.Script = { request in
        let streams = request.body.contains(#""stream":true"#) || request.body.contains(#""stream": true"#)
        if request.path.hasSuffix("/embeddings") {
            return .json(
                #"{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[1.0,0.5]},{"object":"embedding","index":1,"embedding":[0.5,1.0]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#
            )
        }
        if request.body.contains("break") { return .json(#"{"error":{"message":"no"}}"#, status: 500) }
        if request.body.contains("die") {
            return .stream(["Hello"], isWhole: false) + [.wait(.milliseconds(50)), .close]
        }
        if request.body.contains("weather") {
            let arguments = #"{\"place\": \"Rome\"}"#
            if streams {
                return .events([
                    #"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}"#,
                    #"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\#(arguments)"}}]},"finish_reason":null}]}"#,
                    #"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
                    Completion.usage((10, 5)),
                ])
            }
            return .json(
                #"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"weather","arguments":"\#(arguments)"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}"#
            )
        }
        return streams ? .stream(["Hello", " there"]) : .completion("Hello there")
    }

    @Test(.enabled(if: python != nil, "the official clients are not here: run Scripts/clients"))
    func `the official clients of OpenAI and Anthropic work unchanged`() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "clients.py").path
        try await ScriptedUpstream.run(Self.script) { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].guarding.breaker.consecutive = 1000
            configuration.stages[0].guarding.retry.attempts = 1
            var arguments = [script]
            let path = try? ModelStore().path(of: "smollm2-135m")
            if path != nil {
                configuration.stages.append(GatewayConfiguration.Stage("local", .embedded("smollm2-135m")))
                configuration.models.append(GatewayConfiguration.Model("local", stages: ["local"]))
            }
            try await RunningGateway.run(configuration) { _ in
                try EmbeddedLanguageModel(path: try #require(path), context: ContextConfiguration(threads: 1))
            } _: { gateway in
                arguments += ["\(gateway.port)"] + (path == nil ? [] : ["local"])
                let (status, output) = try await run(try #require(python), arguments)
                #expect(status == 0 && output.hasSuffix("all\n"), "\(output)")
            }
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl"), "curl is not here"))
    func `curl works, and sees a stream as it comes`() async throws {
        try await ScriptedUpstream.run(Self.script) { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let address = "http://127.0.0.1:\(gateway.port)/v1/chat/completions"
                let body = RunningGateway.chat("small")
                let (status, output) = try await run(
                    "/usr/bin/curl", ["-sS", "-i", address, "-H", "content-type: application/json", "-d", body])
                #expect(status == 0 && output.hasPrefix("HTTP/1.1 200 OK") && output.contains("Hello there"))
                // A body of more than a megabyte makes curl wait for leave to send it.
                let long = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).json")
                try RunningGateway.chat("small", String(repeating: "x", count: 2 << 20)).write(
                    to: long, atomically: true, encoding: .utf8)
                let sent = try await run("/usr/bin/curl", ["-sS", "-N", address, "-d", "@\(long.path)"])
                #expect(sent.status == 0 && sent.output.contains("Hello there"))
                #expect(upstream.requests.last?.body.utf8.count ?? 0 > 2 << 20)
            }
        }
    }
}
