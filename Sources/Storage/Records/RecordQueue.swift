/// One thing that is to be written.
public indirect enum RecordEvent: Sendable {
    /// What happened to a request.
    case request(RequestRecord)
    /// What happened to a request, put together when it is written rather than while the request waits: `size` is about
    /// how many bytes it takes until then. It may be made more than once.
    case made(size: Int, @Sendable () -> RequestRecord)
    /// How good an answer was.
    case feedback(Feedback)
    /// An answer to be given again.
    case answer(CachedAnswer)

    /// What happened, where it is about a request.
    public var record: RequestRecord? {
        switch self {
        case .request(let record): record
        case .made(_, let make): make()
        case .feedback, .answer: nil
        }
    }

    var size: Int {
        switch self {
        case .request(let record): record.size
        case .made(let size, _): size
        case .feedback(let feedback): 200 + (feedback.note?.utf8.count ?? 0)
        case .answer(let answer): 200 + answer.body.count
        }
    }
}

/// What goes into the store in one transaction.
struct RecordBatch: Sendable {
    /// The batch's number; a writer's numbers rise.
    var number: Int
    /// The events, in the order in which they came.
    var events: [RecordEvent]
    /// The spending of these events and of those that were lost.
    var settlements: [Settlement]
    /// How many events were lost since the batch before.
    var lost: Int
}

/// What waits to be written: a pure state machine. Whoever drives it writes the batches and says how it went.
///
/// A batch whose end is not known (the connection broke during the commit) is given out again as it was, with its
/// number, by which the store knows whether it has it. Nothing joins it meanwhile. Events that find no room are counted;
/// their spending is kept, for it is a few sums however many events there are.
struct RecordQueue: Sendable {
    /// How many events may wait.
    let capacity: Int
    /// How many bytes they may take.
    let capacityBytes: Int
    /// The events that wait, but for those of the batch.
    private(set) var waiting: [RecordEvent] = []
    private(set) var waitingBytes = 0
    /// The batch that was given out and whose end is not known yet.
    private(set) var batch: RecordBatch?
    private var batchBytes = 0
    private var settlements: [Settlement.Place: Settlement] = [:]
    /// How many events came, whether taken in or not.
    private(set) var submitted = 0
    /// How many events are in the store.
    private(set) var written = 0
    /// How many events found no room or were refused by the store.
    private(set) var lost = 0
    private var unsaidLost = 0
    private var nextNumber = 1
    private var accepted = 0
    private var finished = 0
    private var lastCommitted = 0

    init(capacity: Int, capacityBytes: Int) {
        self.capacity = capacity
        self.capacityBytes = capacityBytes
    }

    /// How many events are neither written nor lost.
    var pending: Int { waiting.count + (batch?.events.count ?? 0) }

    /// Whether there is something to write.
    var hasWork: Bool { batch != nil || !waiting.isEmpty || !settlements.isEmpty || unsaidLost > 0 }

    /// Takes `event` in with its spending, or loses the event where there is no room.
    mutating func add(_ event: RecordEvent?, _ spending: [Settlement]) -> Bool {
        for settlement in spending { keep(settlement) }
        guard let event else { return true }
        submitted += 1
        let size = event.size
        guard pending < capacity, waitingBytes + batchBytes + size <= capacityBytes else {
            lost += 1
            unsaidLost += 1
            return false
        }
        accepted += 1
        waiting.append(event)
        waitingBytes += size
        return true
    }

    /// The batch that is to be written now: the one whose end is not known, else one of at most `limit` events.
    mutating func next(limit: Int) -> RecordBatch? {
        if let batch { return batch }
        guard hasWork else { return nil }
        let count = min(limit, waiting.count)
        let events = Array(waiting.prefix(count))
        waiting.removeFirst(count)
        batchBytes = events.reduce(0) { $0 + $1.size }
        waitingBytes -= batchBytes
        let made = RecordBatch(
            number: nextNumber, events: events, settlements: settlements.values.sorted { $0.place < $1.place },
            lost: unsaidLost)
        nextNumber += 1
        settlements = [:]
        unsaidLost = 0
        batch = made
        return made
    }

    /// The store has the batch. Returns it, so that its spending can be acknowledged.
    mutating func commit() -> RecordBatch? {
        defer { (batch, batchBytes) = (nil, 0) }
        guard let batch else { return nil }
        written += batch.events.count
        finished += batch.events.count
        lastCommitted = batch.number
        return batch
    }

    /// The store refuses the batch for what is in it, and has nothing of it: a batch of one event loses it, a larger one
    /// is halved, until the one that is refused stands alone.
    /// - Returns: the event that was lost, if one was.
    mutating func refuse() -> RecordEvent? {
        guard let refused = batch else { return nil }
        batch = nil
        for settlement in refused.settlements { keep(settlement) }
        unsaidLost += refused.lost
        if refused.events.count <= 1 {
            batchBytes = 0
            lost += refused.events.count
            unsaidLost += refused.events.count
            finished += refused.events.count
            return refused.events.first
        }
        let half = refused.events.count / 2
        let rest = refused.events[half...]
        let restBytes = rest.reduce(0) { $0 + $1.size }
        waiting.insert(contentsOf: rest, at: 0)
        waitingBytes += restBytes
        batchBytes -= restBytes
        // The spending waits for a batch that the store takes.
        batch = RecordBatch(
            number: nextNumber, events: Array(refused.events[..<half]), settlements: [], lost: 0)
        nextNumber += 1
        return nil
    }

    /// What must have happened for all that is here now to be in the store, or lost.
    var mark: Mark {
        let joinsNext = !waiting.isEmpty || !settlements.isEmpty || unsaidLost > 0
        return Mark(events: accepted, batch: joinsNext ? nextNumber : batch?.number ?? 0)
    }

    /// Whether what was here when `mark` was taken is in the store, or lost.
    func hasReached(_ mark: Mark) -> Bool {
        !hasWork || finished >= mark.events && lastCommitted >= mark.batch
    }

    /// A point in the order of events and batches.
    struct Mark: Sendable {
        fileprivate var events: Int
        fileprivate var batch: Int
    }

    private mutating func keep(_ settlement: Settlement) {
        if var sum = settlements[settlement.place] {
            sum.spent += settlement.spent
            sum.leased += settlement.leased
            settlements[settlement.place] = sum
        } else {
            settlements[settlement.place] = settlement
        }
    }
}
