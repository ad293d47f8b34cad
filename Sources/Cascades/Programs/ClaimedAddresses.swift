/// The hashes of the addresses that a run has used: an open-addressed table, a few nanoseconds an insertion.
///
/// Whoever holds it frees it once; the compiler (6.3.1) can't inline the end of a value that would do so itself.
@usableFromInline
struct ClaimedAddresses {
    @usableFromInline var slots: UnsafeMutablePointer<UInt64>
    @usableFromInline var mask: Int
    @usableFromInline var count = 0

    /// A table that grows when more than `expected` hashes come.
    @usableFromInline
    init(expected: Int) {
        var size = 32
        while size < 2 * (expected + 1) { size *= 2 }
        mask = size - 1
        slots = .allocate(capacity: size)
        slots.initialize(repeating: 0, count: size)
    }

    func deallocate() { slots.deallocate() }

    /// Adds `hash`.
    /// - Returns: false when it was there.
    @inlinable @inline(__always)
    mutating func insert(_ hash: UInt64) -> Bool {
        // 0 marks an empty slot.
        let key = hash == 0 ? 1 : hash
        var slot = Int(truncatingIfNeeded: key) & mask
        while slots[slot] != 0 {
            if slots[slot] == key { return false }
            slot = (slot &+ 1) & mask
        }
        slots[slot] = key
        count &+= 1
        if count &* 2 > mask { grow() }
        return true
    }

    @usableFromInline
    mutating func grow() {
        let old = slots
        let oldCount = mask + 1
        mask = 2 * oldCount - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: 0, count: mask + 1)
        for index in 0..<oldCount where old[index] != 0 {
            var slot = Int(truncatingIfNeeded: old[index]) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = old[index]
        }
        old.deallocate()
    }
}
