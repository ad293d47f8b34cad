import Cascades
import CascadesTesting
import Probability
import Testing

@Suite struct `a delayed trace with chance` {
    @Test func `sums the densities of its steps and has their gradient`() {
        let traced = SecondOrder(line: line).delayedTrace().traced(from: Pair(0.5, -0.25))
        var random = Random(seed: 1)
        #expect(checkGradient(traced, inputs: [[1, -1, 2], []], using: &random) == [])
        let series = traced.sample([1, -1, 2], using: &random)
        var (last, before, total) = (0.5, -0.25, 0.0)
        for (output, input) in zip(series, [1.0, -1, 2]) {
            total += line.logDensity(of: output.second, given: last - 0.5 * before + input)
            #expect(output.first == Pair(output.second, last))
            (last, before) = (output.second, last)
        }
        #expect(abs(traced.logDensity(of: series, given: [1, -1, 2]) - total) < 1e-14)
    }

    @Test func `of choices is exact by enumeration`() throws {
        let chain = try chain(4, 2, 3)
        let traced = TwoBack(chain: chain).delayedTrace().traced(from: Pair(0, 1))
        #expect(checkChoiceDensity(traced, inputs: [[Trivial(), Trivial(), Trivial()]]) == [])
    }
}

/// y_t = line(y_{t-1} - y_{t-2} / 2 + x_t): the state is the last output, the one before is fed back.
private struct SecondOrder: ParametricKernel {
    typealias Input = Pair<Double, Pair<Double, Double>>
    typealias Output = Pair<Double, Pair<Double, Double>>
    var line: LinearGaussianKernel
    func argument(_ input: Input) -> Double { input.first - 0.5 * input.second.first + input.second.second }
    func sample(_ input: Input, using random: inout Random) -> Output {
        let y = line.sample(argument(input), using: &random)
        return Pair(y, Pair(input.first, y))
    }
    func logDensity(of output: Output, given input: Input) -> Double {
        line.logDensity(of: output.second.second, given: argument(input))
    }
    var parameterCount: Int { line.parameterCount }
    var parameters: [Double] { line.parameters }
    func with(parameters: [Double]) -> SecondOrder { SecondOrder(line: line.with(parameters: parameters)) }
    func addGradient(of output: Output, given input: Input, scale: Double, to gradient: inout [Double], at offset: Int)
    {
        line.addGradient(
            of: output.second.second, given: argument(input), scale: scale, to: &gradient, at: offset)
    }
}

/// A chain of 0 and 1 that looks two steps back.
private struct TwoBack: ChoiceKernel, DensityKernel {
    typealias Input = Pair<Int, Pair<Int, Trivial>>
    typealias Output = Pair<Int, Pair<Int, Int>>
    var chain: CategoricalKernel<Int>
    func choose<Source: ChoiceSource>(_ input: Input, using source: inout Source) throws(WeightError) -> Output {
        let y = try chain.choose(2 * input.first + input.second.first, using: &source)
        return Pair(y, Pair(input.first, y))
    }
    func logDensity(of output: Output, given input: Input) -> Double {
        output.first == output.second.second && output.second.first == input.first
            ? chain.logDensity(of: output.first, given: 2 * input.first + input.second.first) : -.infinity
    }
}
