import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `streams as they are written` {
    /// An endpoint that writes its second half only when the first has reached the client.
    private final class Gate: Sendable {
        private let isOpen = Mutex(false)

        func open() { isOpen.withLock { $0 = true } }
        var isShut: Bool { isOpen.withLock { !$0 } }
    }

    @Test(arguments: ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
    func `a word reaches the client before the next one is written`(_ path: String) async throws {
        let gate = Gate()
        let upstream: ScriptedUpstream.Script = { _ in
            .stream(["one"], isWhole: false) + [.when { !gate.isShut }]
                + [.send(Completion.chunk("data: \(Completion.piece("two"))\n\n"))]
                + [.send(Completion.chunk("data: [DONE]\n\n") + "0\r\n\r\n")]
        }
        try await ScriptedUpstream.run(upstream) { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                var request = HTTPClientRequest(url: "http://127.0.0.1:\(gateway.port)\(path)")
                request.method = .POST
                let body =
                    path == "/v1/responses"
                    ? #"{"model":"small","input":"Hi","stream":true}"#
                    : RunningGateway.chat("small", more: #","stream":true,"max_tokens":9"#)
                request.body = .bytes(ByteBuffer(string: body))
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
                var told = ""
                for try await bytes in response.body {
                    told += String(buffer: bytes)
                    if told.contains("one"), gate.isShut {
                        #expect(!told.contains("two"))
                        gate.open()
                    }
                }
                #expect(told.contains("two"))
            }
        }
    }
}
