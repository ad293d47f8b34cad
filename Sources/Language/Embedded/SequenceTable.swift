/// Which sequences sit in which seats of a context, what tokens they hold, and which of them are still in use.
///
/// A closed sequence keeps its seat and its cells until another needs them, so that a later text with the same beginning
/// only decodes what is new. Pure bookkeeping: the cache itself is the engine's.
struct SequenceTable {
    struct Seat {
        /// All tokens of the sequence.
        var tokens: [Token] = []
        /// How many of them the cache holds.
        var decoded = 0
        /// Sets this use of the seat apart from earlier ones.
        var serial: UInt64 = 0
        var isOpen = false
        /// When it was last used: the oldest closed one gives way first.
        var used: UInt64 = 0
    }

    private(set) var seats: [Seat]
    private var clock: UInt64 = 0

    init(seats count: Int) { seats = Array(repeating: Seat(), count: count) }

    subscript(seat: Int) -> Seat {
        get { seats[seat] }
        _modify { yield &seats[seat] }
    }

    /// Marks `seat` as used now.
    mutating func touch(_ seat: Int) {
        clock += 1
        seats[seat].used = clock
    }

    /// The seat whose cached tokens share the longest beginning with `tokens`, and how long it is.
    ///
    /// One comparison a seat that differs at once, one pass over the tokens for those that don't: a few microseconds for
    /// 256 seats, against milliseconds for the decoding of one token.
    func longestPrefix(of tokens: [Token]) -> (seat: Int, count: Int)? {
        var best: (seat: Int, count: Int)?
        for (index, seat) in seats.enumerated() where seat.decoded > (best?.count ?? 0) {
            let limit = min(seat.decoded, tokens.count)
            var count = 0
            seat.tokens.withUnsafeBufferPointer { cached in
                tokens.withUnsafeBufferPointer { wanted in
                    while count < limit && cached[count] == wanted[count] { count += 1 }
                }
            }
            if count > (best?.count ?? 0) { best = (index, count) }
        }
        return best
    }

    /// The longest that any two of `count` texts could share in the cache is decided by the caller; here a seat is found:
    /// an empty one, or else the closed one that was used longest ago, `sparing` only if there is no other.
    func freeSeat(sparing: Int? = nil) -> Int? {
        if let empty = seats.firstIndex(where: { !$0.isOpen && $0.decoded == 0 }) { return empty }
        return oldestClosed(sparing: sparing) ?? oldestClosed()
    }

    /// The closed seat with cells in the cache that was used longest ago.
    func oldestClosed(sparing: Int? = nil) -> Int? {
        seats.indices.filter { !seats[$0].isOpen && seats[$0].decoded > 0 && $0 != sparing }
            .min { seats[$0].used < seats[$1].used }
    }

    /// The open seat with cells in the cache that was used last.
    func newestOpen(sparing: Set<Int>) -> Int? {
        seats.indices.filter { seats[$0].isOpen && seats[$0].decoded > 0 && !sparing.contains($0) }
            .max { seats[$0].used < seats[$1].used }
    }

    /// Opens `seat` for `tokens`, `decoded` of which the cache holds.
    mutating func open(_ seat: Int, tokens: [Token], decoded: Int) -> UInt64 {
        clock += 1
        seats[seat] = Seat(tokens: tokens, decoded: decoded, serial: clock, isOpen: true, used: clock)
        return clock
    }

    /// Closes `seat`; its decoded tokens stay for others to share.
    mutating func close(_ seat: Int) {
        seats[seat].isOpen = false
        seats[seat].tokens.removeSubrange(seats[seat].decoded...)
        touch(seat)
    }

    /// Forgets what is in `seat`.
    mutating func clear(_ seat: Int) { seats[seat] = Seat(serial: seats[seat].serial) }
}
