import Cascades
import Deferral
import Foundation
import Probability
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `learning on line` {
    /// Requests in `traffic`, each judged with probability `judged` after up to `delay` others, and all that learning asks
    /// for carried out.
    private func play(
        _ count: Int, _ traffic: inout SimulatedTraffic, _ learning: inout ModelLearning, _ shelf: inout SimulatedShelf,
        judged: Double = 1, delay: Int = 20, all: Bool = false, until: (SimulatedShelf) -> Bool = { _ in false }
    ) throws {
        var late: [(due: Int, id: String, stage: Int?, quality: Double)] = []
        for step in 0..<count {
            let (run, quality) = traffic.next(learning.policies)
            try shelf.carryOut(learning.ran(run), &learning)
            if traffic.random.bernoulli(judged), let answered = run.answered {
                let due = step + traffic.random.integer(below: delay + 1)
                if all, run.part == .exploring {
                    for stage in 0..<2 where stage != answered { late.append((due, run.id, stage, quality[stage])) }
                }
                late.append((due, run.id, nil, quality[answered]))
            }
            for item in late where item.due <= step {
                let actions = learning.judged(
                    item.id, stage: item.stage, quality: item.quality, source: "judge")
                try shelf.carryOut(actions, &learning)
            }
            late.removeAll { $0.due <= step }
            if until(shelf) { return }
        }
    }

    private func make(
        _ versions: [PolicyVersion], _ change: (inout LearningSettings) -> Void = { _ in }
    ) throws -> (ModelLearning, SimulatedShelf) {
        var settings = LearningSettings()
        settings.drift = nil
        change(&settings)
        let shelf = SimulatedShelf(versions, explores: settings.explores)
        return (
            ModelLearning(
                try SimulatedTraffic.policies(versions, explores: settings.explores), settings, seed: 1), shelf
        )
    }

    private func second(_ policy: any Policy, _ first: any Policy) -> [PolicyVersion] {
        var active = SimulatedTraffic.version(2, policy)
        active.previous = 1
        return [SimulatedTraffic.version(1, first, .retired), active]
    }

    @Test func `a floor that breaks rolls back to the version before, once`() throws {
        // Small answers all: quality 0.6, where 0.8 is asked for.
        var (learning, shelf) = try make(
            second(SimulatedTraffic.threshold(1), SimulatedTraffic.threshold(0.3))
        ) { $0.floor = LearningSettings.Floor(quality: 0.8) }
        var traffic = SimulatedTraffic(seed: 2)
        try play(3000, &traffic, &learning, &shelf, judged: 0.3)
        #expect(shelf.active == "v1")
        let rolls = shelf.done.filter { if case .rollBack = $0 { true } else { false } }
        #expect(rolls.count == 1 && shelf.done.count == 2)
        // What is in force now keeps the floor, and is tested from its beginning.
        #expect(learning.scores["v2"] == nil)
        #expect((learning.scores["v1"]?.quality.mean ?? 0) > 0.85)
    }

    @Test func `a floor that is kept stays, in nearly all of long runs`() throws {
        var broken = 0
        for seed in 0..<20 {
            // Quality at the floor exactly.
            let t = 0.5
            var traffic = SimulatedTraffic(seed: UInt64(100 + seed))
            let quality = traffic.quality(threshold: t)
            var (learning, shelf) = try make(
                second(SimulatedTraffic.threshold(t), SimulatedTraffic.threshold(0))
            ) { $0.floor = LearningSettings.Floor(quality: quality) }
            try play(4000, &traffic, &learning, &shelf)
            if shelf.active != "v2" { broken += 1 }
        }
        // One in twenty on average at most.
        #expect(broken <= 4)
    }

    @Test func `a world that gets worse is noticed after a long good while`() throws {
        var (learning, shelf) = try make(
            second(SimulatedTraffic.threshold(0.6), SimulatedTraffic.threshold(0.1))
        ) {
            $0.floor = LearningSettings.Floor(quality: 0.75)
            $0.drift = LearningSettings.Drift()
        }
        var traffic = SimulatedTraffic(seed: 4)
        try play(10_000, &traffic, &learning, &shelf)
        #expect(shelf.active == "v2" && shelf.done.isEmpty)
        // Small goes bad, and says nothing of it.
        traffic.smallSlope = 2.5
        try play(2000, &traffic, &learning, &shelf) { $0.active == "v1" }
        #expect(shelf.active == "v1")
    }

    @Test func `the first verdict counts, from those whose word counts`() throws {
        var (learning, _) = try make([SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5))]) {
            $0.floor = LearningSettings.Floor(quality: 0.9)
            $0.sources = ["judge"]
        }
        var traffic = SimulatedTraffic(seed: 1)
        let (run, _) = traffic.next(learning.policies)
        _ = learning.ran(run)
        for (id, stage, quality, source) in [
            (run.id, nil, 0.5, "user"), ("req_unknown", nil, 0, "judge"), (run.id, 1 - run.answered!, 0, "judge"),
            (run.id, nil, Double.nan, "judge"), (run.id, nil, 5, "judge"), (run.id, run.answered, 0, "judge"),
        ] as [(String, Int?, Double, String)] {
            _ = learning.judged(id, stage: stage, quality: quality, source: source)
        }
        // 5 counts as 1.
        let quality = learning.scores["v1"]?.quality
        #expect(quality?.count == 1 && quality?.sum == 1)
    }

    @Test func `requests are remembered up to a number`() throws {
        var learning = ModelLearning(
            try SimulatedTraffic.policies([SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5))]),
            LearningSettings(), remembers: 5, seed: 1)
        var traffic = SimulatedTraffic(seed: 1)
        let runs = (0..<8).map { _ in traffic.next(learning.policies).run }
        for run in runs { _ = learning.ran(run) }
        #expect(runs.map { learning.remembers($0.id) } == [false, false, false, true, true, true, true, true])
    }

    @Test func `a canary that is worse retires, one that keeps enough takes over`() throws {
        let active = SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.3))
        for (threshold, expected) in [(1.0, "v1"), (0.35, "v2")] {
            var (learning, shelf) = try make([
                active, SimulatedTraffic.version(2, SimulatedTraffic.threshold(threshold), .canary, share: 0.3),
            ]) { settings in
                settings.explores = 0.1
                settings.trial = LearningSettings.Trial(keep: 0.9)
            }
            var traffic = SimulatedTraffic(seed: 8)
            try play(20_000, &traffic, &learning, &shelf, judged: 0.5, all: true) { !$0.done.isEmpty }
            #expect(shelf.active == expected)
            #expect(learning.trials.isEmpty && learning.policies.acting.map(\.part) == [.active, .exploring])
        }
    }

    @Test func `tests go on elsewhere as if nothing had happened`() throws {
        let versions = [
            SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
            SimulatedTraffic.version(2, SimulatedTraffic.threshold(0.45), .canary, share: 0.3),
        ]
        func terms(_ settings: inout LearningSettings) {
            settings.explores = 0.1
            settings.floor = LearningSettings.Floor(quality: 0.7)
            settings.trial = LearningSettings.Trial(keep: 0.9, least: 100_000)
        }
        var (first, shelf) = try make(versions, terms)
        var traffic = SimulatedTraffic(seed: 12)
        try play(1000, &traffic, &first, &shelf, delay: 0, all: true)
        let kept = try JSONEncoder().encode(first.tests)
        var (second, secondShelf) = try make(versions, terms)
        second.resume(try JSONDecoder().decode(TestState.self, from: kept))
        #expect(second.tests == first.tests && first.tests.judged > 900)
        var same = traffic
        try play(500, &traffic, &first, &shelf, delay: 0, all: true)
        try play(500, &same, &second, &secondShelf, delay: 0, all: true)
        #expect(second.tests == first.tests && first.tests.judged > 1400)
        #expect(first.tests.trials["v2"]?.compared ?? 0 > 100)
        // Versions that are out of use are forgotten.
        var (alone, _) = try make([versions[0]], terms)
        alone.resume(first.tests)
        #expect(alone.tests.scores.keys.sorted() == ["v1"] && alone.tests.trials.isEmpty)
        // A trial was against the version that was in force.
        var (other, _) = try make(
            [SimulatedTraffic.version(3, SimulatedTraffic.threshold(0.5)), versions[1]], terms)
        other.resume(first.tests)
        #expect(other.tests.trials["v2"] == CanaryTrial(other.settings.trial))
    }

    @Test func `other terms are tested anew, what is known stays`() throws {
        let versions = [
            SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
            SimulatedTraffic.version(2, SimulatedTraffic.threshold(0.45), .canary, share: 0.3),
        ]
        var (learning, shelf) = try make(versions) {
            $0.floor = LearningSettings.Floor(quality: 0.95, confidence: 0.999_999)
            $0.trial = LearningSettings.Trial(keep: 0.9, least: 100_000)
        }
        var traffic = SimulatedTraffic(seed: 13)
        try play(100, &traffic, &learning, &shelf)
        let before = learning.tests
        #expect(shelf.done.isEmpty && (before.scores["v1"]?.floorBet.largest ?? 0) > 1)
        var settings = learning.settings
        settings.floor = LearningSettings.Floor(quality: 0.5)
        settings.trial.keep = 0.8
        var (other, _) = try make(versions) { $0 = settings }
        other.resume(before)
        learning.renew(learning.policies, settings)
        for tests in [learning.tests, other.tests] {
            #expect(tests.scores["v1"]?.floorBet.count == 0)
            #expect(tests.scores["v1"]?.quality == before.scores["v1"]?.quality)
            #expect(tests.trials["v2"] == CanaryTrial(settings.trial))
        }
    }

    @Test func `shadows say what they would do, and never act`() throws {
        var (learning, shelf) = try make([
            SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
            SimulatedTraffic.version(2, SimulatedTraffic.threshold(0.5), .shadow),
            SimulatedTraffic.version(3, SimulatedTraffic.threshold(0.25), .shadow),
        ]) { $0.explores = 0.2 }
        var traffic = SimulatedTraffic(seed: 3)
        try play(10_000, &traffic, &learning, &shelf)
        let same = learning.scores["v2"]!
        let other = learning.scores["v3"]!
        #expect(same.requests == 0 && same.watched > 7000 && same.agreed == same.watched)
        // Hardness from 0.25 to 0.5 is where they differ.
        #expect(abs(Double(other.agreed) / Double(other.watched) - 0.75) < 0.03)
        // What they would have reached, from explored requests alone, of which one answer each was judged.
        let traffic2 = SimulatedTraffic(seed: 0)
        for (score, threshold) in [(same, 0.5), (other, 0.25)] {
            #expect(abs(score.exploredQuality.mean - traffic2.quality(threshold: threshold)) < 0.06)
            #expect(abs(score.exploredCost.mean - (1 + 10 * (1 - threshold))) < 0.5)
        }
    }

    @Test func `numbers that are not as they were raise an alarm, once`() throws {
        var (learning, shelf) = try make([SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5))]) {
            $0.drift = LearningSettings.Drift(reference: 1000, every: 1e6)
        }
        var traffic = SimulatedTraffic(seed: 6)
        try play(6000, &traffic, &learning, &shelf, judged: 0.5)
        #expect(shelf.done.isEmpty)
        traffic.shift = 0.4
        traffic.smallSlope = 1.6
        try play(4000, &traffic, &learning, &shelf, judged: 0.5)
        let kinds = shelf.done.compactMap { action -> LearningAlarm.Kind? in
            if case .alarm(let kind, _) = action { kind } else { nil }
        }
        #expect(shelf.done.count == kinds.count)
        #expect(kinds.contains(.evidenceDrift) && kinds.contains(.qualityDrift))
        #expect(kinds.count <= 4, "\(shelf.done)")
        #expect(shelf.done.contains { "\($0)".contains("small.evidence.meanLogProbability is larger") })
    }

    @Test
    func `from a dear policy it learns a cheap one that keeps the quality, and falls back when the world changes`()
        throws
    {
        var (learning, shelf) = try make([SimulatedTraffic.version(1, SingleStagePolicy(stage: 1))]) { settings in
            settings.explores = 0.1
            settings.floor = LearningSettings.Floor(quality: 0.85)
            settings.trial = LearningSettings.Trial(keep: 0.9)
            settings.learner = LearningSettings.Learner(every: 300, goal: .keep(0.97), canary: 0.3)
        }
        var traffic = SimulatedTraffic(seed: 21)
        try play(40_000, &traffic, &learning, &shelf, judged: 1, all: true) { $0.active != "v1" }
        #expect(shelf.active != "v1")
        let learned = shelf.active
        // Enough to know what it costs; nothing further is learned meanwhile.
        var settings = learning.settings
        settings.learner = nil
        learning.renew(learning.policies, settings)
        try play(4000, &traffic, &learning, &shelf)
        #expect(shelf.active == learned)
        let score = learning.scores[learned]!
        #expect(score.quality.mean > 0.88 && score.money / Double(score.requests) < 9)
        traffic.smallSlope = 3
        try play(4000, &traffic, &learning, &shelf) { $0.active == "v1" }
        #expect(shelf.active == "v1")
    }
}
