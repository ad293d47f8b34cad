import Cascades
import Foundation
import Probability
import Testing

@testable import Deferral

@Suite struct `the expected maximum` {
    func phi(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }
    func Phi(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// The value for one set, by the code under test.
    func value(known: Double, set: StageSet, means: [Double], deviations: [Double], loadings: [Double]? = nil) -> Double
    {
        let scratch = UnsafeMutablePointer<Double>.allocate(capacity: SetSearch.scratchCount(stages: means.count))
        defer { scratch.deallocate() }
        func run(_ loadings: UnsafePointer<Double>?) -> Double {
            let maximum = ExpectedMaximum(
                known: known, stages: StageSetRange(set: set, total: means.count), means: means, deviations: deviations,
                loadings: loadings, scratch: scratch)
            maximum.begin()
            let stages = Array(set)
            for (depth, stage) in stages.dropLast().enumerated() {
                maximum.descend(adding: stage, from: depth, to: depth + 1)
            }
            return maximum.value(adding: stages[stages.count - 1], at: stages.count - 1)
        }
        return loadings.map { $0.withUnsafeBufferPointer { run($0.baseAddress) } } ?? run(nil)
    }

    /// The same by brute force: a fine trapezoid over x within a fine trapezoid over the factor.
    func bruteForce(known: Double, set: StageSet, means: [Double], deviations: [Double], loadings: [Double]) -> Double {
        let factorSteps = 400
        var total = 0.0
        for step in -factorSteps...factorSteps {
            let f = 8 * Double(step) / Double(factorSteps)
            let m = set.map { means[$0] + loadings[$0] * f }
            let s = set.map { deviations[$0] }
            let low = known > -.infinity ? known : zip(m, s).map { $0 - 9 * $1 }.min()!
            let high = max(low, zip(m, s).map { $0 + 9 * $1 }.max()!)
            let steps = 4000
            var integral = 0.0
            for k in 0...steps {
                let x = low + (high - low) * Double(k) / Double(steps)
                let product = zip(m, s).reduce(1.0) { $0 * ($1.1 > 0 ? Phi((x - $1.0) / $1.1) : x >= $1.0 ? 1 : 0) }
                integral += (k == 0 || k == steps ? 0.5 : 1) * (1 - product)
            }
            total += phi(f) * 8 / Double(factorSteps) * (low + integral * (high - low) / Double(steps))
        }
        return total
    }

    @Test func `of two normal variables equals the closed form`() {
        var random = Random(seed: 1)
        var total = 0.0
        for _ in 0..<1000 {
            let m = [random.uniform(), random.uniform()]
            let s = [0.01 + random.uniform(), 0.01 + random.uniform()]
            let theta = (s[0] * s[0] + s[1] * s[1]).squareRoot()
            let a = (m[0] - m[1]) / theta
            let exact = m[0] * Phi(a) + m[1] * Phi(-a) + theta * phi(a)
            let error = abs(value(known: -.infinity, set: [0, 1], means: m, deviations: s) - exact) / theta
            #expect(error < 5e-5)
            total += error
        }
        #expect(total / 1000 < 5e-6)
    }

    @Test func `of a known value and a variable equals the closed form, also far out and with no spread`() {
        var random = Random(seed: 2)
        for _ in 0..<200 {
            let d = 4 * random.uniform() - 2
            let (m, s) = (random.uniform(), 0.01 + random.uniform())
            let a = (m - d) / s
            let exact = d + (m - d) * Phi(a) + s * phi(a)
            #expect(abs(value(known: d, set: [0], means: [m], deviations: [s]) - exact) < 5e-5 * s)
        }
        #expect(abs(value(known: 0.25, set: [0], means: [0.75], deviations: [0]) - 0.75) < 1e-12)
        #expect(abs(value(known: 0.75, set: [0], means: [0.25], deviations: [0]) - 0.75) < 1e-12)
    }

    @Test func `of up to five variables with very different spreads and a shared factor equals brute force`() {
        var random = Random(seed: 3)
        for count in [2, 3, 5] {
            let m = (0..<count).map { _ in random.uniform() }
            let s = (0..<count).map { 0.02 * pow(8, Double($0) / Double(count - 1)) + 0.2 * random.uniform() }
            let loadings = (0..<count).map { _ in 0.4 * random.uniform() }
            for known in [-Double.infinity, 0.4] {
                let set = StageSet.all(count)
                let exact = bruteForce(known: known, set: set, means: m, deviations: s, loadings: loadings)
                let fast = value(known: known, set: set, means: m, deviations: s, loadings: loadings)
                #expect(abs(fast - exact) < 1e-3, "\(count) variables, known \(known): \(fast) against \(exact)")
                let none = [Double](repeating: 0, count: count)
                let independent = bruteForce(known: known, set: set, means: m, deviations: s, loadings: none)
                #expect(abs(value(known: known, set: set, means: m, deviations: s) - independent) < 5e-5)
            }
        }
    }

    @Test func `scales with the deviation and not with the variance`() {
        // For two equal variables E max - mean = s / sqrt(pi): linear in s.
        for s in [0.05, 0.1, 0.2, 0.4] {
            let gain = value(known: -.infinity, set: [0, 1], means: [0, 0], deviations: [s, s])
            #expect(abs(gain - s / Double.pi.squareRoot()) < 1e-5)
        }
    }

    @Test func `the table of the normal distribution is right to 6e-8`() {
        NormalCDFTable.nodes.withUnsafeBufferPointer { table in
            for step in 0...3000 {
                let x = -9 + 18 * Double(step) / 3000
                #expect(abs(NormalCDFTable.value(x, table.baseAddress!) - Phi(x)) < 6e-8)
            }
        }
    }
}

@Suite struct `the search over sets of stages` {
    @Test(arguments: [true, false])
    func `finds the best of all sets`(hasKnown: Bool) {
        var random = Random(seed: 4)
        let test = `the expected maximum`()
        for trial in 0..<150 {
            let total = 2 + trial % 6
            let means = (0..<total).map { _ in random.uniform() }
            let deviations = (0..<total).map { _ in 0.3 * random.uniform() }
            let costs = (0..<total).map { _ in 0.1 * random.uniform() }
            let loadings: [Double]? = trial % 3 == 0 ? (0..<total).map { _ in 0.2 * random.uniform() } : nil
            let known = hasKnown ? random.uniform() : -Double.infinity
            let candidates = hasKnown ? StageSet.all(total).subtracting([0]) : .all(total)
            var best = known
            for bits in 1..<(1 << total) {
                let set = StageSet(bits: UInt64(bits))
                guard set.isSubset(of: candidates) else { continue }
                let price = set.reduce(0) { $0 + costs[$1] }
                best = max(
                    best,
                    test.value(known: known, set: set, means: means, deviations: deviations, loadings: loadings) - price
                )
            }
            let scratch = UnsafeMutablePointer<Double>.allocate(capacity: SetSearch.scratchCount(stages: total))
            defer { scratch.deallocate() }
            func search(_ loadings: UnsafePointer<Double>?) -> SetSearch {
                SetSearch(
                    known: known, stages: StageSetRange(set: candidates, total: total), means: means,
                    deviations: deviations, loadings: loadings, costs: costs, scratch: scratch)
            }
            let found = loadings.map { $0.withUnsafeBufferPointer { search($0.baseAddress) } } ?? search(nil)
            // Sets prepare nodes for their own stages only, so the two may differ by the quadrature's error.
            #expect(abs(found.value - best) < 2e-4)
            #expect(found.best.isSubset(of: candidates))
            #expect(hasKnown || !found.best.isEmpty)
        }
    }
}
