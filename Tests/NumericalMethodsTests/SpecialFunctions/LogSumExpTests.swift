import Foundation
import NumericalMethods
import Testing

@Suite struct `log-sum-exp` {
    @Test func `of nothing is minus infinity`() {
        #expect(logSumExp([]) == -.infinity)
        #expect(softmax([]) == [])
    }

    @Test func `of one element is that element`() {
        for x in [-1e300, -3.5, 0, 700, 1e300] { #expect(logSumExp([x]) == x) }
        #expect(softmax([-1e300]) == [1])
    }

    @Test func `of all minus infinity is minus infinity, and its softmax holds no mass`() {
        #expect(logSumExp([-.infinity, -.infinity]) == -.infinity)
        #expect(softmax([-.infinity, -.infinity]) == [0, 0])
        #expect(logSumExp(-.infinity, -.infinity) == -.infinity)
    }

    @Test func `with an infinite element is infinite, and the infinite elements share the mass`() {
        #expect(logSumExp([1, .infinity, -.infinity]) == .infinity)
        #expect(softmax([1, .infinity, .infinity, -.infinity]) == [0, 0.5, 0.5, 0])
    }

    @Test func `of ties adds the logarithm of their number`() {
        #expect(abs(logSumExp([Double](repeating: -1000, count: 8)) - (-1000 + log(8))) < 1e-12)
        #expect(softmax([5, 5, 5, 5]) == [0.25, 0.25, 0.25, 0.25])
    }

    @Test func `neither overflows nor loses the small`() {
        #expect(abs(logSumExp([1000, 999]) - (1000 + log1p(exp(-1)))) < 1e-12)
        #expect(abs(logSumExp(0, -40) - exp(-40)) < 1e-32)
        #expect(logSumExp([.nan, 1]).isNaN)
    }

    @Test func `softmax adds up to one and is not moved by a shift`() {
        let x = (0..<1000).map { sin(Double($0)) * 30 }
        let p = softmax(x)
        #expect(abs(p.reduce(0, +) - 1) < 1e-14)
        #expect(zip(p, softmax(x.map { $0 + 512 })).allSatisfy { abs($0 - $1) <= 1e-12 * $1 })
    }
}
