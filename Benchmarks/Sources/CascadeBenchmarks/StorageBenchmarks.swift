import Cascades
import Foundation
import Probability
import Storage

/// Writing records, reserving from budgets and exporting, on a SQLite file in the temporary folder.
enum StorageBenchmarks {
    static func run() throws -> [Row] {
        // The benchmarks are a synchronous program; this waits for the one part of them that is not.
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: Result<[Row], any Error> = .success([])
        Task.detached {
            do { result = .success(try await measure()) } catch { result = .failure(error) }
            done.signal()
        }
        done.wait()
        return try result.get()
    }

    private static func measure() async throws -> [Row] {
        let path = NSTemporaryDirectory() + "/cascade-bench-\(ProcessInfo.processInfo.processIdentifier).sqlite"
        defer { for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) } }
        let store = try await Store.open(path)
        let count = 100_000
        let records = Self.records(count)
        var options = RecordWriter.Options()
        options.capacity = count
        options.capacityBytes = 1 << 30
        let writer = RecordWriter(store, options: options)
        let clock = ContinuousClock()
        var submitting = Duration.zero
        let writing = try await clock.measure {
            submitting = clock.measure {
                for record in records {
                    writer.submit(.request(record))
                    writer.submit(.feedback(Feedback(request: record.id, quality: 1, time: 1)))
                }
            }
            try await writer.flush()
        }
        let lost = writer.counts.lost
        await writer.close()
        let bytes = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0

        var exported = 0
        let exporting = try await clock.measure { exported = try await store.outcomeLog().count }

        let keeper = store.budgetKeeper()
        let limits = [
            Limit(.money, 1e6, per: .month), Limit(.tokens, 1e12, per: .day), Limit(.requests, 1e9, per: .hour),
        ]
        let budget = keeper.budget(of: "key", limits: limits)
        let usage = Usage(nanodollars: 20_000, tokens: 500, requests: 1)
        let reservations = 1_000_000
        _ = try await keeper.reserve(usage, from: budget)
        var settled = 0
        let reserving = try await clock.measure {
            for _ in 0..<reservations {
                let reservation = try await keeper.reserve(usage, from: budget)
                settled += keeper.settle(reservation, usage, of: budget).count
            }
        }
        await keeper.close()
        await store.close()
        func each(_ duration: Duration, _ count: Int) -> Double { duration / .seconds(1) / Double(count) }
        return [
            Row(
                name: "store: write 100,000 requests of 2 stages with feedback", value: each(writing, count) * 1e6,
                unit: "µs/request", target: 50,
                note: String(
                    format: "%.0f requests/s, %d lost, %.0f bytes each in the file", 1 / each(writing, count), lost,
                    Double(bytes) / Double(count))),
            Row(
                name: "store: submit a record (what a request waits for)", value: each(submitting, 2 * count) * 1e9,
                unit: "ns", target: 1_000),
            Row(
                name: "store: reserve from and settle three limits", value: each(reserving, reservations) * 1e9,
                unit: "ns", target: 1_000, note: "\(settled / 3) requests"),
            Row(
                name: "store: export 100,000 requests as a log", value: each(exporting, exported) * 1e6,
                unit: "µs/request", target: 50, note: String(format: "%.0f requests/s", 1 / each(exporting, exported))),
        ]
    }

    private static func records(_ count: Int) -> [RequestRecord] {
        let schema = LogSchema(
            context: ["length"],
            stages: [
                StageSchema(name: "small", evidence: ["margin", "entropy"]),
                StageSchema(name: "large", evidence: ["margin", "entropy"]),
            ])
        var random = Random(seed: 8)
        return (0..<count).map { number in
            var trace = Trace<String>(schema: schema, context: [random.uniform()], coin: random.uniform())
            trace.moves = [.ask(0), .ask(1), .stop(answer: 1)]
            for stage in 0..<2 {
                trace.choices.append(
                    Trace<String>.Choice(
                        stage: stage, output: "The answer to question \(number) is \(random.next() % 1000).",
                        evidence: [random.uniform(), random.uniform()],
                        cost: Cost(money: random.uniform(), tokensIn: 100, tokensOut: 20, seconds: random.uniform())))
            }
            return RequestRecord(
                id: "request-\(number)-\(random.next() % 1_000_000)", time: 1e9 + Double(number), key: "key-1",
                model: "fast", policyVersion: 1, trace: trace, propensities: [1, 0.3], answered: 1)
        }
    }
}
