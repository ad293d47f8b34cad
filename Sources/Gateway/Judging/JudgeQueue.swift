/// Jobs for a judge: so many at once, so many waiting, and what is beyond is dropped and counted. A state machine.
struct JudgeQueue<Job: Sendable>: Sendable {
    let concurrency: Int
    let capacity: Int
    /// The most bytes that jobs that wait may take.
    let mostBytes: Int
    private(set) var running = 0
    private(set) var waitingBytes = 0
    private(set) var dropped = 0
    private(set) var done = 0
    private var waiting: [(job: Job, size: Int)] = []
    private var head = 0

    init(concurrency: Int, capacity: Int, mostBytes: Int) {
        self.concurrency = concurrency
        self.capacity = capacity
        self.mostBytes = mostBytes
    }

    var waitingCount: Int { waiting.count - head }

    /// What is to be done with a new job.
    enum Offer {
        /// Do it now.
        case start(Job)
        /// It waits.
        case waits
        /// There is no room.
        case dropped
    }

    mutating func offer(_ job: Job, size: Int) -> Offer {
        if running < concurrency {
            running += 1
            return .start(job)
        }
        guard waitingCount < capacity, waitingBytes + size <= mostBytes else {
            dropped += 1
            return .dropped
        }
        waiting.append((job, size))
        waitingBytes += size
        return .waits
    }

    /// A job is done; the next one, to be done now.
    mutating func next() -> Job? {
        done += 1
        guard waitingCount > 0 else {
            running -= 1
            return nil
        }
        let (job, size) = waiting[head]
        head += 1
        waitingBytes -= size
        if head > 64, head * 2 > waiting.count {
            waiting.removeFirst(head)
            head = 0
        }
        return job
    }
}
