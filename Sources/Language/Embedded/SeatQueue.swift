/// Those who wait until seats of a context are free, served in the order in which they came.
///
/// Whoever wants several seats gets them all at once: with some in hand and waiting for the rest, two callers could wait for
/// each other for ever.
struct SeatQueue {
    private struct Entry {
        var number: UInt64
        var seats: Int
        var serve: () -> Void
        var cancel: () -> Void
    }

    private var entries: [Entry] = []
    private var last: UInt64 = 0

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    /// A number that tells a waiter from others.
    mutating func number() -> UInt64 {
        last += 1
        return last
    }

    /// Waiter `number` wants `seats`: `serve` is what is to be done when they are free, `cancel` when it gives up before.
    mutating func add(_ number: UInt64, seats: Int, serve: @escaping () -> Void, cancel: @escaping () -> Void) {
        entries.append(Entry(number: number, seats: seats, serve: serve, cancel: cancel))
    }

    /// What is to be done for the first waiter, if `free` seats are enough for it.
    mutating func next(free: Int) -> (() -> Void)? {
        guard let first = entries.first, first.seats <= free else { return nil }
        entries.removeFirst()
        return first.serve
    }

    /// Waiter `number` gives up, unless it has been served.
    mutating func giveUp(_ number: UInt64) {
        guard let place = entries.firstIndex(where: { $0.number == number }) else { return }
        entries.remove(at: place).cancel()
    }
}
