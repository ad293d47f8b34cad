import Foundation
import Probability
import Testing

@testable import Language

@Suite struct `scale curves` {
    @Test(arguments: 3...12) func `of straight lines have linearity and breakthroughness n - 1`(_ count: Int) throws {
        let scales = (0..<count).map(Double.init)
        let rising = try ScaleCurve(scales: scales, scores: scales.map { 0.1 + 0.05 * $0 })
        #expect(abs(rising.linearity - Double(count - 1)) < 1e-9)
        #expect(abs(rising.breakthroughness - Double(count - 1)) < 1e-6)
        let falling = try ScaleCurve(scales: scales, scores: scales.map { -$0 })
        #expect(abs(falling.linearity + Double(count - 1)) < 1e-9 && falling.improvement == -Double(count - 1))
    }

    @Test(arguments: 4...12) func `of one jump have linearity sqrt(n - 1) and no bound on the other`(_ count: Int)
        throws
    {
        let scales = (0..<count).map(Double.init)
        let jump = try ScaleCurve(scales: scales, scores: scales.map { $0 >= Double(count) / 2 ? 0.9 : 0.2 })
        #expect(abs(jump.linearity - Double(count - 1).squareRoot()) < 1e-9)
        #expect(jump.breakthroughness == .infinity && abs(jump.improvement - 0.7) < 1e-12)
        let flat = try ScaleCurve(scales: scales, scores: scales.map { _ in 0.25 })
        #expect(flat.linearity == 0 && flat.breakthroughness == 0 && flat.improvement == 0)
    }

    @Test func `have the worked-out numbers`() throws {
        // Steps 0.1, 0, 0.5, -0.1: their squares 0.01, 0, 0.25, 0.01, mean 0.0675, median 0.01.
        let curve = try ScaleCurve(scales: [1, 10, 3, 300, 100], scores: [0.1, 0.2, 0.2, 0.6, 0.7])
        #expect(curve.scores == [0.1, 0.2, 0.2, 0.7, 0.6])
        #expect(abs(curve.linearity - 0.6 / 0.0675.squareRoot()) < 1e-9)
        #expect(abs(curve.breakthroughness - 6) < 1e-6)
    }

    @Test func `have no linearity above n - 1, and none that units change`() throws {
        var random = Random(seed: 3)
        for _ in 0..<500 {
            let count = 3 + random.integer(below: 8)
            let scales = (0..<count).map { Double($0) + random.uniform() / 2 }
            let scores = scales.map { _ in random.normal() }
            let curve = try ScaleCurve(scales: scales, scores: scores)
            #expect(abs(curve.linearity) <= Double(count - 1) + 1e-9)
            let other = try ScaleCurve(scales: scales.map { exp($0) }, scores: scores.map { 3 * $0 + 1 })
            #expect(abs(other.linearity - curve.linearity) < 1e-9)
            let turned = try ScaleCurve(scales: scales, scores: scores.map { -$0 })
            #expect(abs(turned.breakthroughness + curve.breakthroughness) < 1e-9 * abs(curve.breakthroughness))
        }
    }

    @Test func `need three models of different scales`() {
        #expect(throws: LanguageError.self) { try ScaleCurve(scales: [1, 2], scores: [1, 2]) }
        #expect(throws: LanguageError.self) { try ScaleCurve(scales: [1, 2, 2], scores: [1, 2, 3]) }
        #expect(throws: LanguageError.self) { try ScaleCurve(scales: [1, 2, 3], scores: [1, .nan, 3]) }
        #expect(throws: LanguageError.self) { try ScaleCurve(scales: [1, 2, 3], scores: [1, 3]) }
    }
}
