import Cascades
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `a measured frontier` {
    /// A path that at every price asks what the price's row says: outcomes are known by hand.
    private struct Given: PolicyPath {
        let stages: [Double: Int]
        func policy(price: Double) -> any Policy { SingleStagePolicy(stage: stages[price]!) }
    }

    /// Two stages that cost 1 and 5, right on `weak` and `strong` of 100 items.
    private func pair(weak: Int, strong: Int) -> CostedLog {
        var log = OutcomeLog(
            schema: LogSchema(stages: [StageSchema(name: "weak"), StageSchema(name: "strong")]),
            ids: (0..<100).map { "\($0)" },
            quality: (0..<100).flatMap { [$0 < weak ? 1.0 : 0, $0 < strong ? 1.0 : 0] })
        log.money = (0..<100).flatMap { _ in [1.0, 5.0] }
        return CostedLog(log)
    }

    @Test func `of the two stages themselves has the figures of random choice`() throws {
        let frontier = try MeasuredFrontier(
            of: Given(stages: [0: 1, 1: 0]), on: pair(weak: 40, strong: 80), prices: [0, 1], replicates: 200,
            random: Random(seed: 1))
        let figures = Dictionary(uniqueKeysWithValues: frontier.figures.map { ($0.kind, $0) })
        #expect(figures.count == FrontierFigure.Kind.allCases.count)
        // A straight line from 0.4 to 0.8.
        for kind in [FrontierFigure.Kind.area, .averageImprovementInQuality] {
            #expect(abs(figures[kind]!.value.estimate - 0.6) < 1e-12)
            #expect(abs(figures[kind]!.mixtures - 0.6) < 1e-12)
        }
        #expect(abs(figures[.averagePerformanceGapRecovered]!.value.estimate - 0.5) < 1e-12)
        #expect(abs(figures[.callPerformanceThreshold50]!.value.estimate - 0.5) < 1e-12)
        #expect(abs(figures[.callPerformanceThreshold80]!.value.estimate - 0.8) < 1e-12)
    }

    @Test func `of a policy that sends the right items on recovers the gap with few calls`() throws {
        // Right on items 0..<40 by the weak stage and on 0..<80 by the strong: 40 calls recover all of the gap.
        var log = pair(weak: 40, strong: 80).log
        log.groups = CodedColumn((0..<100).map { (40..<80).contains($0) ? "hard" : "easy" })
        let costed = CostedLog(log)
        var random = Random(seed: 1)
        let path = try RouterLearner.group.fit(costed, using: &random)
        let frontier = try MeasuredFrontier(of: path, on: costed, replicates: 200, random: Random(seed: 1))
        let figures = Dictionary(uniqueKeysWithValues: frontier.figures.map { ($0.kind, $0) })
        // A triangle up to 0.4, then flat: 0.2 + 0.6; half of the gap at 0.2, 80 % at 0.32.
        #expect(abs(figures[.averagePerformanceGapRecovered]!.value.estimate - 0.8) < 1e-12)
        #expect(abs(figures[.callPerformanceThreshold50]!.value.estimate - 0.2) < 1e-12)
        #expect(abs(figures[.callPerformanceThreshold80]!.value.estimate - 0.32) < 1e-12)
        // As good as the strong stage for 0.6 · 1 + 0.4 · 5 = 2.6 instead of 5.
        let equal = frontier.equalQuality()
        #expect(abs(equal.cost.estimate - 2.6) < 1e-12)
        #expect(abs(equal.savedOfReference!.estimate - 0.48) < 1e-12)
        #expect(abs(equal.savedOfMixture!.estimate - 0.48) < 1e-12)
        #expect(zip(equal.asked, [0.6, 0.4]).allSatisfy { abs($0 - $1) < 1e-12 })
        // Three quarters of it, 0.6: half way, for 1.8; the stages mixed take 3.
        let half = frontier.equalQuality(share: 0.75)
        #expect(abs(half.cost.estimate - 1.8) < 1e-12)
        #expect(abs(half.mixtureCost - 3) < 1e-12)
        #expect(abs(half.savedOfMixture!.estimate - 0.4) < 1e-12)
    }

    @Test func `of one policy says what mixtures as good would cost`() throws {
        let log = pair(weak: 40, strong: 80)
        let strong = try MeasuredFrontier(
            of: SingleStagePolicy(stage: 1), on: log, replicates: 200, random: Random(seed: 1))
        #expect(strong.savingOverMixtures()!.estimate == 0)
        #expect(strong.isMatchedByStage())
    }

    @Test func `intervals hold the figure of fresh items as often as they say`() throws {
        // The path is given, so only the items vary. 200 samples of 300 items at 90 %: the share that holds the truth has a
        // standard error of 0.021; 4 of them below 0.9 is 0.815, passed by chance with probability 0.0001.
        var random = Random(seed: 1)
        let path = try ThresholdLearner().fit(
            CostedLog(SimulatedLog.rising(items: 1000, stages: 3, seed: 5)), using: &random)
        let prices = [0, 0.002, 0.01, 0.03, 0.1, .infinity]
        func area(_ items: Int, seed: UInt64) throws -> MeanInterval {
            try MeasuredFrontier(
                of: path, on: CostedLog(SimulatedLog.rising(items: items, stages: 3, seed: seed)), prices: prices,
                mostItems: items, confidence: 0.9, replicates: 200, random: Random(seed: seed)
            ).figures[0].value
        }
        let truth = try area(60_000, seed: 1).estimate
        let held = try (0..<200).count { sample in
            let interval = try area(300, seed: 100 + UInt64(sample))
            return (interval.lower...interval.upper).contains(truth)
        }
        #expect(Double(held) / 200 >= 0.9 - 4 * 0.0212, "\(held) of 200")
    }

    @Test func `by cross-validation measures every item by a policy learned without it`() throws {
        let log = CostedLog(SimulatedLog.rising(items: 600, stages: 3, seed: 6))
        let random = Random(seed: 2)
        let frontier = try MeasuredFrontier(
            crossValidating: ThresholdLearner(), on: log, folds: 3, replicates: 200, random: random)
        #expect(frontier.itemCount == 600)
        // The same folds, learned and swept apart.
        var stream = random.split(2)
        let folds = LogSplit.folds(log.log, count: 3, using: &stream)
        let work = ProgressReporter.none.begin("", total: 3)
        let validation = try CrossValidation(
            ThresholdLearner(), on: log, folds: folds, random: random.split(3), work: work)
        let points = validation.points(frontier.points.map(\.price))
        for (measured, expected) in zip(frontier.points, points) {
            #expect(abs(measured.cost - expected.cost) < 1e-9)
            #expect(abs(measured.quality - expected.quality) < 1e-9)
        }
        let area = try #require(frontier.figures.first)
        #expect(area.kind == .area)
        #expect(abs(area.value.estimate - area.mixtures - area.difference.estimate) < 1e-12)
    }

    @Test func `with missing cells stays near that of the whole log`() throws {
        var random = Random(seed: 1)
        let path = try ThresholdLearner().fit(
            CostedLog(SimulatedLog.rising(items: 1000, stages: 2, seed: 5)), using: &random)
        let prices = [0, 0.01, 0.03, 0.1, .infinity]
        let areas = try [0, 0.2].map { missing in
            try MeasuredFrontier(
                of: path, on: CostedLog(SimulatedLog.rising(items: 8000, stages: 2, seed: 9, missing: missing)),
                prices: prices, replicates: 200, random: Random(seed: 3)
            ).figures[0].value
        }
        // Half widths of 95 % intervals are about 2 standard errors; 4 of both together.
        let errors = areas.map { ($0.upper - $0.lower) / 4 }
        let slack = 4 * (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot()
        #expect(abs(areas[0].estimate - areas[1].estimate) < slack, "\(areas)")
    }

    @Test func `is refused for a family that can't learn`() {
        let log = CostedLog(SimulatedLog.rising(items: 300, stages: 2, seed: 6))
        #expect(throws: DeferralError.self) {
            try MeasuredFrontier(crossValidating: RouterLearner.group, on: log, random: Random(seed: 2))
        }
    }
}
