import Foundation
import Testing

@testable import Language

/// llama.cpp's own server: `Scripts/native --peers` builds it into .native/bin.
private enum LlamaServer {
    /// Where it is, or nil.
    static let path: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return ([root.appendingPathComponent(".native/bin").path] + folders).map { "\($0)/llama-server" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static var canRun: Bool { path != nil && TestModels.smollm2 != nil }
}

/// A server that runs while the test does.
private final class RunningServer {
    let port = Int.random(in: 20000..<60000)
    private let process = Process()

    init() throws {
        process.executableURL = URL(fileURLWithPath: LlamaServer.path!)
        process.arguments = [
            "-m", TestModels.smollm2!, "--host", "127.0.0.1", "--port", "\(port)", "-c", "2048", "-t", "1", "-tb", "1",
            "-np", "1", "-a", "smollm2",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        // It inherits the blocked signals of the thread that started it: SIGTERM would wait for ever.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// A model there. While the server starts it refuses connections, and says 503 while it loads the weights: both are
    /// tried again.
    func model(_ name: String = "smollm2") throws -> RemoteLanguageModel {
        var endpoint = RemoteEndpoint("http://127.0.0.1:\(port)/v1")
        endpoint.dialect = .llamaServer
        endpoint.retries.attempts = 100
        endpoint.retries.longestPause = 1
        return RemoteLanguageModel(name, client: try RemoteClient(endpoint), tells: .topTokens(5))
    }
}

@Suite(
    .serialized, .timeLimit(.minutes(4)),
    .enabled(if: LlamaServer.canRun, "needs `Scripts/native --peers` and `cascade models get smollm2-135m`"))
struct `llama.cpp's server` {
    @Test func `says of a text what the model in this process says`() async throws {
        let server = try RunningServer()
        let remote = try server.model()
        let embedded = EmbeddedLanguageModel(try EmbeddedContext(TestModels.load(), ContextConfiguration(threads: 1)))

        // Plain text, the likeliest tokens.
        let request = GenerationRequest("The capital of France is", sampling: .greedy, maximumTokens: 8)
        let far = try await remote.generate(request)
        let near = try await embedded.generate(request)
        #expect(far.text == near.text, "\(far.text) / \(near.text)")
        #expect(far.usage.promptTokens == near.usage.promptTokens && far.usage.completionTokens == 8)
        #expect(!far.usage.isEstimated && far.tokens.count == 8)
        for (a, b) in zip(far.tokens, near.tokens) {
            // The same weights, batched otherwise: a tenth of a nat is the most that it has made.
            #expect(abs((a.logProbability ?? .nan) - b.logProbability!) < 0.1)
            // What is not told is counted as one, so that the entropy is a lower bound.
            #expect((a.entropy ?? .nan) <= b.entropy! + 0.1)
            #expect(abs((a.margin ?? .nan) - b.margin!) < 0.05)
        }

        // A conversation held to a schema, and to a grammar.
        var chat = GenerationRequest(
            .chat([.user("Give me a colour as JSON.")]), sampling: .greedy, maximumTokens: 40,
            constraint: .jsonSchema(
                #"{"type":"object","properties":{"colour":{"type":"string","maxLength":12}},"required":["colour"],"additionalProperties":false}"#
            ))
        let json = try await remote.generate(chat)
        let object = try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any]
        #expect(object?["colour"] is String, "\(json.text)")
        chat.constraint = .grammar("root ::= \"red\" | \"blue\"")
        let word = try await remote.generate(chat)
        #expect(["red", "blue"].contains(word.text), "\(word.text)")

        // Leaving in the middle frees the server's only seat.
        var long = chat
        long.constraint = nil
        long.maximumTokens = 1500
        var count = 0
        for try await _ in remote.events(long) {
            count += 1
            if count == 3 { break }
        }
        long.maximumTokens = 4
        #expect(try await remote.generate(long).usage.completionTokens <= 4)

        // More than its context holds is refused with its words.
        await #expect(throws: LanguageError.self) {
            try await remote.generate(GenerationRequest(.text(String(repeating: "long ", count: 4000))))
        }
    }
}
