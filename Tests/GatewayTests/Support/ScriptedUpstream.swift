import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// An endpoint in the test's own process, on a real socket: says what its script says, byte by byte, faults included.
final class ScriptedUpstream: Sendable {
    /// What it was sent.
    struct Request: Sendable {
        var head: String
        var body: String

        var path: String { head.split(separator: " ").dropFirst().first.map(String.init) ?? "" }

        /// The value of the header field `name`, in lower case.
        func field(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].lowercased() == name {
                    return parts[1].trimmingCharacters(in: .whitespaces)
                }
            }
            return nil
        }
    }

    /// What it does.
    enum Step: Sendable {
        case send(String)
        case wait(Duration)
        /// Waits until a condition holds.
        case when(@Sendable () -> Bool)
        /// Closes the connection.
        case close
        /// Ends what it says, and waits until the other side has closed the connection.
        case finish
        /// Says nothing more until the other side goes.
        case stall
    }

    typealias Script = @Sendable (Request) -> [Step]

    private let script: Script
    private struct State {
        var requests: [Request] = []
        var connections = 0
        var abandoned = 0
        var finished = 0
    }

    private let state = Mutex(State())

    let port: Int

    private init(_ script: @escaping Script, port: Int) {
        self.script = script
        self.port = port
    }

    /// Its address up to `/v1`.
    var address: String { "http://127.0.0.1:\(port)/v1" }
    var requests: [Request] { state.withLock { $0.requests } }
    /// Connections that were made to it.
    var connections: Int { state.withLock { $0.connections } }
    /// Connections that the other side closed while an answer was being written.
    var abandoned: Int { state.withLock { $0.abandoned } }
    /// Connections that the other side closed after this one had (``Step/finish``).
    var finished: Int { state.withLock { $0.finished } }

    /// Runs `body` beside an endpoint that follows `script`.
    static func run<Result>(
        _ script: @escaping Script, _ body: (ScriptedUpstream) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        let upstream = ScriptedUpstream(script, port: server.channel.localAddress!.port!)
        let accepting = Task {
            try await withThrowingDiscardingTaskGroup { group in
                try await server.executeThenClose { inbound in
                    for try await connection in inbound {
                        group.addTask { try? await upstream.serve(connection) }
                    }
                }
            }
        }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(upstream)) } catch { result = .failure(error) }
        accepting.cancel()
        try? await accepting.value
        return try result.get()
    }

    private func serve(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        state.withLock { $0.connections += 1 }
        try await connection.executeThenClose { inbound, outbound in
            var received = ""
            var parts = inbound.makeAsyncIterator()
            while true {
                let request: Request
                while true {
                    if let found = Self.request(&received) {
                        request = found
                        break
                    }
                    guard let more = try await parts.next() else { return }
                    received += String(buffer: more)
                }
                state.withLock { $0.requests.append(request) }
                for step in script(request) {
                    switch step {
                    case .send(let text):
                        do {
                            try await outbound.write(ByteBuffer(string: text))
                        } catch {
                            state.withLock { $0.abandoned += 1 }
                            throw error
                        }
                    case .wait(let duration): try await Task.sleep(for: duration)
                    case .when(let condition):
                        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
                    case .close: return
                    case .finish:
                        outbound.finish()
                        while try await parts.next() != nil {}
                        state.withLock { $0.finished += 1 }
                        return
                    case .stall:
                        while try await parts.next() != nil {}
                        state.withLock { $0.abandoned += 1 }
                        return
                    }
                }
            }
        }
    }

    /// Takes the first whole request out of `received`.
    private static func request(_ received: inout String) -> Request? {
        guard let end = received.range(of: "\r\n\r\n") else { return nil }
        let head = String(received[..<end.lowerBound])
        var request = Request(head: head, body: "")
        let length = Int(request.field("content-length") ?? "0") ?? 0
        let rest = received[end.upperBound...].utf8
        guard rest.count >= length else { return nil }
        request.body = String(decoding: rest.prefix(length), as: UTF8.self)
        received = String(decoding: rest.dropFirst(length), as: UTF8.self)
        return request
    }
}

extension [ScriptedUpstream.Step] {
    /// A whole answer.
    static func json(_ body: String, status: Int = 200, headers: [String] = []) -> Self {
        let fields = ["content-type: application/json", "content-length: \(body.utf8.count)"] + headers
        return [.send("HTTP/1.1 \(status) OK\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n\(body)")]
    }

    /// A completion that says `text`.
    static func completion(
        _ text: String, logprobs: [Double]? = nil, model: String = "upstream-model", tokens: (Int, Int) = (10, 5)
    ) -> Self {
        json(Completion.whole(text, logprobs: logprobs, model: model, tokens: tokens))
    }

    /// A stream of `events`, each its data, with chunks of HTTP around them; with its last mark unless told otherwise.
    static func events(_ events: [String], isWhole: Bool = true) -> Self {
        var steps: Self = [.send(Completion.streamHead)]
        steps += events.map { .send(Completion.chunk("data: \($0)\n\n")) }
        if isWhole { steps.append(.send(Completion.chunk("data: [DONE]\n\n") + "0\r\n\r\n")) }
        return steps
    }

    /// A streamed completion that says `words`.
    static func stream(
        _ words: [String], logprobs: [Double]? = nil, tokens: (Int, Int)? = (10, 5), isWhole: Bool = true
    ) -> Self {
        var pieces = words.indices.map { Completion.piece(words[$0], logprob: logprobs?[$0]) }
        if let tokens, isWhole { pieces.append(Completion.usage(tokens)) }
        return events(pieces, isWhole: isWhole)
    }
}

/// Bodies as OpenAI's interface has them.
enum Completion {
    static let streamHead =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

    static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    static func content(_ logprobs: [Double]) -> String {
        let tokens = logprobs.map {
            "{\"token\":\"w\",\"logprob\":\($0),\"bytes\":null,\"top_logprobs\":[{\"token\":\"w\",\"logprob\":\($0)},{\"token\":\"v\",\"logprob\":-5.5}]}"
        }
        return "{\"content\":[\(tokens.joined(separator: ","))]}"
    }

    static func whole(_ text: String, logprobs: [Double]? = nil, model: String = "upstream-model", tokens: (Int, Int))
        -> String
    {
        "{\"id\":\"c1\",\"object\":\"chat.completion\",\"model\":\"\(model)\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"\(text)\"},\"logprobs\":\(logprobs.map(content) ?? "null"),\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":\(tokens.0),\"completion_tokens\":\(tokens.1),\"total_tokens\":\(tokens.0 + tokens.1)}}"
    }

    static func piece(_ word: String, logprob: Double? = nil) -> String {
        "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(word)\"},\"logprobs\":\(logprob.map { content([$0]) } ?? "null"),\"finish_reason\":null}]}"
    }

    static func usage(_ tokens: (Int, Int)) -> String {
        "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":\(tokens.0),\"completion_tokens\":\(tokens.1)}}"
    }
}
