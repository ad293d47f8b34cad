import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@Suite struct `compositions of kernels` {
    @Test func `a sequence of choice kernels is the product of their matrices`() throws {
        let (a, b) = (try chain(3, 4, 1), try chain(4, 5, 2))
        let exact = product(matrix(a), matrix(b))
        for (input, row) in exact.enumerated() {
            for (output, probability) in row.enumerated() {
                #expect(abs(exp((a >>> b).logDensity(of: output, given: input)) - probability) < 1e-12)
            }
        }
        var random = Random(seed: 3)
        #expect(checkKernel(a >>> b, inputs: [0, 1, 2], outputs: Array(0..<5), using: &random) == [])
        #expect(checkChoiceDensity(a >>> b, inputs: [0, 1, 2], impossible: [5, -1]) == [])
    }

    @Test func `composition is associative in distribution, by enumeration`() throws {
        let (a, b, c) = (try chain(2, 3, 1), try chain(3, 3, 2), try chain(3, 4, 3))
        #expect(checkSameDistribution((a >>> b) >>> c, a >>> (b >>> c), inputs: [0, 1]) == [])
        #expect(checkSameDistribution(a >>> b, IdentityKernel() >>> a >>> b, inputs: [0, 1]) == [])
        // And the check can tell kernels apart.
        #expect(checkSameDistribution(a >>> b, a >>> (try chain(3, 3, 9)), inputs: [0, 1]) != [])
    }

    @Test func `composition is associative stream by stream`() {
        var random = Random(seed: 4)
        #expect(checkComposition(line, steep, line, inputs: [-1, 0, 2], using: &random) == [])
    }

    @Test func `a sequence of Gaussians has the moments of their convolution`() {
        // y = s2 (s1 x + i1 + e1) + i2 + e2: mean s2 (s1 x + i1) + i2, variance s2^2 v1 + v2.
        var random = Random(seed: 5)
        let n = 40_000.0
        let draws = (0..<Int(n)).map { _ in (line >>> steep).sample(1.5, using: &random) }
        let mean = draws.reduce(0, +) / n
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
        let exactMean = -1.3 * (0.7 * 1.5 - 0.2) + 0.5
        let exactVariance = 1.69 * exp(-0.8) + exp(0.2)
        // 5 standard errors each: false alarms below 1e-6.
        #expect(abs(mean - exactMean) < 5 * (exactVariance / n).squareRoot())
        #expect(abs(variance - exactVariance) < 5 * exactVariance * (2 / n).squareRoot())
    }

    @Test func `a finite kernel before a continuous one has the exact marginal`() throws {
        let gate = try chain(2, 3, 6)
        let sequence = gate >>> FunctionKernel { Double($0) } >>> line
        var random = Random(seed: 7)
        #expect(checkKernel(sequence, inputs: [0, 1], range: -12...12, using: &random) == [])
        let weights = matrix(gate)[0]
        let exact = (0..<3).reduce(0) { $0 + weights[$1] * exp(line.logDensity(of: 0.3, given: Double($1))) }
        #expect(abs(exp(sequence.logDensity(of: 0.3, given: 0)) - exact) < 1e-12)
    }

    @Test func `the joint density is the sum, and its gradient the derivative`() {
        let joint = (line >>> steep).joint
        var random = Random(seed: 8)
        #expect(checkGradient(joint, inputs: [-1, 2], using: &random) == [])
        let density = joint.logDensity(of: Pair(0.1, 0.4), given: 2)
        #expect(density == line.logDensity(of: 0.1, given: 2) + steep.logDensity(of: 0.4, given: 0.1))
        #expect(joint.parameters == line.parameters + steep.parameters)
    }

    @Test func `a product has the sum of the densities, and its gradient`() throws {
        let both = line *** (try chain(2, 3, 1).with(parameters: [0.1, 0.2, -0.3, 0.4, 0, 1]))
        var random = Random(seed: 9)
        #expect(checkGradient(both, inputs: [Pair(0.5, 1), Pair(-2, 0)], using: &random) == [])
        #expect(
            both.logDensity(of: Pair(0.2, 1), given: Pair(1, 0))
                == line.logDensity(of: 0.2, given: 1) + both.second.logDensity(of: 1, given: 0))
        let choices = try chain(2, 3, 1) *** chain(2, 2, 2)
        #expect(checkChoiceDensity(choices, inputs: [Pair(0, 0), Pair(1, 1)]) == [])
    }

    @Test func `a mixture has the weighted density and the responsibilities' gradient`() throws {
        let gate = try CategoricalKernel<Double>(constant: [0.2, -0.5])
        let mixture = [line, steep].mixed(by: gate)
        var random = Random(seed: 10)
        #expect(checkKernel(mixture, inputs: [-1, 1], range: -14...14, using: &random) == [])
        #expect(checkGradient(mixture, inputs: [-1, 1], using: &random) == [])
        let odds = exp(0.2) / (exp(0.2) + exp(-0.5))
        let exact =
            odds * exp(line.logDensity(of: 0.3, given: 1)) + (1 - odds) * exp(steep.logDensity(of: 0.3, given: 1))
        #expect(abs(exp(mixture.logDensity(of: 0.3, given: 1)) - exact) < 1e-14)
    }

    @Test func `a mixture of choice kernels is exact by enumeration`() throws {
        let mixture = [try chain(2, 3, 1), try chain(2, 3, 2)].mixed(by: try chain(2, 2, 3))
        var random = Random(seed: 11)
        #expect(checkChoiceKernel(mixture, inputs: [0, 1], using: &random) == [])
        #expect(checkChoiceDensity(mixture, inputs: [0, 1]) == [])
    }

    @Test func `an expert that the gate never chooses has no say`() throws {
        let mixture = [line, steep].mixed(by: try CategoricalKernel<Double>(constant: [0, -.infinity]))
        #expect(mixture.logDensity(of: 0.3, given: 1) == line.logDensity(of: 0.3, given: 1))
        #expect(mixture.gradient(of: 0.3, given: 1)[5...].allSatisfy { $0 == 0 })
    }

    @Test func `a traced kernel carries its state and sums its densities`() throws {
        // The state is the last output: a first-order autoregression with inputs.
        let step = Autoregression(line: line)
        let traced = step.traced(from: 0.5)
        var random = Random(seed: 12)
        #expect(checkGradient(traced, inputs: [[1, -1, 2], []], using: &random) == [])
        let series = [Pair(0.1, 0.1), Pair(-0.4, -0.4)]
        let exact = line.logDensity(of: 0.1, given: 0.5 + 3) + line.logDensity(of: -0.4, given: 0.1 + 4)
        #expect(abs(traced.logDensity(of: series, given: [3, 4]) - exact) < 1e-14)
        #expect(traced.logDensity(of: series, given: [3]) == -.infinity)
        #expect(traced.sample([1, 2, 3], using: &random).count == 3)
    }
}

/// y_t = line(y_{t-1} + x_t), whose state is its output.
struct Autoregression: ParametricKernel {
    var line: LinearGaussianKernel
    func sample(_ input: Pair<Double, Double>, using random: inout Random) -> Pair<Double, Double> {
        let y = line.sample(input.first + input.second, using: &random)
        return Pair(y, y)
    }
    func logDensity(of output: Pair<Double, Double>, given input: Pair<Double, Double>) -> Double {
        line.logDensity(of: output.second, given: input.first + input.second)
    }
    var parameterCount: Int { line.parameterCount }
    var parameters: [Double] { line.parameters }
    func with(parameters: [Double]) -> Autoregression { Autoregression(line: line.with(parameters: parameters)) }
    func addGradient(
        of output: Pair<Double, Double>, given input: Pair<Double, Double>, scale: Double, to gradient: inout [Double],
        at offset: Int
    ) {
        line.addGradient(
            of: output.second, given: input.first + input.second, scale: scale, to: &gradient, at: offset)
    }
}
