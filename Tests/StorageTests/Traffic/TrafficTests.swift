import Cascades
import Foundation
import Probability
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `sums of the traffic` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Requests over ten minutes, by two models.
    private func records(_ count: Int) -> [RequestRecord] {
        var random = Random(seed: 7)
        return (0..<count).map { index in
            var record = SampleRecords.record("request \(index)", &random)
            record.time = 1_700_000_000 + Double(index) * 600 / Double(count)
            record.model = index % 3 == 0 ? "safe" : "fast"
            record.policyVersion = index % 3 == 0 ? nil : 1 + index % 2
            if index % 7 == 0 {
                record.status = .abstained
                record.answered = nil
            }
            return record
        }
    }

    private func near(_ left: Double, _ right: Double) -> Bool { abs(left - right) <= 1e-9 * max(1, abs(right)) }

    @Test(arguments: TestDatabase.available)
    func `are those of the requests, whatever the batches`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let records = records(500)
        let writer = RecordWriter(store)
        for (index, record) in records.enumerated() {
            writer.submit(.request(record))
            if index % 90 == 0 { try await writer.flush() }
        }
        try await writer.flush()
        await writer.close()
        let rows = try await store.traffic.rows(from: 0)
        #expect(rows.reduce(0) { $0 + $1.requests } == 500)
        for row in rows {
            let place = row.place
            let own = records.filter { record in
                Int(record.time / 60) == place.minute && record.model == place.model
                    && record.policyVersion == place.policyVersion
                    && record.answered.map({ record.trace.schema.stages[$0].name }) == place.stage
                    && record.status.description.hasPrefix(place.status.rawValue)
            }
            #expect(row.requests == own.count)
            // What the gateway notes counts; what asked more than one where it notes nothing.
            #expect(row.deferred == own.count { $0.serving?.isDeferred ?? ($0.trace.choices.count > 1) })
            #expect(near(row.money, own.reduce(0) { $0 + $1.cost.money }))
            #expect(near(row.seconds, own.reduce(0) { $0 + $1.secondsTaken }))
            let answers = own.compactMap { record in record.trace.choices.last { $0.stage == record.answered } }
            let repeated = own.reduce(0) { $0 + ($1.answered == nil ? $1.serving?.repeatedMoney ?? 0 : 0) }
            #expect(near(row.answerMoney, answers.reduce(0) { $0 + $1.cost.money } + repeated))
            #expect(near(row.answerTokensIn, answers.reduce(0) { $0 + $1.cost.tokensIn }))
            #expect(near(row.answerTokensOut, answers.reduce(0) { $0 + $1.cost.tokensOut }))
        }
        // Longer stretches add up the same, and a window leaves out the rest.
        let whole = try await store.traffic.rows(from: 0, stretch: 1_000_000)
        #expect(Set(whole.map(\.place.minute)).count == 1)
        #expect(whole.reduce(0) { $0 + $1.requests } == 500)
        let first = Int(1_700_000_000.0 / 60) + 2
        let part = try await store.traffic.rows(from: first, until: first + 3)
        #expect(
            part.reduce(0) { $0 + $1.requests } == records.count { (first..<first + 3).contains(Int($0.time / 60)) })
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `slowest, shares and judgements look at the last requests only`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let records = records(300)
        let writer = RecordWriter(store)
        for record in records { writer.submit(.request(record)) }
        for index in stride(from: 0, to: 300, by: 2) {
            writer.submit(.feedback(Feedback(request: "request \(index)", quality: Double(index % 4) / 2, time: 1)))
        }
        try await writer.flush()
        let last = records.suffix(100)
        let slowest = try await store.requests.slowest(5, among: 100)
        #expect(
            slowest.map(\.id)
                == last.sorted { ($1.secondsTaken, $0.id) < ($0.secondsTaken, $1.id) }.prefix(5).map(\.id))
        #expect(slowest.allSatisfy { !$0.trace.choices.isEmpty })
        let fast = RequestRepository.Filter(model: "fast")
        let shares = try await store.requests.shares(among: 100, fast)
        let lastFast = records.filter { $0.model == "fast" }.suffix(100)
        #expect(shares.reduce(0) { $0 + $1.requests } == 100 && shares.allSatisfy { $0.model == "fast" })
        for share in shares {
            #expect(
                share.requests
                    == lastFast.count { record in
                        record.trace.group == share.group
                            && record.answered.map { record.trace.schema.stages[$0].name } == share.stage
                    })
        }
        let judgement = try await store.requests.judgement(among: 100)
        let qualities = (200..<300).filter { $0 % 2 == 0 }.map { Double($0 % 4) / 2 }
        #expect(judgement.count == qualities.count)
        #expect(near(judgement.quality, qualities.reduce(0, +) / Double(qualities.count)))
        #expect(near(judgement.squaredQuality, qualities.reduce(0) { $0 + $1 * $1 } / Double(qualities.count)))
        let time = try await store.requests.timeOfLast(100)
        #expect(time == last.first?.time)
        #expect(try await store.requests.timeOfLast(5, RequestRepository.Filter(model: "none")) == nil)
        #expect(try await store.requests.judgement(among: 5, RequestRepository.Filter(model: "none")).count == 0)
        await writer.close()
        await store.close()
    }
}

extension RequestRecord {
    /// By the clock where a gateway served it, else the sum of what its stages took.
    fileprivate var secondsTaken: Double { serving?.elapsed ?? cost.seconds }
}
