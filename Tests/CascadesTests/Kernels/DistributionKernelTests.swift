import Cascades
import CascadesTesting
import Probability
import Testing

@Suite struct `a distribution as a kernel` {
    @Test func `has the distribution's density and samples`() throws {
        let normals = [try Normal(mean: 0, standardDeviation: 1), try Normal(mean: 3, standardDeviation: 2)]
        let kernel = DistributionKernel { (index: Int) in normals[index] }
        var random = Random(seed: 1)
        #expect(checkKernel(kernel, inputs: [0, 1], range: -15...20, using: &random) == [])
        #expect(kernel.logDensity(of: 0.3, given: 1) == normals[1].logDensity(0.3))
    }

    @Test func `composes with a choice in front to an exact mixture`() throws {
        let poisson = DistributionKernel<Int, Poisson>(constant: try Poisson(rate: 2.5))
        let sequence = (try chain(2, 3, 1)) >>> poisson
        var random = Random(seed: 2)
        // Beyond 40 there is less than 1e-30.
        #expect(checkKernel(sequence, inputs: [0, 1], outputs: Array(0...40), using: &random) == [])
    }
}
