import Cascades
import Deferral
import Probability
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `explored requests` {
    private func row(_ id: String, answered: Int, quality: [Double]) -> ExploredRow {
        ExploredRow(
            id: id, time: 0, context: [], group: nil, evidence: [-1, -1, 3],
            costs: [Cost(money: 1), Cost(money: 10)], answered: answered, quality: quality)
    }

    @Test(arguments: [[0.3, 0.9], [0.5, 0.5], [1, 0]])
    func `values are without a bias, whatever the means`(_ mean: [Double]) {
        // Over which answer chance gives, the mean value of each stage's answer is its quality.
        for truth in [[1.0, 0], [0, 0.25], [0.7, 0.7]] {
            for stage in 0..<2 {
                let values = (0..<2).map { answered in
                    row("r", answered: answered, quality: (0..<2).map { $0 == answered ? truth[$0] : .nan })
                        .value(of: stage, mean: mean)
                }
                #expect(abs((values[0] + values[1]) / 2 - truth[stage]) < 1e-12)
            }
            let known = row("r", answered: 0, quality: truth)
            #expect((0..<2).map { known.value(of: $0, mean: mean) } == truth)
        }
    }

    @Test func `the last are kept, and feedback finds them`() {
        var rows = ExploredRows(schema: SimulatedTraffic.schema, capacity: 3)
        for index in 0..<5 { rows.add(row("r\(index)", answered: index % 2, quality: [.nan, .nan])) }
        #expect(rows.count == 3 && Set(rows.rows.map(\.id)) == ["r2", "r3", "r4"])
        #expect(rows.judge("r0", stage: nil, quality: 1) == nil)
        #expect(rows.judge("r3", stage: nil, quality: 1)?.quality[1] == 1)
        #expect(rows.judge("r3", stage: 7, quality: 1) == nil)
        #expect(rows.judge("r3", stage: 0, quality: 0)?.isComplete == true)
        #expect(rows.log.count == 1 && rows.log.isComplete)
    }

    @Test func `a policy that is learned from them does in truth what it promised`() throws {
        var traffic = SimulatedTraffic(seed: 11)
        let exploring = try SimulatedTraffic.policies(
            [SimulatedTraffic.version(1, ExploringPolicy(stages: [0, 1]))])
        let inForce = try SimulatedTraffic.policies([SimulatedTraffic.version(1, SingleStagePolicy(stage: 1))])
        for judgesAll in [true, false] {
            var rows = ExploredRows(schema: SimulatedTraffic.schema)
            for _ in 0..<(judgesAll ? 2000 : 8000) {
                let (run, quality) = traffic.next(exploring)
                rows.add(
                    ExploredRow(
                        id: run.id, time: run.time, context: [], group: nil,
                        evidence: run.choices.flatMap(\.evidence), costs: run.choices.map(\.cost),
                        answered: run.answered!, quality: [.nan, .nan]))
                if judgesAll { for stage in 0..<2 { _ = rows.judge(run.id, stage: stage, quality: quality[stage]) } }
                _ = rows.judge(run.id, stage: nil, quality: quality[run.answered!])
            }
            #expect(abs(rows.means[0] - 0.6) < 0.05 && abs(rows.means[1] - 0.95) < 0.03)
            let outcome = try PolicyTrainer(settings: LearningSettings.Learner(goal: .keep(0.95))).learn(
                rows, inForce: inForce.active.file, rule: inForce.acting[0].rule, seed: 1)
            guard case .better(let file) = outcome else {
                Issue.record("nothing was learned")
                return
            }
            // On requests that it never saw: cheaper than always asking large, at about the quality that was asked for.
            var fresh = SimulatedTraffic(seed: 99)
            let learned = try SimulatedTraffic.policies(
                [PolicyVersion(name: "v2", number: 2, file: file, state: .active)])
            var quality = 0.0
            var cost = 0.0
            for _ in 0..<20_000 {
                let (run, truth) = fresh.next(learned)
                quality += truth[run.answered!] / 20_000
                cost += run.money / 20_000
            }
            #expect(quality > 0.95 * 0.95 - 0.03, "quality \(quality), judged all: \(judgesAll)")
            #expect(cost < 9.5, "cost \(cost)")
        }
    }

    @Test func `too few are said to be`() throws {
        let inForce = try SimulatedTraffic.policies([SimulatedTraffic.version(1, SingleStagePolicy(stage: 1))])
        #expect(throws: DeferralError.self) {
            try PolicyTrainer(settings: LearningSettings.Learner()).learn(
                ExploredRows(schema: SimulatedTraffic.schema), inForce: inForce.active.file,
                rule: inForce.acting[0].rule, seed: 1)
        }
    }
}
