import Cascades
import Foundation
import NIOCore
import NIOPosix
import Storage
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `calls of endpoints` {
    private func client(
        _ address: String, headers: [(name: String, value: String)] = [], timeouts: StageTimeouts = StageTimeouts(),
        replyLimit: Int = 1 << 20
    ) throws -> EndpointClient {
        try EndpointClient(
            stage: "small", base: address, headers: headers, timeouts: timeouts, replyLimit: replyLimit,
            group: MultiThreadedEventLoopGroup.singleton)
    }

    private func request(_ body: String = "{}", streams: Bool = false) -> StageRequest {
        StageRequest(api: .chatCompletions, body: ByteBuffer(string: body), streams: streams)
    }

    private func text(_ reply: StageReply) -> String? {
        if case .whole(let bytes) = reply.body { String(buffer: bytes) } else { nil }
    }

    private func stream(_ reply: StageReply) -> (any ByteSource)? {
        if case .stream(let source) = reply.body { source } else { nil }
    }

    @Test(arguments: [
        ("http://localhost:8080/v1", "localhost", 8080, false, "localhost:8080", "/v1", ""),
        ("https://api.example.com/v1/", "api.example.com", 443, true, "api.example.com", "/v1", ""),
        ("http://[::1]:9000", "::1", 9000, false, "[::1]:9000", "", ""),
        ("HTTPS://x.test/a%20b?api-version=2", "x.test", 443, true, "x.test", "/a%20b", "?api-version=2"),
    ])
    func `addresses are taken apart`(
        text: String, host: String, port: Int, isSecure: Bool, authority: String, path: String, query: String
    ) throws {
        let address = try #require(UpstreamAddress(text))
        #expect(address.host == host && address.port == port && address.isSecure == isSecure)
        #expect(address.authority == authority && address.path == path && address.query == query)
        #expect(address.certificateName == (host == "::1" ? nil : host))
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://x/v1", "http://", "http://u:p@x/v1", "http://x:0/v1", "http://x:70000/v1",
    ])
    func `what is no address is refused`(text: String) {
        #expect(UpstreamAddress(text) == nil)
        #expect(throws: GatewayError.self) { try client(text) }
    }

    @Test func `a key with a line's end is refused, and not shown`() {
        do {
            _ = try client("http://localhost/v1", headers: [("authorization", "Bearer secret\nx: y")])
            Issue.record("it was taken")
        } catch {
            #expect("\(error)".contains("authorization") && !"\(error)".contains("secret"))
        }
    }

    @Test func `what is sent is what was meant, one request after the other on one connection`() async throws {
        try await ScriptedUpstream.run {
            .json($0.body)
        } _: { upstream in
            let client = try client(upstream.address + "?v=1", headers: [("authorization", "Bearer k")])
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            // As a request of the gateway does: on an event loop.
            try await withTaskExecutorPreference(LoopExecutor(loop)) {
                for number in 0..<20 {
                    let reply = try await client.send(request("{\"n\":\(number)}"))
                    #expect(text(reply) == "{\"n\":\(number)}")
                }
            }
            #expect(upstream.connections == 1 && upstream.requests.count == 20)
            let first = upstream.requests[0]
            #expect(first.head.hasPrefix("POST /v1/chat/completions?v=1 HTTP/1.1\r\n"))
            #expect(first.field("host") == "127.0.0.1:\(upstream.port)" && first.field("authorization") == "Bearer k")
            #expect(first.field("content-type") == "application/json" && first.field("content-length") == "7")
            client.shutDown()
        }
    }

    @Test func `a connection that the endpoint closed is not used again`() async throws {
        let number = Mutex(0)
        try await ScriptedUpstream.run { _ in
            let count = number.withLock { number in
                number += 1
                return number
            }
            switch count % 3 {
            // It says so, it doesn't say so, it keeps it.
            case 0: return .json("{}", headers: ["connection: close"]) + [.finish]
            case 1: return .json("{}") + [.finish]
            default: return .json("{}")
            }
        } _: { upstream in
            let client = try client(upstream.address)
            // One loop has one pool of connections.
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            try await withTaskExecutorPreference(LoopExecutor(loop)) {
                var ends = 0
                for count in 1...12 {
                    let reply = try await client.send(request())
                    #expect(text(reply) == "{}")
                    // The end takes its way: the client knows of it once it has closed its side.
                    if count % 3 != 2 { ends += 1 }
                    #expect(try await eventually { upstream.finished == ends })
                }
            }
            #expect(upstream.requests.count == 12 && upstream.connections == 8)
            client.shutDown()
        }
    }

    @Test func `many at once each get their own answer`() async throws {
        try await ScriptedUpstream.run { request in
            [.wait(.milliseconds(Int(request.body.utf8.count) % 7))] + .json(request.body)
        } _: { upstream in
            let client = try client(upstream.address)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let body = "{\"n\":\"\(String(repeating: "x", count: number))\"}"
                        let reply = try await client.send(request(body))
                        #expect(text(reply) == body)
                    }
                }
                try await group.waitForAll()
            }
            #expect(upstream.requests.count == 300 && upstream.connections <= 300)
            client.shutDown()
        }
    }

    @Test func `each step has its time`() async throws {
        var timeouts = StageTimeouts()
        timeouts.firstByte = 0.1
        await #expect(throws: StageError.timedOut(step: "the first byte", seconds: 0.1)) {
            try await ScriptedUpstream.run { _ in
                [.stall]
            } _: { upstream in
                _ = try await client(upstream.address, timeouts: timeouts).send(request())
            }
        }
        timeouts = StageTimeouts()
        timeouts.idle = 0.1
        await #expect(throws: StageError.timedOut(step: "the next byte", seconds: 0.1)) {
            try await ScriptedUpstream.run { _ in
                [.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"), .stall]
            } _: { upstream in
                _ = try await client(upstream.address, timeouts: timeouts).send(request())
            }
        }
        // A server that takes the connection and never agrees on keys.
        timeouts = StageTimeouts()
        timeouts.connect = 0.1
        await #expect(throws: StageError.timedOut(step: "a connection", seconds: 0.1)) {
            try await ScriptedUpstream.run { _ in
                [.stall]
            } _: { upstream in
                let address = "https://localhost:\(upstream.port)/v1"
                _ = try await client(address, timeouts: timeouts).send(request())
            }
        }
    }

    @Test func `nothing listens, nothing is said, too much is said`() async throws {
        let free = try await ScriptedUpstream.run { _ in
            []
        } _: {
            $0.port
        }
        await #expect(throws: StageError.unreachable(reason: "nothing listens there, or the name is not known")) {
            _ = try await client("http://127.0.0.1:\(free)/v1").send(request())
        }
        await #expect(throws: StageError.broken(reason: "the endpoint closed it")) {
            try await ScriptedUpstream.run { _ in
                [.close]
            } _: { upstream in
                _ = try await client(upstream.address).send(request())
            }
        }
        await #expect(throws: StageError.tooLarge(limit: 1000)) {
            try await ScriptedUpstream.run { _ in
                .json(String(repeating: "x", count: 4000))
            } _: { upstream in
                _ = try await client(upstream.address, replyLimit: 1000).send(request())
            }
        }
    }

    @Test func `a stream that nobody reads is not read ahead, and loses nothing`() async throws {
        let piece = "data: " + String(repeating: "y", count: 60_000) + "\n\n"
        let count = 100
        try await ScriptedUpstream.run { (_) -> [ScriptedUpstream.Step] in
            [.send(Completion.streamHead)] + (0..<count).map { _ in .send(Completion.chunk(piece)) } + [
                .send("0\r\n\r\n")
            ]
        } _: { upstream in
            let client = try client(upstream.address)
            let reply = try await client.send(request(streams: true))
            let source = try #require(stream(reply))
            try await Task.sleep(for: .milliseconds(100))
            var bytes = 0
            while let part = try await source.next() {
                // What waited was no more than the mark and what one turn of the loop reads.
                #expect(part.readableBytes <= UpstreamCall.highWater + (4 << 16))
                bytes += part.readableBytes
            }
            #expect(bytes == count * piece.utf8.count)
            // The connection is free again.
            #expect(try await client.send(request(streams: true)).status == 200)
            client.shutDown()
        }
    }

    @Test func `a call that is given up lets go of the endpoint`() async throws {
        try await ScriptedUpstream.run { _ in
            [.send(Completion.streamHead + Completion.chunk("data: 1\n\n")), .stall]
        } _: { upstream in
            let client = try client(upstream.address)
            let reply = try await client.send(request(streams: true))
            let source = try #require(stream(reply))
            source.cancel()
            // What came before may still be had.
            await #expect(throws: StageError.cancelled) { while try await source.next() != nil {} }
            let waiting = Task { try await client.send(request()) }
            #expect(try await eventually { upstream.requests.count == 2 })
            waiting.cancel()
            let outcome = await waiting.result
            #expect(throws: StageError.cancelled) { try outcome.get() }
            #expect(try await eventually { upstream.abandoned == 2 })
        }
    }

    @Test func `a call that is given up at its end does not take the next one with it`() async throws {
        let stream = Completion.streamHead + Completion.chunk("data: 1\n\n")
        try await ScriptedUpstream.run { request in
            request.body == "{}" ? .json("{}") : [.send(stream), .send(Completion.chunk("data: 2\n\n") + "0\r\n\r\n")]
        } _: { upstream in
            let client = try client(upstream.address)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        for _ in 0..<100 {
                            let reply = try await client.send(
                                StageRequest(
                                    api: .chatCompletions, body: ByteBuffer(string: "{\"s\":1}"), streams: true))
                            if case .stream(let source) = reply.body {
                                _ = try await source.next()
                                source.cancel()
                            }
                            let whole = try await client.send(request())
                            #expect(text(whole) == "{}")
                        }
                    }
                }
                try await group.waitForAll()
            }
            client.shutDown()
        }
    }

    @Test func `a call that failed before another answered is paid for`() async throws {
        let number = Mutex(0)
        try await ScriptedUpstream.run { _ in
            let isFirst = number.withLock { number in
                number += 1
                return number == 1
            }
            return isFirst ? [.close] : .completion("yes")
        } _: { upstream in
            let configuration = try RunningGateway.configuration(["small": upstream])
            try await StoredGateway.run(configuration) { gateway in
                let made = try await gateway.makeKey()
                let reply = try await gateway.ask("small", "hello", key: made.key.secret)
                #expect(reply.status == 200 && number.withLock { $0 } == 2)
                try await gateway.services.writer.flush()
                let id = try #require(reply("x-cascade-request-id"))
                let record = try #require(try await gateway.store.requests.request(id))
                // The second's ten tokens read and five written at 1 and 2 dollars each, and what the first read.
                #expect(record.cost.money > 20 && record.cost.tokensIn > 10 && record.cost.tokensOut == 5)
            }
        }
    }
}
