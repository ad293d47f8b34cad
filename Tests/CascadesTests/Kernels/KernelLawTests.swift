import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@Suite struct `laws of kernels` {
    @Test func `the built-in kernels hold them`() throws {
        var random = Random(seed: 1)
        #expect(checkKernel(line, inputs: [-2, 0, 3], range: -10...10, using: &random) == [])
        #expect(checkGradient(line, inputs: [-2, 0, 3], using: &random) == [])
        let chain = try chain(3, 4, 2)
        #expect(checkKernel(chain, inputs: [0, 1, 2], outputs: Array(0..<4), using: &random) == [])
        #expect(checkChoiceKernel(chain, inputs: [0, 1, 2], using: &random) == [])
        #expect(checkChoiceDensity(chain, inputs: [0, 1, 2], impossible: [-1, 4]) == [])
        let smooth = try CategoricalKernel(transitions: [[0.1, 2, -1], [0, 0, 0.5]])
        #expect(checkGradient(smooth, inputs: [0, 1], using: &random) == [])
        #expect(checkKernel(FunctionKernel { $0 * 2 }, inputs: [1, 2], outputs: [2, 4], using: &random) == [])
    }

    @Test func `a density that doesn't add up is rejected`() {
        var random = Random(seed: 2)
        let laws = Set(checkKernel(Warped(stretch: 1.2), inputs: [0], range: -10...10, using: &random).map(\.law))
        #expect(laws.contains("the density integrates to 1"))
    }

    @Test func `samples that don't follow the density are rejected`() {
        var random = Random(seed: 3)
        let laws = Set(checkKernel(Warped(shift: 0.1), inputs: [0], range: -10...10, using: &random).map(\.law))
        #expect(laws == ["samples follow the density"])
    }

    @Test func `a wrong gradient is rejected`() {
        var random = Random(seed: 4)
        #expect(checkGradient(Warped(gradientFactor: 1), inputs: [1], using: &random) == [])
        let laws = Set(checkGradient(Warped(gradientFactor: 1.01), inputs: [1], using: &random).map(\.law))
        #expect(laws == ["the gradient is the derivative of the log-density"])
    }

    @Test func `a choice kernel with chance of its own is rejected`() {
        var random = Random(seed: 5)
        let laws = Set(checkChoiceDensity(Lopsided(), inputs: [0]).map(\.law))
        #expect(laws == ["the density is the sum over the paths"])
        #expect(checkChoiceKernel(Lopsided(), inputs: [0], using: &random) == [])
        #expect(
            Set(checkChoiceKernel(Lopsided(samplesWrongly: true), inputs: [0], using: &random).map(\.law))
                == ["samples follow the density"])
    }

    @Test func `weights that can't be chosen from are reported`() {
        var random = Random(seed: 6)
        #expect(
            Set(checkChoiceKernel(Lopsided(weight: .nan), inputs: [0], using: &random).map(\.law))
                == ["weights can be chosen from"])
        #expect(throws: WeightError.self) {
            try CategoricalKernel<Int>(transitions: [[0, 1], [-.infinity, -.infinity]])
        }
    }

    @Test func `an enumerator walks every path once with its probability`() throws {
        var enumerator = Enumerator()
        var paths: [[Int]] = []
        var total = 0.0
        repeat {
            // The second choice depends on the first; one branch is impossible.
            let first = try enumerator.choose(logWeights: [0, -.infinity, log(3)])
            let second = first == 0 ? [0.0] : [log(0.25), log(0.75)]
            paths.append([first, try enumerator.choose(logWeights: second)])
            total += exp(enumerator.logProbability)
            if paths.last == [2, 1] { #expect(abs(exp(enumerator.logProbability) - 0.75 * 0.75) < 1e-15) }
        } while enumerator.advance()
        #expect(paths == [[0, 0], [2, 0], [2, 1]])
        #expect(abs(total - 1) < 1e-15)
    }
}

/// The line, made wrong in one way.
struct Warped: ParametricKernel {
    var stretch = 1.0
    var shift = 0.0
    var gradientFactor = 1.0
    var base = line

    func sample(_ input: Double, using random: inout Random) -> Double { base.sample(input, using: &random) + shift }
    func logDensity(of output: Double, given input: Double) -> Double {
        base.logDensity(of: output, given: input) + log(stretch)
    }
    var parameterCount: Int { 3 }
    var parameters: [Double] { base.parameters }
    func with(parameters: [Double]) -> Warped {
        var copy = self
        copy.base = base.with(parameters: parameters)
        return copy
    }
    func addGradient(
        of output: Double, given input: Double, scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        base.addGradient(of: output, given: input, scale: scale * gradientFactor, to: &gradient, at: offset)
    }
}

/// Chooses 0 or 1 with odds 1 : 3, and says it were even.
struct Lopsided: ChoiceKernel, DensityKernel {
    var samplesWrongly = false
    var weight = log(3.0)
    func choose<Source: ChoiceSource>(_ input: Int, using source: inout Source) throws(WeightError) -> Int {
        try source.choose(logWeights: [0, weight])
    }
    func sample(_ input: Int, using random: inout Random) -> Int {
        random.bernoulli(samplesWrongly ? 0.5 : 0.75) ? 1 : 0
    }
    func logDensity(of output: Int, given input: Int) -> Double { -log(2) }
}
