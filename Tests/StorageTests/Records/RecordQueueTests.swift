import Probability
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `record queue` {
    static func event(_ number: Int) -> RecordEvent {
        .feedback(Feedback(request: "\(number)", quality: 1, time: Double(number)))
    }

    static func number(_ event: RecordEvent) -> Int {
        if case .feedback(let feedback) = event { Int(feedback.time) } else { -1 }
    }

    /// Random adds, commits, failures and refusals, against the plain account of what must become of each event.
    @Test(arguments: 0..<200)
    func `loses nothing but what it counts, keeps the order, and all spending`(_ seed: Int) {
        var random = Random(seed: UInt64(seed))
        var queue = RecordQueue(capacity: 1 + random.integer(below: 30), capacityBytes: 200 * 20)
        let poison = Set((0..<400).filter { _ in random.uniform() < 0.05 })
        var (next, spent, written, spentWritten, refused, full) = (0, 0, [Int](), 0, [Int](), [Int]())
        var lostSaid = 0
        var lastNumber = 0
        // A batch whose end is not known comes again as it is, whatever the limit is by then.
        var isOpen = false
        func commit(_ batch: RecordBatch) {
            #expect(batch.number > lastNumber)
            lastNumber = batch.number
            written += batch.events.map(Self.number)
            spentWritten += batch.settlements.reduce(0) { $0 + Int($1.spent) }
            lostSaid += batch.lost
            #expect(queue.commit()?.number == batch.number)
            isOpen = false
        }
        func work(_ limit: Int) {
            guard let batch = queue.next(limit: limit) else { return }
            #expect(isOpen || batch.events.count <= limit)
            isOpen = true
            if batch.events.contains(where: { poison.contains(Self.number($0)) }) {
                if let lost = queue.refuse() {
                    refused.append(Self.number(lost))
                    isOpen = false
                }
            } else if random.uniform() < 0.3 {
                // Not heard of: the same batch comes again.
                #expect(queue.next(limit: 1)?.number == batch.number)
            } else {
                commit(batch)
            }
        }
        for _ in 0..<600 {
            if random.uniform() < 0.6, next < 400 {
                let amount = random.integer(below: 10)
                spent += amount
                let settlement = Settlement(
                    place: .init(key: "\(random.integer(below: 3))", account: "a", window: 0, holder: "h"),
                    spent: Int64(amount), leased: 0)
                if !queue.add(Self.event(next), [settlement]) { full.append(next) }
                next += 1
            } else {
                work(1 + random.integer(below: 8))
            }
            #expect(queue.pending <= queue.capacity)
            #expect(queue.submitted == queue.written + queue.lost + queue.pending)
        }
        let mark = queue.mark
        while queue.hasWork { work(8) }
        #expect(queue.hasReached(mark))
        #expect(written == (0..<next).filter { !full.contains($0) && !refused.contains($0) })
        #expect(Set(refused) == poison.subtracting(full).filter { $0 < next })
        #expect(spentWritten == spent)
        #expect(lostSaid == queue.lost && queue.lost == full.count + refused.count)
    }

    @Test func `a mark is reached when what was there is written, not later`() {
        var queue = RecordQueue(capacity: 100, capacityBytes: 1 << 20)
        for number in 0..<3 { _ = queue.add(Self.event(number), []) }
        let mark = queue.mark
        for number in 3..<9 { _ = queue.add(Self.event(number), []) }
        _ = queue.next(limit: 2)
        _ = queue.commit()
        #expect(!queue.hasReached(mark))
        _ = queue.next(limit: 2)
        #expect(!queue.hasReached(mark))
        _ = queue.commit()
        #expect(queue.hasReached(mark))
        #expect(queue.pending == 5)
    }
}
