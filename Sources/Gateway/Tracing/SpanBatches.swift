/// Spans that wait to be sent, at most so many: what comes beyond is dropped and counted, and nobody waits.
///
/// A pure state machine; ``SpanExporter`` carries out what it says.
struct SpanBatches<Element> {
    /// How many may wait, and how many are sent at once.
    let capacity: Int
    let size: Int
    private var waiting: [Element] = []
    /// What was dropped because too much waited.
    private(set) var dropped = 0

    init(capacity: Int = 8192, size: Int = 512) {
        self.capacity = max(1, capacity)
        self.size = max(1, size)
    }

    var count: Int { waiting.count }

    /// Takes `element` in; true where a whole batch now waits, which has just become so.
    mutating func add(_ element: Element) -> Bool {
        guard waiting.count < capacity else {
            dropped += 1
            return false
        }
        waiting.append(element)
        return waiting.count == size
    }

    /// The next batch; empty where nothing waits.
    mutating func next() -> [Element] {
        let batch = Array(waiting.prefix(size))
        waiting.removeFirst(batch.count)
        return batch
    }

    /// What to do when sending failed for the `attempt`-th time: the seconds to wait, or nil to give the batch up.
    ///
    /// The collector's own word counts where it gave one (OTLP 1.3, "Retryable response codes"): 429, 502, 503 and 504
    /// may be tried again, as may a connection that broke; anything else would fail again.
    static func pause(attempt: Int, status: Int?, retryAfter: Double?) -> Double? {
        guard attempt < 5 else { return nil }
        if let status, ![429, 502, 503, 504].contains(status) { return nil }
        if let retryAfter { return min(30, max(0, retryAfter)) }
        return min(10, 0.5 * Double(1 << (attempt - 1)))
    }
}
