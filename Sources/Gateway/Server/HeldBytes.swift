import Synchronization

/// How many bytes of requests are held at once, in all: what has come of a body counts until its request is answered,
/// whether it runs or waits for its turn at a stage. Beyond the limit requests are shed, and the gateway stays up.
final class HeldBytes: Sendable {
    /// The most bytes.
    let limit: Int
    private let held = Atomic<Int>(0)
    private let shed = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// The bytes that are held now.
    var count: Int { held.load(ordering: .relaxed) }

    /// The requests that found no room.
    var shedCount: Int { shed.load(ordering: .relaxed) }

    /// What one request holds; nothing yet.
    func share() -> Share { Share(of: self) }

    /// What one request holds: given back when it is released, or forgotten.
    final class Share: Sendable {
        private let bytes: HeldBytes
        private let own = Atomic<Int>(0)

        fileprivate init(of bytes: HeldBytes) { self.bytes = bytes }

        deinit { release() }

        /// Takes room for `count` more bytes, and says whether there was any.
        func take(_ count: Int) -> Bool {
            if bytes.held.wrappingAdd(count, ordering: .relaxed).newValue > bytes.limit {
                bytes.held.wrappingSubtract(count, ordering: .relaxed)
                bytes.shed.wrappingAdd(1, ordering: .relaxed)
                return false
            }
            own.wrappingAdd(count, ordering: .relaxed)
            return true
        }

        /// Gives back what it took.
        func release() {
            let count = own.exchange(0, ordering: .relaxed)
            if count > 0 { bytes.held.wrappingSubtract(count, ordering: .relaxed) }
        }
    }
}
