import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Probability
import Synchronization

/// Takes the bytes of one reply.
protocol ReplyReader: Sendable {
    /// Whether something of the reply has been handed on, so that it can't be asked for again.
    var hasHandedOn: Bool { get }
    /// Whether all has come that is wanted.
    var isComplete: Bool { get }
    /// The reply begins.
    mutating func begin(contentType: String) throws(EndpointFailure)
    /// More of it.
    mutating func read(_ bytes: ByteBufferView) throws(EndpointFailure)
    /// The connection said that this was all.
    mutating func end() throws(EndpointFailure)
}

/// The connections to one endpoint, shared by all models there: kept open, used again, and closed with the last of them.
public final class RemoteClient: Sendable {
    /// The endpoint.
    public let endpoint: RemoteEndpoint
    /// What is unwise about how its key is kept or sent, for people to read.
    public let warnings: [String]
    /// The address that requests go on from.
    let base: String
    private let secret: Secret?
    private let http: HTTPClient
    private let gate: EndpointGate
    private let jitter: Mutex<Random>

    /// A client of `endpoint`; nothing is sent yet.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``, ``LanguageError/missingKey(place:remedy:)``.
    public init(_ endpoint: RemoteEndpoint) throws(LanguageError) {
        self.endpoint = endpoint
        base = try endpoint.base()
        guard endpoint.concurrency >= 1 else {
            throw .improperParameter(name: "concurrency", value: "\(endpoint.concurrency)", expected: "1 or more")
        }
        let (secret, unwise) = try endpoint.key.load()
        self.secret = secret
        warnings =
            unwise
            + (secret != nil && endpoint.isOpen
                ? ["\(base) is not encrypted: others can read the key on its way. Use https."] : [])
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: .milliseconds(Int64(min(1e9, endpoint.timeouts.connection * 1000)))))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = endpoint.concurrency
        // Attempts are counted, and pauses made, here.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        gate = EndpointGate(concurrency: endpoint.concurrency, patience: endpoint.retries.patience)
        // Pauses should differ from client to client; nothing but time depends on them.
        jitter = Mutex(Random(seed: .random(in: 0 ... .max)))
    }

    deinit { http.shutdown(queue: .global()) { _ in } }

    /// Sends `body` to `path` and lets a reader take the reply; tries again as the endpoint's retry policy says.
    /// - Parameters:
    ///   - tokens: about how many tokens the request takes, for the endpoint's limits.
    ///   - model: how errors call the model.
    ///   - reader: a new reader for each attempt.
    /// - Returns: the reader that has taken the reply.
    /// - Throws: ``LanguageError/endpoint(model:address:failure:)``, or `CancellationError`.
    func post<Reader: ReplyReader>(
        _ path: String, _ body: String, tokens: Double, model: String, reader: @escaping @Sendable () -> Reader
    ) async throws -> Reader {
        do {
            return try await Watchdog.watch(endpoint.timeouts) { [self] dog in
                var retry = RetryState(endpoint.retries)
                while true {
                    dog.pausing()
                    try await gate.enter(tokens: tokens)
                    var attempt = Attempt(reader: reader())
                    let failure = await run(&attempt, path, body, dog)
                    await gate.leave(attempt.signals)
                    guard let failure else { return attempt.reader }
                    try Task.checkCancellation()
                    let move = jitter.withLock { random in
                        retry.failed(
                            failure, wait: attempt.signals.wait, hasHandedOn: attempt.reader.hasHandedOn, using: &random
                        )
                    }
                    switch move {
                    case .fail(let failure): throw failure
                    case .again(let seconds):
                        dog.pausing()
                        try await Task.sleep(for: .seconds(seconds))
                    }
                }
            }
        } catch let failure as EndpointFailure {
            // Whatever the endpoint said may hold the key that it was sent.
            throw LanguageError.endpoint(model: model, address: base, failure: failure.hiding(hidden))
        }
    }

    private struct Attempt<Reader: ReplyReader> {
        var reader: Reader
        var signals = RateSignals()
    }

    /// One attempt; nil where it went well.
    private func run<Reader: ReplyReader>(
        _ attempt: inout Attempt<Reader>, _ path: String, _ body: String, _ dog: Watchdog
    ) async -> EndpointFailure? {
        dog.asking()
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request(path, body), deadline: .distantFuture)
        } catch { return Self.failure(error, hasBegun: false) }
        dog.hearing()
        attempt.signals = RateSignals(response.headers, now: Date())
        guard (200..<300).contains(Int(response.status.code)) else {
            let message = await message(response, dog)
            return .refused(status: Int(response.status.code), message: message)
        }
        // Only a refusal is a reason to wait: a good reply says of its limits what its allowances are.
        attempt.signals.wait = nil
        do {
            try attempt.reader.begin(contentType: response.headers.first(name: "content-type") ?? "")
            var isEnding = false
            for try await piece in response.body {
                if isEnding { continue }
                dog.hearing()
                try attempt.reader.read(piece.readableBytesView)
                if attempt.reader.isComplete {
                    // The formal end follows at once, and then the connection can be used again.
                    isEnding = true
                    dog.ending()
                }
            }
            if !isEnding { try attempt.reader.end() }
            return nil
        } catch {
            return attempt.reader.isComplete ? nil : Self.failure(error, hasBegun: true)
        }
    }

    private func request(_ path: String, _ body: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "text/event-stream, application/json")
        request.headers.add(name: "user-agent", value: "cascade")
        for (name, value) in endpoint.headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let secret {
            request.headers.replaceOrAdd(name: endpoint.keyHeader, value: secret.value(ofHeader: endpoint.keyHeader))
        }
        request.body = .bytes(ByteBuffer(string: body))
        return request
    }

    /// What a refusal says, as far as it can be read.
    private func message(_ response: HTTPClientResponse, _ dog: Watchdog) async -> String {
        var bytes: [UInt8] = []
        do {
            for try await piece in response.body {
                dog.hearing()
                bytes += piece.readableBytesView.prefix(max(0, 1 << 16 - bytes.count))
            }
        } catch {
            // What has come is all there is to say.
        }
        // Before anything is cut, so that not half of a key is left.
        var message = ErrorReply.message(Array(hidden(String(decoding: bytes, as: UTF8.self)).utf8))
        if (300..<400).contains(Int(response.status.code)), let place = response.headers.first(name: "location") {
            message = "it leads to \(place)"
        }
        return message
    }

    /// `text` without the key, for errors.
    @Sendable func hidden(_ text: String) -> String { secret?.removed(from: text) ?? text }

    /// What an error of the connection is.
    private static func failure(_ error: any Error, hasBegun: Bool) -> EndpointFailure {
        switch error {
        case let failure as EndpointFailure: return failure
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                return .unreachable(reason: "no connection in time")
            case .remoteConnectionClosed, .uncleanShutdown: return .brokenOff(reason: "the connection was closed")
            default: return hasBegun ? .brokenOff(reason: error.description) : .unreachable(reason: error.description)
            }
        case let error as HTTPParserError: return .unreadable(reason: "it is not HTTP (\(error.debugDescription))")
        case is NIOConnectionError: return .unreachable(reason: "nothing answers there")
        case let error as IOError:
            let isReset = error.errnoCode == ECONNRESET || error.errnoCode == EPIPE
            return hasBegun || isReset
                ? .brokenOff(reason: isReset ? "the connection was reset" : error.description)
                : .unreachable(reason: error.description)
        default:
            let reason = String(describing: error)
            return hasBegun ? .brokenOff(reason: reason) : .unreachable(reason: reason)
        }
    }
}
