@testable import Deferral
import Probability
import Testing

@Suite struct `the statistics of checks` {
    @Test func `Welch's test gives the published t tail`() throws {
        // Two samples whose t is 2.2281 on 10 degrees have p = 0.05 (Student's table).
        #expect(abs(CheckStatistics.tTail(2.228139, degrees: 10) - 0.05) < 1e-6)
        let (difference, p) = try #require(
            CheckStatistics.welch((0..<10).map(Double.init), (0..<10).map { Double($0) + 3 }))
        // Both variances are 55/6: t = -3 / sqrt(11/6) = -2.2156 on 18 degrees.
        #expect(difference == -3 && abs(p - 0.0398) < 5e-4)
    }

    @Test func `ranks share ties`() { #expect(CheckStatistics.ranks([3, 1, 3, 2, 3]) == [4, 1, 4, 2, 4]) }

    @Test func `the area under the ROC curve counts pairs`() throws {
        var random = Random(seed: 8)
        for _ in 0..<50 {
            let scores = (0..<30).map { _ in Double(random.integer(below: 8)) }
            let positive = (0..<30).map { _ in random.bernoulli(0.4) }
            guard let (area, rarer) = CheckStatistics.areaUnderROC(scores, positive: positive) else { continue }
            var (sum, pairs) = (0.0, 0.0)
            for i in 0..<30 where positive[i] {
                for j in 0..<30 where !positive[j] {
                    sum += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
                    pairs += 1
                }
            }
            #expect(abs(area - sum / pairs) < 1e-12 && rarer == min(positive.count { $0 }, positive.count { !$0 }))
        }
    }

    @Test func `the analysis of variance matches a worked example`() throws {
        // Three groups of 8 with means 1, 2, 3 and values mean - 1 and mean + 1: between = 16 on 2, within = 24 on 21 degrees.
        var (values, groups) = ([Double](), [Int]())
        for group in 0..<3 {
            for k in 0..<8 { values.append(Double(group + 1) + (k % 2 == 0 ? 1 : -1)); groups.append(group) }
        }
        let (intraClass, p) = try #require(CheckStatistics.analysisOfVariance(values, groups: groups))
        // F = 8 / (24/21) = 7; P(F(2, 21) > 7) = (1 + 2 * 7 / 21)^(-21/2), the closed form for 2 degrees.
        var expected = 1.0
        for _ in 0..<21 { expected /= (1 + 2.0 * 7 / 21).squareRoot() }
        #expect(abs(p - expected) < 1e-12)
        #expect(abs(intraClass - (8 - 24.0 / 21) / (8 + 7 * 24.0 / 21)) < 1e-12)
    }

    @Test func `Hoeffding's bound is the exact tail where all agree`() {
        var power = 1.0
        for _ in 0..<40 { power *= 0.95 }
        #expect(abs(CheckStatistics.hoeffding(mean: 1, expectation: 0.95, count: 40) - power) < 1e-12)
        #expect(CheckStatistics.hoeffding(mean: 0.9, expectation: 0.95, count: 40) == 1)
    }
}
