import Foundation
import Testing

@testable import Probability

@Suite struct `normal and exponential draws` {
    static func normalCDF(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    @Test func `the ziggurats have strips of equal area that close at the top`() {
        for (edges, density, tail) in [
            (
                Ziggurat.normal, { exp(-0.5 * $0 * $0) },
                { (Double.pi / 2).squareRoot() * erfc($0 / 2.0.squareRoot()) }
            ),
            (Ziggurat.exponential, { exp(-$0) }, { exp(-$0) }),
        ] as [([Double], (Double) -> Double, (Double) -> Double)] {
            #expect(edges.count == 257 && edges[256] == 0)
            let area = edges[1] * density(edges[1]) + tail(edges[1])
            #expect(abs(edges[0] * density(edges[1]) / area - 1) < 1e-13)
            for i in 1..<256 {
                #expect(edges[i] > edges[i + 1])
                #expect(abs(edges[i] * (density(edges[i + 1]) - density(edges[i])) / area - 1) < 1e-11)
            }
        }
    }

    @Test func `normal draws have the normal law`() {
        var random = Random(seed: 11)
        let sample = (0..<400_000).map { _ in random.normal() }
        // False alarm 9e-7.
        #expect(kolmogorov(sample, Self.normalCDF) < 2.7)
        // Moments 1 to 4 within 5 standard errors (variances 1, 2, 15, 96 over n): 2e-6.
        let n = 400_000.0
        for (power, mean, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96)] {
            let moment = sample.reduce(0) { $0 + pow($1, Double(power)) } / n
            #expect(abs(moment - mean) < 5 * (variance / n).squareRoot())
        }
    }

    @Test func `normal draws reach the tail as often as they should`() {
        // Beyond 3.654 the ziggurat hands over to another sampler: counts within 5.5 standard errors, 8 of them: 3e-7.
        var random = Random(seed: 12)
        let n = 4_000_000
        var counts = [Int](repeating: 0, count: 8)
        let cuts = [2.0, 3, 3.6, 3.7, 4.0]
        var lowSide = 0
        var beyond: [Double] = []
        for _ in 0..<n {
            let x = random.normal()
            let size = abs(x)
            if size > 2 {
                for (i, cut) in cuts.enumerated() where size > cut { counts[i] += 1 }
                if x < 0 { lowSide += 1 }
                if size > Ziggurat.normal[1] { beyond.append(size) }
            }
        }
        for (i, cut) in cuts.enumerated() {
            let expected = Double(n) * erfc(cut / 2.0.squareRoot())
            #expect(abs(Double(counts[i]) - expected) < 5.5 * expected.squareRoot())
        }
        #expect(abs(Double(2 * lowSide - counts[0])) < 5.5 * Double(counts[0]).squareRoot())
        // The law within the tail; false alarm 9e-7.
        let mass = erfc(Ziggurat.normal[1] / 2.0.squareRoot())
        #expect(kolmogorov(beyond) { 1 - erfc($0 / 2.0.squareRoot()) / mass } < 2.7)
    }

    @Test func `exponential draws have the exponential law, tail included`() {
        var random = Random(seed: 13)
        let n = 4_000_000
        var sample: [Double] = []
        var counts = [0, 0, 0, 0]
        let cuts = [1.0, 5, 7.7, 9]
        for i in 0..<n {
            let x = random.exponential()
            if i < 400_000 { sample.append(x) }
            for (j, cut) in cuts.enumerated() where x > cut { counts[j] += 1 }
        }
        // False alarm 9e-7; counts within 5.5 standard errors, 4 of them: 2e-7.
        #expect(kolmogorov(sample) { 1 - exp(-$0) } < 2.7)
        for (j, cut) in cuts.enumerated() {
            let expected = Double(n) * exp(-cut)
            #expect(abs(Double(counts[j]) - expected) < 5.5 * expected.squareRoot())
        }
    }

    @Test(arguments: [0, 1, 3, 7, 8, 9, 64, 1001]) func `a fill equals draws one at a time`(_ count: Int) {
        for offset in 0..<9 {
            var one = Random(seed: 14)
            for _ in 0..<offset { _ = one.next() }
            var many = one
            var values = [Double](repeating: -1, count: count)
            values.withUnsafeMutableBufferPointer { many.fillUniform($0) }
            #expect(values == (0..<count).map { _ in one.uniform() })
            values.withUnsafeMutableBufferPointer { many.fillNormal($0) }
            #expect(values == (0..<count).map { _ in one.normal() })
            values.withUnsafeMutableBufferPointer { many.fillExponential($0) }
            #expect(values == (0..<count).map { _ in one.exponential() })
            #expect(one.next() == many.next())
        }
    }
}
