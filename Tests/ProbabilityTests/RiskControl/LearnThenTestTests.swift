import Testing

@testable import Probability

@Suite struct `learn then test` {
    @Test func `rejections by hand`() throws {
        let p = [0.01, 0.04, 0.03, 0.002]
        #expect(try MultipleTesting.bonferroni.rejected(pValues: p, level: 0.05) == [0, 3])
        #expect(try MultipleTesting.holm.rejected(pValues: p, level: 0.08) == [0, 1, 2, 3])
        #expect(try MultipleTesting.holm.rejected(pValues: p, level: 0.05) == [0, 3])
        #expect(try MultipleTesting.fixedSequence().rejected(pValues: p, level: 0.035) == [0])
        #expect(try MultipleTesting.fixedSequence(starts: [0, 2]).rejected(pValues: p, level: 0.07) == [0, 2, 3])
        #expect(try MultipleTesting.fixedSequence().rejected(pValues: [0.5, 0], level: 0.1) == [])
        #expect(try MultipleTesting.holm.rejected(pValues: [], level: 0.1) == [])
        #expect(throws: StatisticsError.self) {
            try MultipleTesting.fixedSequence(starts: [4]).rejected(pValues: p, level: 0.1)
        }
        #expect(throws: StatisticsError.self) {
            try MultipleTesting.fixedSequence(starts: []).rejected(pValues: p, level: 0.1)
        }
        #expect(throws: StatisticsError.self) { try MultipleTesting.holm.rejected(pValues: [1.2], level: 0.1) }
        #expect(throws: StatisticsError.self) { try MultipleTesting.holm.rejected(pValues: [.nan], level: 0.1) }
    }

    @Test(arguments: [MultipleTesting.bonferroni, .holm, .fixedSequence(), .fixedSequence(starts: [0, 5])])
    func `calls no setting above the limit valid, but for the stated share of logs`(_ testing: MultipleTesting) throws {
        // Eleven settings of risk 0.05 to 0.25, the limit at 0.13; losses of an item are coupled across settings, as those of
        // thresholds are. 400 fresh logs: a share of 10 % fails the check with probability 3e-5.
        let test = LearnThenTest(risk: 0.13, confidence: 0.9, bound: .binomial, testing: testing)
        let risks = (0...10).map { 0.05 + 0.02 * Double($0) }
        var random = Random(seed: 75)
        var wrong = 0
        var found = 0
        for _ in 0..<400 {
            let u = (0..<400).map { _ in random.uniform() }
            let valid = try test.validSettings(losses: risks.map { risk in u.map { $0 < risk ? 1.0 : 0.0 } })
            if valid.contains(where: { risks[$0] > 0.13 }) { wrong += 1 }
            if !valid.isEmpty { found += 1 }
        }
        #expect(Double(wrong) <= 40 + 4 * 6)
        // And it is no empty promise: the safest setting is nearly always found.
        #expect(found > 380)
    }

    @Test func `conformal risk control keeps the expected loss of the next item`() throws {
        // Items fail at thresholds above their own uniform number: the loss of setting λ = i / 50 is [u > λ].
        var random = Random(seed: 76)
        let settings = (0...50).map { Double($0) / 50 }
        var losses: [Double] = []
        for _ in 0..<4000 {
            let u = (0..<30).map { _ in random.uniform() }
            let means = settings.map { s in u.reduce(0.0) { $0 + ($1 > s ? 1 : 0) } / 30 }
            let chosen = try ConformalRiskControl.firstSetting(meanLosses: means, count: 30, risk: 0.2)
            let setting = try #require(chosen)
            losses.append(random.uniform() > settings[setting] ? 1 : 0)
        }
        let (mean, error) = meanAndError(losses)
        // 4 standard errors: 3e-5. And not far below: the theorem loses at most 2 B / (n + 1) and the grid 1 / 50.
        #expect(mean <= 0.2 + 4 * error)
        #expect(mean >= 0.2 - 2.0 / 31 - 0.02 - 4 * error)
    }

    @Test func `conformal risk control says no and refuses rising losses`() throws {
        #expect(try ConformalRiskControl.firstSetting(meanLosses: [0.5, 0.2, 0], count: 4, risk: 0.1) == nil)
        #expect(try ConformalRiskControl.firstSetting(meanLosses: [0.5, 0.2, 0], count: 9, risk: 0.1) == 2)
        #expect(throws: StatisticsError.self) {
            try ConformalRiskControl.firstSetting(meanLosses: [0.1, 0.2], count: 9, risk: 0.1)
        }
        #expect(throws: StatisticsError.self) {
            try ConformalRiskControl.firstSetting(meanLosses: [], count: 9, risk: 0.1)
        }
        #expect(throws: StatisticsError.self) {
            try ConformalRiskControl.firstSetting(meanLosses: [2], count: 9, risk: 0.1)
        }
    }
}
