/// Lets requests out as an ``EndpointPacing`` says, those that came first first.
actor EndpointGate {
    private var pacing: EndpointPacing
    private let patience: Double
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var waiting: [(ticket: UInt64, resume: CheckedContinuation<Void, any Error>)] = []
    private var tickets: UInt64 = 0

    init(concurrency: Int, patience: Double) {
        pacing = EndpointPacing(concurrency: concurrency)
        self.patience = patience
        start = clock.now
    }

    private var now: Double { start.duration(to: clock.now) / .seconds(1) }

    /// Waits until a request of about so many tokens may go out. Whoever returns from here calls ``leave(_:)`` once.
    func enter(tokens: Double) async throws {
        tickets += 1
        let ticket = tickets
        do {
            while true {
                try Task.checkCancellation()
                let time = now
                switch pacing.next(at: time, tokens: tokens) {
                case .go: return
                case .wait(let until): try await Task.sleep(for: .seconds(max(0.001, until - time)))
                case .queue: try await queue(ticket)
                }
            }
        } catch {
            // The turn that it may have been given goes to the next one.
            wakeFirst()
            throw error
        }
    }

    private func queue(_ ticket: UInt64) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                let place = waiting.firstIndex { $0.ticket > ticket } ?? waiting.endIndex
                waiting.insert((ticket, continuation), at: place)
            }
        } onCancel: {
            Task { await self.cancel(ticket) }
        }
    }

    private func cancel(_ ticket: UInt64) {
        guard let place = waiting.firstIndex(where: { $0.ticket == ticket }) else { return }
        waiting.remove(at: place).resume.resume(throwing: CancellationError())
    }

    /// A request has ended.
    func leave(_ signals: RateSignals) {
        pacing.ended(signals, at: now, patience: patience)
        wakeFirst()
    }

    private func wakeFirst() {
        if !waiting.isEmpty { waiting.removeFirst().resume.resume() }
    }
}
