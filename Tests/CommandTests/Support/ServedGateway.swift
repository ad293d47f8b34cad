import Foundation

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// A gateway in a process of its own, that can be killed.
final class ServedGateway: Sendable {
    private let process: Process
    private let errors: String
    let address: String
    /// What it said on its standard error.
    var said: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    /// Starts `cascade serve` and waits until it listens.
    init(_ arguments: [String], _ folder: TemporaryFolder, environment: [String: String] = [:]) async throws {
        let errors = folder.path("errors-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Cascade.path)
        process.arguments = ["serve", "--listen", "127.0.0.1:0"] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: errors)
        try process.run()
        self.process = process
        self.errors = errors
        var told = ""
        for _ in 0..<6_000 {
            told = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            if told.contains("/v1") || !process.isRunning { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        guard let found = told.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+/)?.output else {
            kill(process.processIdentifier, SIGKILL)
            throw Failed(description: "it does not listen: \(told)")
        }
        address = String(found)
    }

    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpMaximumConnectionsPerHost = 64
        configuration.timeoutIntervalForRequest = 120
        return URLSession(configuration: configuration)
    }()

    struct Failed: Error, CustomStringConvertible { var description: String }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// kill -9.
    func kill9() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Tells it to read its files again.
    func hangUp() { kill(process.processIdentifier, SIGHUP) }

    /// Tells it to stop.
    func terminate() { process.terminate() }

    /// Tells it to stop and waits until it did.
    func stop() async throws -> Int32 {
        terminate()
        for _ in 0..<9_000 where process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
        guard !process.isRunning else { throw Failed(description: "it does not stop") }
        return process.terminationReason == .exit ? process.terminationStatus : -1
    }

    struct Reply: Sendable {
        var status: Int
        var id: String?
        var body: String
    }

    /// Sends a request; nil where nothing came back.
    func send(_ path: String, _ body: String? = nil, key: String) async -> Reply? {
        guard let url = URL(string: address + path) else { return nil }
        var request = URLRequest(url: url)
        request.setValue("Bearer \(key)", forHTTPHeaderField: "authorization")
        if let body {
            request.httpMethod = "POST"
            request.httpBody = Data(body.utf8)
        }
        guard let (data, answer) = try? await Self.session.data(for: request),
            let response = answer as? HTTPURLResponse
        else { return nil }
        return Reply(
            status: response.statusCode, id: response.value(forHTTPHeaderField: "x-cascade-request-id"),
            body: String(decoding: data, as: UTF8.self))
    }

    func ask(_ model: String, _ text: String, key: String) async -> Reply? {
        await send(
            "/v1/chat/completions",
            #"{"model": "\#(model)", "messages": [{"role": "user", "content": "\#(text)"}], "max_tokens": 5}"#, key: key
        )
    }
}
