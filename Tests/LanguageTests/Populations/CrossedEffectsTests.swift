import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `crossed effects` {
    @Test func `of one model are a mean over items`() throws {
        let effects = try CrossedEffects([[1, 2, 3, 6]])
        #expect(effects.mean.value == 3 && effects.memberDeviation == 0)
        // Deviations -2, -1, 0, 3: variance 14 / 3, over 4 items.
        #expect(abs(effects.mean.standardError - (14.0 / 3 / 4).squareRoot()) < 1e-12)
    }

    @Test func `have the worked-out analysis of variance`() throws {
        // Members' means 2, 4, items' means 2, 4; what is left is 1, -1, -1, 1 times one half.
        let effects = try CrossedEffects([[1.5, 2.5], [2.5, 5.5]])
        // A = 2 * ((2 - 3)^2 + (4 - 3)^2) = 4, B = 4, E = 4 * 0.25 / 1 = 1.
        #expect(effects.mean.value == 3)
        #expect(abs(effects.memberDeviation - 1.5.squareRoot()) < 1e-12)
        #expect(abs(effects.itemDeviation - 1.5.squareRoot()) < 1e-12)
        #expect(effects.residualDeviation == 1)
        #expect(abs(effects.mean.standardError - (7.0 / 4).squareRoot()) < 1e-12)
        #expect(effects.membersAbove == 1 && effects.memberMeans == [2, 4] && effects.itemMeans == [2, 4])
    }

    @Test func `recover the variances that data were made with`() throws {
        var random = Random(seed: 20)
        let (members, items, repetitions) = (12, 30, 400)
        var sums = (member: 0.0, item: 0.0, rest: 0.0, mean: 0.0)
        var errors: [Double] = []
        for _ in 0..<repetitions {
            let a = (0..<members).map { _ in 0.5 * random.normal() }
            let b = (0..<items).map { _ in 1.5 * random.normal() }
            let effects = try CrossedEffects(
                a.map { a in b.map { 0.3 + a + $0 + 0.8 * random.normal() } })
            sums.member += effects.memberDeviation * effects.memberDeviation
            sums.item += effects.itemDeviation * effects.itemDeviation
            sums.rest += effects.residualDeviation * effects.residualDeviation
            sums.mean += effects.mean.standardError * effects.mean.standardError
            errors.append(effects.mean.value - 0.3)
        }
        let count = Double(repetitions)
        // Relative standard errors of variances: about sqrt(2 / 11 / 400) = 2 %, sqrt(2 / 29 / 400) = 1.3 %, 0.4 %; five of
        // them are passed by chance once in a million.
        #expect(abs(sums.member / count / 0.25 - 1) < 0.12)
        #expect(abs(sums.item / count / 2.25 - 1) < 0.07)
        #expect(abs(sums.rest / count / 0.64 - 1) < 0.02)
        // The variance of the mean is the one that the means show: 0.25 / 12 + 2.25 / 30 + 0.64 / 360 = 0.0976; the sample
        // variance of 400 has a relative standard error of 7 %, times five.
        let spread = errors.reduce(0) { $0 + $1 * $1 } / count
        #expect(abs(spread / (0.25 / 12 + 2.25 / 30 + 0.64 / 360) - 1) < 0.36)
        #expect(abs(sums.mean / count / (0.25 / 12 + 2.25 / 30 + 0.64 / 360) - 1) < 0.08)
    }

    @Test func `of some items are those of a table of these`() throws {
        let effects = try CrossedEffects([[1, 9, 2], [2, 9, 5]])
        #expect(try effects.items { $0 != 1 } == CrossedEffects([[1, 2], [2, 5]]))
        #expect(throws: LanguageError.self) { try effects.items { $0 == 1 } }
        #expect(throws: LanguageError.self) { try CrossedEffects([[1, 2], [1]]) }
        #expect(throws: LanguageError.self) { try CrossedEffects([[1, .nan]]) }
        #expect(throws: LanguageError.self) { try CrossedEffects([]) }
    }
}
