import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Where traces go, and how many.
public struct TracingOptions: Sendable, Hashable {
    /// The collector's address, up to `/v1/traces`: `http://127.0.0.1:4318`.
    public var endpoint: String
    /// Sent with each batch: a key, mostly.
    public var headers: [String: String] = [:]
    /// The share of the traces that begin here to be recorded, from 0 to 1.
    public var share = 1.0
    /// What the gateway calls itself.
    public var service = "cascade"
    /// The longest that a span waits to be sent, in seconds.
    var interval = 1.0

    /// Traces to the collector at `endpoint`.
    public init(endpoint: String) { self.endpoint = endpoint }
}

/// Sends spans to a collector in batches, off the requests' path. Requests never wait for it: when the collector is
/// away, what does not fit the buffer is dropped and counted.
final class SpanExporter: Sendable {
    /// What became of spans.
    struct Counts: Sendable, Hashable {
        var sent = 0
        /// What the collector did not take, or what found no place.
        var dropped = 0
    }

    private struct State {
        var batches = SpanBatches<OTLPSpan.Finished>()
        var counts = Counts()
        var sleeper: CheckedContinuation<Void, Never>?
        var isClosing = false
        var hasComplained = false
        var loop: Task<Void, Never>?
    }

    private let options: TracingOptions
    private let text: OTLPText
    private let client: HTTPClient
    private let logger: Logger
    private let clock: any Clock<Duration>
    private let state = Mutex(State())

    init(
        _ options: TracingOptions, client: HTTPClient, logger: Logger,
        instance: String = UUID().uuidString.lowercased(), clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.options = options
        self.client = client
        self.logger = logger
        self.clock = clock
        text = OTLPText(service: options.service, instance: instance)
    }

    var counts: Counts {
        state.withLock { state in
            Counts(sent: state.counts.sent, dropped: state.counts.dropped + state.batches.dropped)
        }
    }

    /// Takes a span that has ended. Returns at once.
    func add(_ span: OTLPSpan.Finished) {
        let sleeper: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard state.batches.add(span) else { return nil }
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Begins to send.
    func start() {
        state.withLock { state in
            if state.loop == nil { state.loop = Task { await self.run() } }
        }
    }

    /// Sends what waits, for at most `limit`, and stops.
    func close(within limit: Duration = .seconds(5)) async {
        let (sleeper, loop) = state.withLock { state in
            state.isClosing = true
            defer { state.sleeper = nil }
            return (state.sleeper, state.loop)
        }
        sleeper?.resume()
        let deadline = Task { [clock] in
            try await clock.sleep(for: limit)
            loop?.cancel()
        }
        await loop?.value
        deadline.cancel()
    }

    private func run() async {
        while !Task.isCancelled {
            let isLast = await waitForWork()
            while true {
                let batch = state.withLock { $0.batches.next() }
                if batch.isEmpty { break }
                await send(batch)
            }
            if isLast { break }
        }
    }

    /// Waits until a batch is full or its time has come; true where the end is near.
    private func waitForWork() async -> Bool {
        let timer = Task { [clock, options] in
            // One that was cancelled must not wake the next wait.
            guard (try? await clock.sleep(for: .seconds(options.interval))) != nil else { return }
            wake()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isClosing || state.batches.count >= state.batches.size { return true }
                    state.sleeper = continuation
                    return false
                }
                // A task that was cancelled before the continuation was there would not be woken any more.
                if isReady { continuation.resume() } else if Task.isCancelled { wake() }
            }
        } onCancel: {
            wake()
        }
        timer.cancel()
        return state.withLock { $0.isClosing }
    }

    private func wake() {
        let sleeper = state.withLock { state in
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    private func send(_ batch: [OTLPSpan.Finished]) async {
        let body = text.request(batch)
        var attempt = 1
        while true {
            let (status, retryAfter, reason) = await post(body)
            if let status, (200..<300).contains(status) {
                state.withLock { state in
                    state.counts.sent += batch.count
                    state.hasComplained = false
                }
                return
            }
            let pause = SpanBatches<OTLPSpan.Finished>.pause(
                attempt: attempt, status: status, retryAfter: retryAfter)
            if let pause, !Task.isCancelled, (try? await clock.sleep(for: .seconds(pause))) != nil {
                attempt += 1
                continue
            }
            let isFirst = state.withLock { state in
                state.counts.dropped += batch.count
                defer { state.hasComplained = true }
                return !state.hasComplained
            }
            // Said once until it works again: a collector that is away must not fill the log.
            if isFirst {
                logger.warning(
                    "traces are not taken and are lost until they are",
                    metadata: ["endpoint": "\(options.endpoint)", "reason": "\(reason)"])
            }
            return
        }
    }

    private func post(_ body: ByteBuffer) async -> (status: Int?, retryAfter: Double?, reason: String) {
        do {
            var base = options.endpoint
            while base.hasSuffix("/") { base.removeLast() }
            var request = HTTPClientRequest(url: base + "/v1/traces")
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            for (name, value) in options.headers { request.headers.replaceOrAdd(name: name, value: value) }
            request.body = .bytes(body)
            let response = try await client.execute(request, timeout: .seconds(10))
            _ = try? await response.body.collect(upTo: 1 << 20)
            let retryAfter = response.headers.first(name: "retry-after").flatMap(Double.init)
            return (Int(response.status.code), retryAfter, "status \(response.status.code)")
        } catch {
            return (nil, nil, "\(error)")
        }
    }
}
