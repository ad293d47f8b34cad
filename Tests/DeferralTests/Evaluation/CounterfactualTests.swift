import Cascades
import Testing

@testable import Deferral

@Suite struct `counterfactuals` {
    /// Stops with stage 0 where its one number lies within bounds, else asks stage 1.
    private struct Band: Policy {
        static let kind = "test-band"
        var low: Double
        var high: Double

        func next(_ state: PolicyState) -> Move {
            if !state.asked.contains(0) { return .ask(0) }
            if state.asked.contains(1) { return .stop(answer: 1) }
            return state.signals[1] >= low && state.signals[1] <= high ? .stop(answer: 0) : .ask(1)
        }
        func formula(_ schema: LogSchema) -> String { "a band" }
        var reach: StageSet { .all(2) }
    }

    /// 1,001 items whose score of stage 0 is 0, 0.001, ..., 1, and whose context is the same.
    private var log: OutcomeLog {
        let schema = LogSchema(
            context: ["length"], stages: [StageSchema(name: "a", evidence: ["score"]), StageSchema(name: "b")])
        let count = 1001
        var log = OutcomeLog(
            schema: schema, ids: (0..<count).map(String.init), quality: [Double](repeating: 1, count: 2 * count))
        log.context = [Double](repeating: 5, count: count)
        log.evidence = (0..<count).map { Double($0) / 1000 }
        return log
    }

    private func state(_ log: OutcomeLog, item: Int) -> PolicyState {
        var state = PolicyState(schema: log.schema)
        state.begin(log, item: item)
        state.record(log, item: item, stage: 0)
        return state
    }

    @Test func `the nearest value of the log across the threshold is found exactly`() {
        let log = log
        // At 0.5 within [0.42, 0.9]: the nearest change is down to the value just below 0.42.
        let changes = Counterfactual.nearest(Band(low: 0.42, high: 0.9), in: state(log, item: 500), log: log)
        #expect(changes.count == 1)
        #expect(changes.first?.signal == 1)
        #expect(changes.first?.changed == 0.419)
        #expect(changes.first?.move == .stop(answer: 0))
        #expect(changes.first?.changedMove == .ask(1))
    }

    @Test func `it looks both ways`() {
        let log = log
        let up = Counterfactual.nearest(Band(low: 0.42, high: 0.55), in: state(log, item: 500), log: log)
        #expect(up.first?.changed == 0.551)
        let outside = Counterfactual.nearest(Band(low: 0.42, high: 0.55), in: state(log, item: 100), log: log)
        #expect(outside.first?.changed == 0.42)
        #expect(outside.first?.changedMove == .stop(answer: 0))
    }

    @Test func `nothing is found where no value changes the move`() {
        let log = log
        #expect(Counterfactual.nearest(Band(low: -1, high: 2), in: state(log, item: 500), log: log).isEmpty)
    }

    @Test func `the walk finds the first change of every monotone rule`() {
        for count in [1, 2, 7, 200, 201, 1000] {
            for first in stride(from: 0, through: count, by: max(1, count / 13)) {
                let found = Counterfactual.firstChange(count: count, limit: 20) { $0 >= first }
                #expect(found == (first < count ? first : nil))
            }
        }
    }
}
