import Foundation
import NumericalMethods
import Synchronization
import Testing

/// Serialised, since `Parallel.threads` belongs to the process.
@Suite(.serialized) struct `parallel loops` {
    private struct Failed: Error, Equatable { var index: Int }

    /// `body`'s results on 1, 2 and 7 threads.
    private func onSeveralThreadCounts<T>(_ body: () throws -> T) rethrows -> [T] {
        let before = Parallel.threads
        defer { Parallel.threads = before }
        return try [1, 2, 7].map {
            Parallel.threads = $0
            return try body()
        }
    }

    @Test func `cover every index exactly once, in ranges that do not depend on the threads`() {
        for (count, minimum) in [(0, 1), (1, 1), (5, 10), (255, 1), (256, 1), (257, 1), (10_007, 13)] {
            let ranges = onSeveralThreadCounts {
                let seen = Mutex<[Range<Int>]>([])
                Parallel.chunks(of: count, minimumChunk: minimum) { range in seen.withLock { $0.append(range) } }
                return seen.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
            }
            #expect(ranges[0] == ranges[1] && ranges[0] == ranges[2])
            #expect(ranges[0].flatMap { Array($0) } == Array(0..<count))
            #expect(ranges[0].count == Parallel.chunkCount(of: count, minimumChunk: minimum))
            #expect(ranges[0].allSatisfy { $0.count >= min(minimum, count) })
        }
    }

    @Test func `sum to the same bits on any number of threads`() {
        // Terms of very different size: any other order of summation shows in the last bits.
        let terms = (1...100_000).map { exp(20 * sin(Double($0))) }
        let sums = onSeveralThreadCounts {
            Parallel.reduce(count: terms.count, body: { $0.reduce(0) { $0 + terms[$1] } }, combine: +)!
        }
        #expect(sums[0] == sums[1] && sums[0] == sums[2])
        #expect(abs(sums[0] - terms.reduce(0, +)) < 1e-12 * sums[0])
        #expect(Parallel.reduce(count: 0, body: { _ in 1 }, combine: +) == nil)
    }

    @Test func `map in order`() {
        for result in onSeveralThreadCounts({ Parallel.map(count: 1001) { "\($0)" } }) {
            #expect(result == (0..<1001).map(String.init))
        }
    }

    @Test func `throw the error of the lowest failing index`() {
        for round in 0..<50 {
            let thrown = onSeveralThreadCounts {
                do throws(Failed) {
                    try Parallel.forEach(count: 500) { index throws(Failed) in
                        if index % 100 == 37 + round { throw Failed(index: index) }
                    }
                    return -1
                } catch {
                    return error.index
                }
            }
            #expect(thrown == [37 + round, 37 + round, 37 + round])
        }
    }

    @Test func `nest without deadlock`() {
        let totals = onSeveralThreadCounts {
            Parallel.map(count: 20) { outer in
                Parallel.reduce(
                    count: 50,
                    body: { range in
                        Parallel.map(count: range.count) { outer * (range.lowerBound + $0) }.reduce(0, +)
                    }, combine: +)!
            }
        }
        #expect(totals[0] == (0..<20).map { $0 * 1225 } && totals[0] == totals[1] && totals[0] == totals[2])
    }
}
