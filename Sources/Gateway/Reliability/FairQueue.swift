/// Lets a limited number in at once, and those who wait by turns of their keys: who sends much waits for itself.
///
/// A pure state machine; tickets are the caller's numbers of who waits.
struct FairQueue: Sendable {
    /// What to do with somebody who comes.
    enum Entry: Sendable, Hashable {
        case enter
        case wait
        /// Too many wait.
        case refuse
    }

    /// How many may be in at once.
    let limit: Int
    /// How many may wait, and how many of one key.
    let waiting: Int
    let waitingPerKey: Int
    private(set) var running = 0
    private(set) var waitingCount = 0
    /// Those who wait, by key, first come first.
    private var lines: [String: Line] = [:]
    /// Keys with somebody who waits, whose turn is next at `turn`.
    private var keys: [String] = []
    private var turn = 0
    private var keyOf: [UInt64: String] = [:]

    /// Tickets in order, of which those before `first` are gone.
    private struct Line: Sendable {
        var tickets: [UInt64] = []
        var first = 0

        var count: Int { tickets.count - first }

        mutating func removeFirst() -> UInt64 {
            let ticket = tickets[first]
            first += 1
            // In the long run each ticket is moved once.
            if first > 32, 2 * first > tickets.count {
                tickets.removeFirst(first)
                first = 0
            }
            return ticket
        }
    }

    init(limit: Int, waiting: Int, waitingPerKey: Int? = nil) {
        precondition(limit >= 1 && waiting >= 0, "a queue lets one in at least")
        self.limit = limit
        self.waiting = waiting
        self.waitingPerKey = waitingPerKey ?? waiting
    }

    /// Somebody of `key` comes.
    mutating func enter(_ ticket: UInt64, key: String) -> Entry {
        if running < limit, waitingCount == 0 {
            running += 1
            return .enter
        }
        guard waitingCount < waiting, lines[key]?.count ?? 0 < waitingPerKey else { return .refuse }
        if lines[key] == nil {
            // A new key's turn comes after all others have had theirs.
            keys.insert(key, at: turn)
            turn = (turn + 1) % keys.count
            lines[key] = Line()
        }
        lines[key]?.tickets.append(ticket)
        keyOf[ticket] = key
        waitingCount += 1
        return .wait
    }

    /// Somebody leaves; returns who may come in for it.
    mutating func leave() -> UInt64? {
        precondition(running > 0, "nobody is in")
        running -= 1
        return admit()
    }

    /// Somebody gives up waiting. False where it is in already, or was never there.
    mutating func giveUp(_ ticket: UInt64) -> Bool {
        guard let key = keyOf.removeValue(forKey: ticket), var line = lines[key],
            let place = line.tickets[line.first...].firstIndex(of: ticket)
        else { return false }
        line.tickets.remove(at: place)
        waitingCount -= 1
        store(line, key)
        return true
    }

    private mutating func admit() -> UInt64? {
        guard running < limit, waitingCount > 0 else { return nil }
        let key = keys[turn]
        guard var line = lines[key] else { return nil }
        let ticket = line.removeFirst()
        keyOf[ticket] = nil
        waitingCount -= 1
        running += 1
        let isLast = line.count == 0
        store(line, key)
        if !isLast { turn = (turn + 1) % keys.count }
        return ticket
    }

    /// Keeps `line`, or forgets its key where nobody waits in it.
    private mutating func store(_ line: Line, _ key: String) {
        guard line.count == 0 else {
            lines[key] = line
            return
        }
        lines[key] = nil
        guard let place = keys.firstIndex(of: key) else { return }
        keys.remove(at: place)
        if place < turn { turn -= 1 }
        if turn >= keys.count { turn = 0 }
    }
}
