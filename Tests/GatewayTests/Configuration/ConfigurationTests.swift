import Cascades
import Foundation
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `configurations` {
    @Test func `YAML and JSON say the same`() throws {
        setenv("GATEWAY_TEST_KEY", "secret", 1)
        let yaml = """
            listen: "[::1]:9000"
            stages:
              small:
                endpoint: http://127.0.0.1:8001/v1
                model: tiny
                key: env:GATEWAY_TEST_KEY
                price: {in: 0.5, out: 1.5}
                timeouts: {connect: 1, first_byte: 2}
                continuation: vllm
                logprobs: false
              local: {embedded: smollm2-135m}
            models:
              fast: {stages: [small, local], fail_over: [local], hold: {seconds: 2, overflow: drop}, go_on: true}
            """
        let json = """
            {"listen": "[::1]:9000", "stages": {"small": {"endpoint": "http://127.0.0.1:8001/v1", "model": "tiny",
             "key": "env:GATEWAY_TEST_KEY", "price": {"in": 0.5, "out": 1.5}, "timeouts": {"connect": 1, "first_byte": 2},
             "logprobs": false, "continuation": "vllm"}, "local": {"embedded": "smollm2-135m"}},
             "models": {"fast": {"stages": ["small", "local"], "fail_over": ["local"], "hold": {"seconds": 2, "overflow": "drop"}, "go_on": true}}}
            """
        for text in [yaml, json] {
            let configuration = try GatewayConfiguration.read(text, file: "gateway")
            #expect(configuration.host == "::1" && configuration.port == 9000 && configuration.isLoopback)
            let small = configuration.stages[0]
            #expect(small.key == "secret" && small.model == "tiny" && !small.tellsTokens)
            #expect(small.prices.perMillionTokensOut == 1.5 && small.timeouts.firstByte == 2)
            #expect(configuration.stages[1].kind == .embedded("smollm2-135m"))
            let model = configuration.models[0]
            #expect(small.continuation == .vllm && model.goesOn)
            #expect(model.stages == ["small", "local"] && model.failOver == ["local"] && model.hold.overflow == .drop)
        }
    }

    @Test func `without models every stage is published by its name`() throws {
        let configuration = try GatewayConfiguration.read("stages: {a: {embedded: x}, b: {embedded: y}}", file: "f")
        #expect(configuration.models.map(\.name) == ["a", "b"])
    }

    @Test(arguments: [
        ("stages:\n  a: {embedded: x}\nmodel: 1\n", 3, "models"),
        ("stages:\n  a:\n    endpont: x\n", 3, "endpoint"),
        ("stages:\n  a: {endpoint: http://x, embedded: y}\n", 2, "either"),
        ("stages:\n  a: {endpoint: http://x/v1, key: sk-123}\n", 2, "env:"),
        ("stages:\n  a: {endpoint: http://x/v1, key: env:NO_SUCH_NAME}\n", 2, "NO_SUCH_NAME"),
        ("listen: nowhere\nstages: {a: {embedded: x}}\n", 1, "host:port"),
        ("stages:\n  a: {embedded: x}\n  a: {embedded: y}\n", 3, "twice"),
        ("stages:\n  a: {embedded: x, price: {in: -1}}\n", 2, "number"),
        ("stages:\n  a: {embedded: x}\nmodels:\n  m: {stages: [b]}\n", 4, "no stage b"),
        ("stages:\n  a: {embedded: x\n", 3, "expected"),
    ])
    func `what is wrong is said with its line`(_ text: String, _ line: Int, _ word: String) throws {
        let error = #expect(throws: GatewayError.self) { try GatewayConfiguration.read(text, file: "gateway.yaml") }
        guard case .badConfiguration(_, let found, let reason, let remedy)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("\(reason) \(remedy)".contains(word), "\(reason) \(remedy)")
        #expect(
            found.map { abs($0 - line) <= (word.isEmpty || word == "twice" ? 2 : 0) } ?? false,
            "\(reason) at \(found ?? -1)")
    }

    @Test func `others can't be let in without keys`() throws {
        var configuration = try GatewayConfiguration.read("stages: {a: {embedded: x}}", file: "f")
        configuration.host = "0.0.0.0"
        #expect(throws: GatewayError.self) { try GatewayServer(configuration) { _ in throw CancellationError() } }
    }
}
