import Cascades
import Deferral
import EndpointTesting
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct `cascade serve at a hang-up` {
    /// Answers with the name of the model that it was asked for, sure of itself.
    private static func upstream() async throws -> ScriptedServer {
        try await ScriptedServer { request in
            let name = request.body.contains("small-model") ? "small" : "large"
            let told = #"{"content":[{"token":"a","logprob":-0.5,"top_logprobs":[{"token":"a","logprob":-0.5}]}]}"#
            return [
                .reply(
                    #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"from \#(name)"},"logprobs":\#(told),"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#
                )
            ]
        }
    }

    /// The file of a policy that gives the small one's answer, or always asks the large one.
    private static func policy(keeps: Bool) throws -> Data {
        let schema = LogSchema(stages: [
            StageSchema(name: "small", evidence: Evidence.tokenNames), StageSchema(name: "large"),
        ])
        return try PolicyFile(
            family: "test", schema: schema, objective: Objective(weights: CostWeights(money: 1)),
            policy: ThresholdPolicy(
                steps: [
                    ThresholdPolicy.Step(
                        stage: 0, score: ConfidenceScore(signal: 0), threshold: keeps ? -1e9 : .infinity)
                ], last: 1)
        ).encoded()
    }

    /// Asks until the answer is `word`'s, for half a minute at most.
    private func answer(_ gateway: ServedGateway, becomes word: String) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if await gateway.ask("cascade", "hello", key: "none")?.body.contains("from \(word)") == true { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test(arguments: [false, true])
    func `the policy that an option names is read again, and a broken one changes nothing`(hasStore: Bool) async throws
    {
        let folder = try TemporaryFolder()
        let upstream = try await Self.upstream()
        defer { upstream.stop() }
        let path = folder.path("policy.json")
        try Self.policy(keeps: true).write(to: URL(fileURLWithPath: path))
        var arguments = [
            "--policy", path, "--endpoint", "small=\(upstream.address),small-model", "--endpoint",
            "large=\(upstream.address),large-model",
        ]
        if hasStore { arguments += ["--store", folder.path("gateway.sqlite")] }
        let gateway = try await ServedGateway(arguments, folder)
        #expect(try await answer(gateway, becomes: "small"))
        try Self.policy(keeps: false).write(to: URL(fileURLWithPath: path))
        gateway.hangUp()
        #expect(try await answer(gateway, becomes: "large"), "\(gateway.said)")
        _ = try folder.write("{", "policy.json")
        gateway.hangUp()
        let end = ContinuousClock.now + .seconds(30)
        while !gateway.said.contains("stays as it was"), ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(gateway.said.contains("policy.json") && gateway.said.contains("Everything stays as it was."))
        #expect(try await answer(gateway, becomes: "large"))
        #expect(try await gateway.stop() == 0)
    }
}
