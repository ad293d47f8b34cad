import NIOCore
import NIOPosix

/// Takes a stage's answer in: whole, or until it has begun, or until a limit is reached.
enum AnswerCollector {
    /// Reads on until there is something to be passed on, so that until then another stage can stand in unseen.
    static func begin(_ answer: BegunAnswer) async throws(StageError) -> BegunAnswer {
        var begun = answer
        // Comments that only say that something will come are no answer, nor are pieces without any of it.
        while !begun.isOver, !begun.scanner.hasAnswer || begun.bytes.readableBytes == 0,
            begun.bytes.readableBytes < longestPreamble
        {
            try await advance(&begun)
        }
        if begun.bytes.readableBytes == 0 { throw .badReply(reason: "the stream holds no events") }
        return begun
    }

    /// The most bytes that a stream may say before its answer begins, for another stage to stand in unseen.
    private static let longestPreamble = 64 << 10

    /// Takes the next piece of an answer.
    static func advance(_ begun: inout BegunAnswer) async throws(StageError) {
        begun.take(try await begun.source.next())
        if let fault = begun.scanner.fault {
            begun.source.cancel()
            throw fault
        }
        // A completion's stream says when it is done; one that just stops was cut off.
        if begun.isOver, !begun.scanner.isDone {
            throw .broken(reason: "the stream ended without its last event")
        }
        if begun.isOver, !begun.scanner.hasAnswer { throw .badReply(reason: "the stream holds no answer") }
    }

    /// Wakes the reader of `source` soon after `deadline`. By an event loop's clock: a task that sleeps would wake threads besides,
    /// for every answer that is held.
    @inline(never) private static func alarm(
        _ source: any ByteSource, at deadline: ContinuousClock.Instant
    ) -> Scheduled<Void> {
        let loop = MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
        let rest = ContinuousClock.now.duration(to: deadline).seconds
        // Another clock: a little later, or the reader would find that it is not late yet.
        return loop.scheduleTask(in: .nanoseconds(Int64(bounding: rest * 1e9) + 1_000_000)) { source.poke() }
    }

    /// Holds a stream until it is whole (over), or a limit is reached.
    static func hold(
        _ answer: BegunAnswer, limits: HoldLimits, until deadline: ContinuousClock.Instant
    ) async throws(StageError) -> BegunAnswer {
        var begun = answer
        let source = answer.source
        let alarm = alarm(source, at: deadline)
        defer { alarm.cancel() }
        while true {
            try await advance(&begun)
            if begun.isOver { return begun }
            let isLate = ContinuousClock.now >= deadline
            guard isLate || begun.bytes.readableBytes > limits.bytes else { continue }
            switch limits.overflow {
            case .release: return begun
            case .drop:
                source.cancel()
                if isLate { throw .timedOut(step: "the whole answer that the policy reads", seconds: limits.seconds) }
                throw .tooLongToHold(limit: limits.bytes)
            }
        }
    }
}
