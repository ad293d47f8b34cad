import Cascades
import Foundation
import Logging
import Probability
import Storage
import Synchronization
import Tracing

/// What all doors share: the virtual models, who may ask, where records go, and the chance of requests.
final class GatewayCore: Sendable {
    /// The virtual models at one moment. A request keeps those it began with.
    final class Models: Sendable {
        let byName: [String: VirtualModel]
        /// In the order of the configuration.
        let names: [String]
        /// All that any of them asks, by name.
        var stages: [GatewayStage] {
            let all = byName.values.flatMap(\.stages)
            return Dictionary(all.map { ($0.name, $0) }) { first, _ in first }.values.sorted { $0.name < $1.name }
        }

        init(_ models: [VirtualModel]) {
            byName = Dictionary(models.map { ($0.name, $0) }) { first, _ in first }
            names = models.map(\.name)
        }
    }

    /// What tells a request from all others.
    struct RequestNumber: Sendable {
        var id: String
        /// The policy's chance.
        var coin: Double
    }

    let authority: any KeyAuthority
    let recorder: any RequestRecorder
    /// What is done with the store; nil where there is none.
    let services: StoreServices?
    /// Where all is kept; nil where nothing is.
    var store: Store? { services?.store }
    let metrics = GatewayMetrics()
    /// What is held of requests' bodies.
    let held: HeldBytes
    /// What the dashboard shows of this process.
    let live = LiveTraffic()
    /// Where spans go; nil where no traces are kept.
    let tracer: (any Tracer)?
    let logger: Logger
    /// What is learned of policies.
    let learning: Learning
    /// Answers that may be given again.
    let caching: AnswerCaching
    /// Has samples of answers judged.
    let judging: Judging
    /// The time, in seconds since 1970.
    let time: @Sendable () -> Double
    private let log: RequestLog
    let started = Date()
    private let table: Mutex<Models>
    private let root: Random
    /// Names requests: never the same in two gateways, or in one that was started again with the same seed.
    private let names = Random(seed: UInt64.random(in: .min ... .max))
    private let count = Atomic<UInt64>(0)
    private let draining = Atomic<Bool>(false)

    /// - Parameter seed: seeds the coins of requests.
    init(
        models: [VirtualModel], authority: any KeyAuthority, recorder: any RequestRecorder,
        services: StoreServices? = nil, tracer: (any Tracer)? = nil, logger: Logger, seed: UInt64,
        heldBytes: Int = ServerLimits().heldBytes, time: @escaping @Sendable () -> Double = WallClock.now
    ) {
        self.time = time
        held = HeldBytes(limit: heldBytes)
        table = Mutex(Models(models))
        self.services = services
        self.authority = authority
        self.recorder = recorder
        self.tracer = tracer
        self.logger = logger
        log = RequestLog(logger: logger)
        root = Random(seed: seed)
        let learning = Learning(seed: seed, time: time) { request in
            // While the store is away each gateway goes by what it knows.
            (try? await services?.store.verdicts.claim(request)) ?? true
        }
        self.learning = learning
        caching = AnswerCaching(services: services, logger: logger, time: time)
        judging = Judging(seed: seed, logger: logger, time: time) { feedback in
            services?.writer.submit(.feedback(feedback))
            await learning.judged(
                feedback.request, stage: feedback.stage, quality: feedback.quality, source: feedback.source)
        }
        learning.renew(models)
        caching.renew(models)
    }

    var models: Models { table.withLock { $0 } }

    /// Puts other virtual models in their place, for requests that come from now on.
    func replace(_ models: [VirtualModel]) {
        learning.renew(models)
        caching.renew(models)
        let models = Models(models)
        table.withLock { $0 = models }
    }

    /// The virtual model called `name`.
    func model(_ name: String) throws(DoorError) -> VirtualModel {
        let models = models
        guard let model = models.byName[name] else { throw .unknownModel(name, known: models.names) }
        return model
    }

    /// A new request's id and coin.
    func nextRequest() -> RequestNumber {
        let number = count.wrappingAdd(1, ordering: .relaxed).oldValue
        var random = root.split(number)
        let coin = random.uniform()
        var name = names.split(number)
        return RequestNumber(id: Self.id(name.next(), name.next()), coin: coin)
    }

    /// `req_` and 24 hexadecimal digits.
    private static func id(_ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 28) { bytes in
            for (index, byte) in "req_".utf8.enumerated() { bytes[index] = byte }
            for index in 0..<24 {
                let word = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> (UInt64(index % 16) * 4)) & 15
                bytes[4 + index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 28
        }
    }

    /// Ends a request: sums up, counts and records it.
    func finish(_ run: inout ModelRun) {
        run.record.seconds = run.elapsed
        if run.record.firstByteSeconds == 0 { run.record.firstByteSeconds = run.record.seconds }
        run.record.cost = run.record.choices.reduce(run.record.aside) { $0 + $1.cost }
        learning.ran(&run)
        metrics.count(run.record, reference: run.model.referenceMoney(run.record))
        log.note(run.record, trace: run.trace?.id)
        if let trace = run.trace {
            trace.end(run.record)
            for place in run.record.choices.indices { run.record.choices[place].span = nil }
        }
        live.note(run.record)
        recorder.record(run.record)
        if run.isJudged { judging.judge(run) }
    }

    /// Whether the gateway takes no further requests.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func drain() { draining.store(true, ordering: .relaxed) }
}
