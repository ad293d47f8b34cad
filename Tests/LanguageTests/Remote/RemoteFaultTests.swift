import EndpointTesting
import Foundation
import Testing

@testable import Language

@Suite(.timeLimit(.minutes(3))) struct `endpoints that fail` {
    let hello = GenerationRequest(.chat([.user("Hello")]), maximumTokens: 20)
    private static let good = CompletionPiece.answer(["fine"])

    /// The failure of a request to a server that replies so, and how often it was asked.
    private func failure(
        _ change: (inout RemoteEndpoint) -> Void = { _ in },
        of steps: @escaping @Sendable (Int) -> [ScriptedServer.Step]
    ) async throws -> (failure: EndpointFailure?, asked: Int) {
        let server = try await ScriptedServer { steps($0.number) }
        defer { server.stop() }
        let model = try remoteModel(server, change: change)
        do {
            _ = try await model.generate(hello)
            return (nil, server.counts.requests.count)
        } catch {
            guard case LanguageError.endpoint(let name, let address, let failure) = error else { throw error }
            #expect(name == "m" && address == server.address)
            #expect("\(failure)".hasSuffix(".") || "\(failure)".hasSuffix("again."))
            return (failure, server.counts.requests.count)
        }
    }

    @Test(arguments: [500, 502, 503, 504, 408, 409, 425, 429])
    func `a passing fault is passed over`(status: Int) async throws {
        let result = try await failure { $0 < 2 ? [.reply(status, #"{"error":{"message":"later"}}"#)] : Self.good }
        #expect(result.failure == nil && result.asked == 3)
    }

    @Test func `one that stays is reported with what the endpoint says`() async throws {
        let result = try await failure({ $0.retries.attempts = 3 }) { _ in
            [.reply(500, #"{"error":{"message":"out of order"}}"#)]
        }
        #expect(result.failure == .refused(status: 500, message: "out of order") && result.asked == 3)
    }

    @Test(arguments: [400, 401, 403, 404, 422, 501])
    func `a lasting fault is reported at once`(status: Int) async throws {
        let result = try await failure { _ in [.reply(status, #"{"detail":"no"}"#)] }
        #expect(result.failure == .refused(status: status, message: "no") && result.asked == 1)
    }

    @Test func `the wait that a limit asks for is kept`() async throws {
        let start = ContinuousClock.now
        let result = try await failure {
            $0 == 0 ? [.reply(429, "{}", headers: ["Retry-After": "1"])] : Self.good
        }
        #expect(result.failure == nil && result.asked == 2)
        #expect(start.duration(to: .now) >= .seconds(1))
        let long = try await failure { _ in [.reply(429, "{}", headers: ["Retry-After": "86400"])] }
        #expect(long.failure == .busy(seconds: 86400, patience: 120) && long.asked == 1)
    }

    @Test func `a limit holds up the other requests, too`() async throws {
        let server = try await ScriptedServer { request in
            request.number == 0 ? [.reply(503, "{}", headers: ["retry-after-ms": "400"])] : Self.good
        }
        defer { server.stop() }
        let model = try remoteModel(server)
        let start = ContinuousClock.now
        async let first = model.generate(hello)
        #expect(await server.reaches { $0.requests.count == 1 })
        try await Task.sleep(for: .milliseconds(100))
        _ = try await model.generate(hello)
        #expect(start.duration(to: .now) >= .milliseconds(400))
        #expect(try await first.text == "fine")
    }

    @Test func `a stall in the middle of a reply ends in time, with what had come`() async throws {
        let server = try await ScriptedServer { _ in
            [.streamHead(), .event(CompletionPiece.text("so far"))]
        }
        defer { server.stop() }
        let model = try remoteModel(server) { $0.timeouts.nextBytes = 0.3 }
        var seen = ""
        do {
            for try await event in model.events(hello) { if case .token(let token) = event { seen += token.text } }
            Issue.record("it ended well")
        } catch {
            #expect(endpointFailure(error) == .timedOut(.nextBytes, seconds: 0.3))
        }
        #expect(seen == "so far" && server.counts.requests.count == 1)
        // The connection is closed, and nobody is left at the other end.
        #expect(await server.reaches { $0.open == 0 })
    }

    @Test func `no reply, or no end of a whole request, is a time-out`() async throws {
        let silent = try await failure({ $0.timeouts.firstByte = 0.2 }) { _ in [] }
        #expect(silent.failure == .timedOut(.firstByte, seconds: 0.2) && silent.asked == 1)
        let slow = try await failure({ $0.timeouts.whole = 0.4 }) { _ in
            [.streamHead()] + (0..<100).flatMap { _ in [.event(CompletionPiece.text("x")), .pause(20)] }
        }
        #expect(slow.failure == .timedOut(.whole, seconds: 0.4))
        // Attempts and pauses count, too.
        let patient = try await failure({
            $0.timeouts.whole = 0.3
            $0.retries.attempts = 1000
        }) { _ in [.reply(503, "{}")] }
        #expect(patient.failure == .timedOut(.whole, seconds: 0.3) && patient.asked > 1)
    }

    @Test func `half a JSON object, garbage, and an end before the end are told apart`() async throws {
        let half = #"{"id":"c","model":"m","choices":[{"index":0,"del"#
        let broken = try await failure({ $0.retries.attempts = 2 }) { _ in
            [.streamHead(), .chunk(Array("data: \(half)".utf8)), .close]
        }
        guard case .brokenOff = broken.failure else {
            Issue.record("\(String(describing: broken.failure))")
            return
        }
        #expect(broken.asked == 2)
        let cut = try await failure { _ in [.streamHead(), .event(half), .event("[DONE]"), .endOfChunks] }
        guard case .unreadable(let reason) = cut.failure else {
            Issue.record("\(String(describing: cut.failure))")
            return
        }
        #expect(reason.contains("it begins") && cut.asked == 1)
        for body in ["<html>Welcome</html>", "", "[]", "{}", #"{"choices":[]}"#, "null"] {
            let result = try await failure { _ in [.reply(body, type: "text/html")] }
            #expect(result.failure != nil && result.asked >= 1, "\(body)")
        }
        let noise = try await failure({ $0.retries.attempts = 2 }) { _ in
            [.text("\u{0}\u{1}\u{2} not HTTP\r\n\r\n"), .close]
        }
        #expect(noise.failure != nil)
        // The protocol's end came, and the reply's did not.
        let ended = try await failure({ $0.retries.attempts = 1 }) { _ in [.streamHead(), .endOfChunks] }
        guard case .brokenOff = ended.failure else {
            Issue.record("\(String(describing: ended.failure))")
            return
        }
    }

    @Test func `after a token nothing is asked again`() async throws {
        for last: ScriptedServer.Step in [.close, .reset] {
            let result = try await failure { _ in
                [.streamHead(), .event(CompletionPiece.text("a")), .pause(30), last]
            }
            guard case .brokenOff = result.failure else {
                Issue.record("\(String(describing: result.failure))")
                continue
            }
            #expect(result.asked == 1)
        }
    }

    @Test func `a reset before the first token is passed over`() async throws {
        let result = try await failure { $0 == 0 ? [.reset] : Self.good }
        #expect(result.failure == nil && result.asked == 2)
        let nobody = try await ScriptedServer { _ in [] }
        nobody.stop()
        try await Task.sleep(for: .milliseconds(50))
        let model = try remoteModel(nobody) { $0.retries.attempts = 2 }
        do {
            _ = try await model.generate(hello)
            Issue.record("somebody answered")
        } catch {
            guard case .unreachable = endpointFailure(error) else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `another model's reply is an error, a dated version or an alias is none`() async throws {
        let other = try await failure { _ in CompletionPiece.answer(["x"], model: "m-large") }
        #expect(other.failure == .otherModel(asked: "m", answered: "m-large") && other.asked == 1)
        #expect(try await failure { _ in CompletionPiece.answer(["x"], model: "m-2026-01-31") }.failure == nil)
        #expect(try await failure { _ in CompletionPiece.answer(["x"], model: "") }.failure == nil)
        let server = try await ScriptedServer { _ in CompletionPiece.answer(["x"], model: "m-large") }
        defer { server.stop() }
        var model = try remoteModel(server)
        model.aliases = ["m-large"]
        #expect(try await model.generate(hello).text == "x")
    }

    @Test func `bytes that come one by one make whole characters`() async throws {
        let words = ["naïve ", "日本語 ", "🎈🎈", " ok"]
        let server = try await ScriptedServer { _ in
            let body =
                words.map { "data: \(CompletionPiece.text($0))\r\n\r\n" }.joined()
                + "data: \(CompletionPiece.finish())\r\n\r\ndata: [DONE]\r\n\r\n"
            // Raw bytes in the JSON, each in a chunk of its own.
            return [.streamHead()] + Array(body.utf8).map { .chunk([$0]) } + [.endOfChunks]
        }
        defer { server.stop() }
        let text = try await remoteModel(server).generate(hello)
        #expect(text.text == words.joined() && text.tokens.map(\.text) == words)
    }

    @Test func `one request of a batch fails and the rest go on`() async throws {
        let server = try await ScriptedServer { request in
            request.body.contains("bad") ? [.reply(400, #"{"error":"bad"}"#)] : Self.good
        }
        defer { server.stop() }
        let requests = ["a", "b", "bad", "c"].map { GenerationRequest(.chat([.user($0)])) }
        let texts = try await remoteModel(server).generate(requests)
        #expect(texts.map { (try? $0.get())?.text } == ["fine", "fine", nil, "fine"])
    }

    @Test func `whoever stops reading closes the connection`() async throws {
        let server = try await ScriptedServer { _ in
            [.streamHead()] + (0..<1000).flatMap { _ in [.event(CompletionPiece.text("x")), .pause(5)] }
        }
        defer { server.stop() }
        let model = try remoteModel(server)
        var count = 0
        for try await _ in model.events(hello) {
            count += 1
            if count == 3 { break }
        }
        #expect(await server.reaches { $0.open == 0 && $0.running == 0 })
        let task = Task { try await model.generate(hello) }
        #expect(await server.reaches { $0.requests.count == 2 && $0.open == 1 })
        task.cancel()
        await #expect(throws: (any Error).self) { try await task.value }
        #expect(await server.reaches { $0.open == 0 && $0.running == 0 })
        // One that waits for its turn leaves without ever being sent.
        let single = try remoteModel(server) { $0.concurrency = 1 }
        let busy = Task { try await single.generate(hello) }
        #expect(await server.reaches { $0.requests.count == 3 })
        let waiting = Task { try await single.generate(hello) }
        try await Task.sleep(for: .milliseconds(30))
        waiting.cancel()
        await #expect(throws: (any Error).self) { try await waiting.value }
        busy.cancel()
        _ = try? await busy.value
        #expect(await server.reaches { $0.open == 0 } && server.counts.requests.count == 3)
    }

    @Test func `a reply that is complete but not ended is taken`() async throws {
        let server = try await ScriptedServer { _ in
            Array(CompletionPiece.answer(["fine"]).dropLast())
        }
        defer { server.stop() }
        let start = ContinuousClock.now
        #expect(try await remoteModel(server).generate(hello).text == "fine")
        #expect(start.duration(to: .now) < .seconds(4))
        #expect(await server.reaches { $0.open == 0 })
    }
}

/// The failure in an error, if it is an endpoint's.
private func endpointFailure(_ error: any Error) -> EndpointFailure? {
    guard case LanguageError.endpoint(_, _, let failure) = error else { return nil }
    return failure
}
