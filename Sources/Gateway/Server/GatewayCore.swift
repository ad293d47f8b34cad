import Cascades
import Foundation
import Logging
import Probability
import Synchronization

/// What all doors share: the virtual models, who may ask, where records go, and the chance of requests.
final class GatewayCore: Sendable {
    /// The virtual models at one moment. A request keeps those it began with.
    final class Models: Sendable {
        let byName: [String: VirtualModel]
        /// In the order of the configuration.
        let names: [String]

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
    let metrics = GatewayMetrics()
    let logger: Logger
    let started = Date()
    private let table: Mutex<Models>
    private let root: Random
    private let count = Atomic<UInt64>(0)
    private let draining = Atomic<Bool>(false)

    /// - Parameter seed: seeds the coins and ids of requests.
    init(
        models: [VirtualModel], authority: any KeyAuthority, recorder: any RequestRecorder, logger: Logger,
        seed: UInt64
    ) {
        table = Mutex(Models(models))
        self.authority = authority
        self.recorder = recorder
        self.logger = logger
        root = Random(seed: seed)
    }

    var models: Models { table.withLock { $0 } }

    /// Puts other virtual models in their place, for requests that come from now on.
    func replace(_ models: [VirtualModel]) {
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
        return RequestNumber(id: Self.id(random.next(), random.next()), coin: coin)
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
        run.record.cost = run.record.choices.reduce(Cost.zero) { $0 + $1.cost }
        metrics.count(run.record)
        recorder.record(run.record)
    }

    /// Whether the gateway takes no further requests.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func drain() { draining.store(true, ordering: .relaxed) }
}
