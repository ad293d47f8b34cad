import Foundation
import Testing

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

@Suite(.timeLimit(.minutes(5))) struct `cascade serve` {
    @Test(arguments: [
        (["serve"], 64, "nothing to ask"), (["serve", "--endpoint", "small"], 64, "endpoint"),
        (["serve", "--endpoint", "small=ftp://x"], 64, "endpoint"),
        (["serve", "--config", "a.yaml", "--embedded", "smollm2-135m"], 64, "--config"),
        (["serve", "--embedded", "smollm2-135m", "--listen", "here"], 64, "--listen"),
        (["serve", "--config", "/no/such/gateway.yaml"], 65, "no such file"),
        (["serve", "--endpoint", "small=http://127.0.0.1:1/v1@env:NO_SUCH_NAME_HERE"], 65, "NO_SUCH_NAME_HERE"),
        (["serve", "--endpoint", "small=http://127.0.0.1:1/v1", "--listen", "0.0.0.0:0"], 65, "keys"),
        (["serve", "--endpoint", "small=http://127.0.0.1:1/v1", "--policy", "/no/such/policy.json"], 65, "policy"),
    ])
    func `what can't be served is said at once`(_ arguments: [String], _ status: Int, _ word: String) throws {
        let run = try Cascade.run(arguments)
        #expect(run.status == Int32(status) && run.errors.contains(word), "\(run.errors)")
    }

    @Test func `it serves until it is told to stop`() async throws {
        let folder = try TemporaryFolder()
        let configuration = try folder.write(
            "listen: 127.0.0.1:0\nstages: {small: {endpoint: http://127.0.0.1:1/v1}}\n", "gateway.yaml")
        let errors = folder.path("errors")
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Cascade.path)
        process.arguments = ["serve", "--config", configuration]
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        var told = ""
        for _ in 0..<3_000 {
            told = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            if told.contains("/v1") || !process.isRunning { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let address = try #require(told.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+/)?.output)
        let health = try String(contentsOf: try #require(URL(string: "\(address)/health/ready")), encoding: .utf8)
        #expect(health.contains("ok"))
        process.terminate()
        for _ in 0..<3_000 where process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!process.isRunning && process.terminationReason == .exit && process.terminationStatus == 0)
    }
}
