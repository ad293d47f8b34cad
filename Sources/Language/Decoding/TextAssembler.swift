/// Turns tokens' bytes into whole characters as they come, and watches for stop texts.
///
/// What could be the beginning of a stop text is held back until it is clear, so that nothing of a stop is ever shown.
struct TextAssembler {
    private let stops: [[UInt8]]
    /// Bytes not given out yet.
    private var pending: [UInt8] = []
    /// Whether a stop text has come.
    private(set) var isStopped = false
    /// Whether something is held back.
    var isHolding: Bool { !pending.isEmpty }

    init(stops: [String]) { self.stops = stops.map { Array($0.utf8) } }

    /// Takes `bytes` and gives out what is certain to belong to the text.
    mutating func add(_ bytes: [UInt8]) -> String {
        guard !isStopped else { return "" }
        pending += bytes
        if let place = stops.compactMap({ Self.place(of: $0, in: pending) }).min() {
            isStopped = true
            pending.removeSubrange(place...)
            return flush()
        }
        var ready = pending.count - (stops.map { Self.overlap(pending, $0) }.max() ?? 0)
        ready = min(ready, pending.count - Self.unfinishedCount(pending))
        defer { pending.removeFirst(ready) }
        return String(decoding: pending.prefix(ready), as: UTF8.self)
    }

    /// Gives out all that is left; bytes that make no character become U+FFFD.
    mutating func flush() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Where `stop` first begins in `bytes`.
    static func place(of stop: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= stop.count else { return nil }
        return (0...(bytes.count - stop.count)).first { bytes[$0..<$0 + stop.count].elementsEqual(stop) }
    }

    /// The longest end of `bytes` that is a beginning of `stop`.
    private static func overlap(_ bytes: [UInt8], _ stop: [UInt8]) -> Int {
        (1...max(1, stop.count)).last { $0 < stop.count && bytes.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
    }

    /// How many bytes at the end begin a character that is not complete.
    private static func unfinishedCount(_ bytes: [UInt8]) -> Int {
        for back in 1...4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? back : 0
        }
        return 0
    }
}
