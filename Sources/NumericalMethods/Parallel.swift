internal import Dispatch
internal import Foundation
internal import Synchronization

/// Loops over indices on all cores, with results that never depend on how many there are.
///
/// The work is cut into chunks whose boundaries follow from the count alone. Idle threads take the next chunk in
/// order, each chunk writes only what belongs to its own indices, and reductions combine the chunks' results from
/// first to last. The calls are synchronous: they return when every chunk is done. They may be nested, and may be
/// called from any thread.
///
///     let squares = Parallel.map(count: 1000) { Double($0) * Double($0) }
///     let sum = Parallel.reduce(count: 1000, body: { $0.reduce(0.0) { $0 + squares[$1] } }, combine: +)
///
/// If a body throws, chunks not yet begun are skipped and the error of the lowest failing index is thrown.
public enum Parallel {
    private static let threadLimit = Atomic<Int>(initialThreads())

    /// How many threads a loop may use at most: the number of active cores, or the environment's `CASCADE_THREADS`.
    /// Changing it changes the time that loops take, never their results.
    public static var threads: Int {
        get { threadLimit.load(ordering: .relaxed) }
        set {
            precondition(newValue >= 1, "a loop needs at least one thread")
            threadLimit.store(newValue, ordering: .relaxed)
        }
    }

    private static func initialThreads() -> Int {
        if let text = ProcessInfo.processInfo.environment["CASCADE_THREADS"], let count = Int(text), count >= 1 {
            return count
        }
        return max(1, ProcessInfo.processInfo.activeProcessorCount)
    }

    /// Enough chunks to balance uneven work over a large machine, few enough that their start costs nothing.
    static let maximumChunks = 256

    /// How many chunks a loop over `count` indices is cut into; a function of the arguments only.
    public static func chunkCount(of count: Int, minimumChunk: Int = 1) -> Int {
        precondition(count >= 0 && minimumChunk >= 1, "a loop has no negative count, a chunk at least one index")
        return count == 0 ? 0 : max(1, min(maximumChunks, count / minimumChunk))
    }

    /// Chunk `chunk` of `chunks` over `0 ..< count`; sizes differ by one at most.
    static func range(of chunk: Int, in chunks: Int, count: Int) -> Range<Int> {
        let (size, larger) = count.quotientAndRemainder(dividingBy: chunks)
        let start = chunk * size + min(chunk, larger)
        return start..<(start + size + (chunk < larger ? 1 : 0))
    }

    /// Calls `body` with consecutive ranges that together cover `0 ..< count`.
    ///
    /// - Parameters:
    ///   - minimumChunk: the least number of indices in a range (but for counts below it). Choose it so that a range
    ///     takes some 20 µs or more.
    ///   - body: runs on several threads at once; it may write only to what its range owns.
    public static func chunks<Failure: Error>(
        of count: Int, minimumChunk: Int = 1, body: @Sendable (Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        let chunks = chunkCount(of: count, minimumChunk: minimumChunk)
        try run(chunks) { chunk throws(Failure) in try body(range(of: chunk, in: chunks, count: count)) }
    }

    /// Calls `body` once for each index of `0 ..< count`.
    public static func forEach<Failure: Error>(
        count: Int, minimumChunk: Int = 1, body: @Sendable (Int) throws(Failure) -> Void
    ) throws(Failure) {
        try chunks(of: count, minimumChunk: minimumChunk) { range throws(Failure) in
            for index in range { try body(index) }
        }
    }

    /// The array `[transform(0), ..., transform(count - 1)]`.
    public static func map<Element: Sendable, Failure: Error>(
        count: Int, minimumChunk: Int = 1, transform: @Sendable (Int) throws(Failure) -> Element
    ) throws(Failure) -> [Element] {
        let parts = try chunkResults(count: count, minimumChunk: minimumChunk) { range throws(Failure) in
            var part: [Element] = []
            part.reserveCapacity(range.count)
            for index in range { part.append(try transform(index)) }
            return part
        }
        return Array(parts.joined())
    }

    /// Combines the results of all chunks, from first to last; nil for a count of 0.
    ///
    /// Floating-point sums come out the same on any number of threads because the chunks do.
    ///
    /// - Parameters:
    ///   - body: the result of one range.
    ///   - combine: joins the result so far with that of the next range.
    public static func reduce<Result: Sendable, Failure: Error>(
        count: Int, minimumChunk: Int = 1, body: @Sendable (Range<Int>) throws(Failure) -> Result,
        combine: (Result, Result) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        let parts = try chunkResults(count: count, minimumChunk: minimumChunk, body: body)
        guard var result = parts.first else { return nil }
        for part in parts.dropFirst() { result = try combine(result, part) }
        return result
    }

    /// One result per chunk, in order.
    private static func chunkResults<Result: Sendable, Failure: Error>(
        count: Int, minimumChunk: Int, body: @Sendable (Range<Int>) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        let chunks = chunkCount(of: count, minimumChunk: minimumChunk)
        var results = [Result?](repeating: nil, count: chunks)
        var outcome: Swift.Result<Void, Failure> = .success(())
        results.withUnsafeMutableBufferPointer { buffer in
            // Each chunk writes its own element only.
            nonisolated(unsafe) let slots = buffer
            do throws(Failure) {
                try run(chunks) { chunk throws(Failure) in
                    slots[chunk] = try body(range(of: chunk, in: chunks, count: count))
                }
            } catch {
                outcome = .failure(error)
            }
        }
        try outcome.get()
        return results.map { $0! }
    }

    /// Runs `work` for each of `chunks`, at most `threads` at a time, begun in ascending order.
    private static func run<Failure: Error>(
        _ chunks: Int, work: @Sendable (Int) throws(Failure) -> Void
    ) throws(Failure) {
        let workers = min(threads, chunks)
        if workers <= 1 {
            for chunk in 0..<chunks { try work(chunk) }
            return
        }
        let next = Atomic<Int>(0)
        let failure = Mutex<(chunk: Int, error: Failure)?>(nil)
        // concurrentPerform works on the calling thread too, so a nested loop goes on when no other thread is free.
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            while true {
                let chunk = next.add(1, ordering: .relaxed).oldValue
                if chunk >= chunks { return }
                do throws(Failure) {
                    try work(chunk)
                } catch {
                    failure.withLock { first in
                        if first == nil || chunk < first!.chunk { first = (chunk, error) }
                    }
                    // Chunks begin in order: those not yet begun all come later than this one.
                    next.store(chunks, ordering: .relaxed)
                    return
                }
            }
        }
        if let first = failure.withLock({ $0 }) { throw first.error }
    }
}
