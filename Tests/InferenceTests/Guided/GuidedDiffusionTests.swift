import Cascades
import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

/// dX = (rate · sin X) dt + scale dW.
struct SineDrift: Diffusion {
    let rate: Double, scale: Double
    var dimension: Int { 1 }
    var noiseDimension: Int { 1 }
    var hasConstantDispersion: Bool { true }
    func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = rate * sin(state[0])
    }
    func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = scale
    }
}

/// dX = drift X dt + scale X dW.
struct GeometricBrownian: Diffusion {
    let drift: Double, scale: Double
    var dimension: Int { 1 }
    var noiseDimension: Int { 1 }
    func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = drift * state[0]
    }
    func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = scale * state[0]
    }
}

@Suite struct `guided diffusions` {
    func observed(_ value: Double, variance: Double) throws -> CanonicalGaussian {
        try CanonicalGaussian(observing: [value], covariance: Matrix(rows: 1, columns: 1, storage: [variance]))
    }
    func normal(_ x: Double, _ mean: Double, _ variance: Double) -> Double {
        -0.5 * ((x - mean) * (x - mean) / variance + log(2 * .pi * variance))
    }

    @Test func `of a linear process have its exact law and constant weights`() throws {
        // OU over [0, 2], rate 0.8, mean 0.5, scale 0.6, from -1 to 1.3 with hardly any noise.
        let process = try LinearProcess.ornsteinUhlenbeck(rate: 0.8, mean: 0.5, scale: 0.6)
        func moments(_ x: Double, _ time: Double) -> (mean: Double, variance: Double) {
            (0.5 + (x - 0.5) * exp(-0.8 * time), 0.36 * (1 - exp(-1.6 * time)) / 1.6)
        }
        let rule = try GuidedDiffusion(
            process, auxiliary: process, grid: TimeGrid.denseAtEnd(0...2, steps: 40), stepper: .matched)
        let after = try observed(1.3, variance: 1e-8)
        let back = try rule.pullBack(after)
        let (mean, variance) = moments(-1, 2)
        let evidence = normal(1.3, mean, variance + 1e-8)
        #expect(abs(back.function.logValue(at: [-1]) - evidence) < 1e-7)

        var random = Random(seed: 31)
        let count = 20_000
        var middles: [Double] = []
        let step = 16
        let time = rule.grid[step]
        for _ in 0..<count {
            let z = (0..<rule.innovationCount).map { _ in random.normal() }
            let path = z.withUnsafeBufferPointer { buffer in
                var reader = InnovationReader(buffer.baseAddress!)
                return rule.path([-1], back.message, &reader)
            }
            #expect(abs(path.logWeight) < 1e-9)
            #expect(abs(path.value[40] - 1.3) < 1e-3)
            middles.append(path.value[step])
        }
        // The bridge: prior at `time` times the likelihood of the end.
        let (m, v) = moments(-1, time)
        let decay = exp(-0.8 * (2 - time))
        let rest = 0.36 * (1 - exp(-1.6 * (2 - time))) / 1.6 + 1e-8
        let precision = 1 / v + decay * decay / rest
        let centre = (m / v + decay * (1.3 - 0.5 + 0.5 * decay) / rest) / precision
        let average = middles.reduce(0, +) / Double(count)
        let spread = middles.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(count)
        #expect(abs(average - centre) < 6 * (1 / precision / Double(count)).squareRoot())
        #expect(abs(spread * precision - 1) < 6 * (2 / Double(count)).squareRoot())
    }

    @Test func `pull back the same in closed form as by Runge-Kutta`() throws {
        let process = try LinearProcess(
            drift: Matrix(rows: 2, columns: 2, storage: [-0.5, 0.3, -0.2, -1]), offset: [0.1, -0.4],
            dispersion: Matrix(rows: 2, columns: 2, storage: [0.7, 0, 0.2, 0.5]))
        let grid = TimeGrid.even(0...1, steps: 200)
        let after = try CanonicalGaussian(
            observing: [0.4, 1], covariance: Matrix(rows: 2, columns: 2, storage: [0.3, 0.1, 0.1, 0.2]))
        let exact = try GuidedDiffusion(process, auxiliary: process, grid: grid).pullBack(after).function
        let numeric = try GuidedDiffusion(process, auxiliary: process, grid: grid, filter: .rungeKutta)
            .pullBack(after).function
        for x in [[0.0, 0], [1, -1], [-2, 0.5]] {
            #expect(abs(exact.logValue(at: x) - numeric.logValue(at: x)) < 1e-7)
        }
    }

    @Test func `have the transition density of another process as their mean weight`() throws {
        // The sine drift has no closed form; OU guided by Brownian motion has.
        let process = try LinearProcess.ornsteinUhlenbeck(rate: 1, mean: 0, scale: 0.8)
        let auxiliary = try LinearProcess.brownian(scale: 0.8)
        let truth = normal(0.9, 1.5 * exp(-1), 0.64 * (1 - exp(-2)) / 2 + 0.01)
        let grid = TimeGrid.denseAtEnd(0...1, steps: 200)
        for stepper in [GuidedDiffusion<LinearProcess>.Stepper.euler, .heun, .matched] {
            let rule = try GuidedDiffusion(process, auxiliary: auxiliary, grid: grid, stepper: stepper)
            let back = try rule.pullBack(observed(0.9, variance: 0.01))
            let start = back.function.logValue(at: [1.5])
            #expect(abs(start - truth) > 0.1)
            var random = Random(seed: 32)
            let cloud = try rule.cloud(20_000, from: [1.5], back.message, logValue: start, using: &random)
            let weights = try Estimate(meanOf: cloud.logWeights.map { exp($0 - truth) })
            // Six standard errors and 1 % for the grid.
            #expect(weights.standardError < 0.02)
            #expect(abs(weights.value - 1) < 6 * weights.standardError + 0.01, "\(stepper)")
        }
    }

    @Test func `may have noise that depends on the state`() throws {
        let process = GeometricBrownian(drift: 0.1, scale: 0.4)
        // a at the end agrees with that of the process near the observation.
        let auxiliary = try LinearProcess.brownian(scale: 0.4 * 1.3)
        let rule = try GuidedDiffusion(
            process, auxiliary: auxiliary, grid: TimeGrid.denseAtEnd(0...1, steps: 800), stepper: .euler)
        let back = try rule.pullBack(observed(1.3, variance: 0.01))
        let hermite = try GaussRule.hermite(100)
        let truth = hermite.integrate { exp(normal(1.3, exp(0.1 - 0.08 + 0.4 * $0), 0.01)) }
        var random = Random(seed: 33)
        let cloud = try rule.cloud(
            20_000, from: [1], back.message, logValue: back.function.logValue(at: [1]), using: &random)
        let weights = try Estimate(meanOf: cloud.logWeights.map { exp($0) / truth })
        #expect(weights.standardError < 0.01)
        #expect(abs(weights.value - 1) < 6 * weights.standardError + 0.015)
    }

    @Test func `branch over trees`() throws {
        let grids = [0...0.5, 0.5...1.2, 0.5...1.0]
        let process = SineDrift(rate: 1.5, scale: 0.7)
        let auxiliary = try LinearProcess.brownian(drift: 0.5, scale: 0.7)
        let edges = try grids.map {
            try GuidedDiffusion(process, auxiliary: auxiliary, grid: TimeGrid.even($0, steps: 100), stepper: .heun)
        }
        let tree = try GuidedTree(parents: [nil, 0, 1, 1], edges: edges)
        let observations = [2: try observed(1.5, variance: 0.1), 3: try observed(0.3, variance: 0.1)]
        let filtered = try tree.filtered(root: [0.2], observations: observations)
        var random = Random(seed: 34)
        let cloud = try GuidedCloud(of: filtered, count: 4_000, using: &random)
        // Without guidance: the same tree under flat functions, weighed by the likelihood of the leaves.
        let flat = try tree.filtered(root: [0.2], observations: [2: .flat(1), 3: .flat(1)])
        let blind = try GuidedCloud(of: flat, count: 40_000, using: &random)
        #expect(blind.logWeights.allSatisfy { abs($0) < 1e-12 })
        let likelihoods = try Estimate(
            meanOf: blind.outputs.map {
                exp(observations[2]!.logValue(at: $0[2]) + observations[3]!.logValue(at: $0[3]))
            })
        let evidence = exp(cloud.logEvidence)
        let error = hypot(cloud.relativeError * evidence, likelihoods.standardError)
        #expect(abs(evidence - likelihoods.value) < 6 * error + 0.005 * evidence)
        // Guidance pays: far more effective draws.
        #expect(cloud.effectiveSampleSize > 1_000)
        let linear = try tree.edges.map {
            try GuidedDiffusion(auxiliary, auxiliary: auxiliary, grid: $0.grid, stepper: .matched)
        }
        let exact = try GuidedTree(parents: [nil, 0, 1, 1], edges: linear)
            .filtered(root: [0.2], observations: observations)
        // Both leaves are Gaussian with a shared part of variance 0.49 · 0.5.
        let covariance = Matrix(
            rows: 2, columns: 2, storage: [0.49 * 1.2 + 0.1, 0.49 * 0.5, 0.49 * 0.5, 0.49 * 1 + 0.1])
        let dense = try MultivariateNormal(mean: [0.2 + 0.6, 0.2 + 0.5], covariance: covariance)
        #expect(abs(exact.rootLogValue - dense.logDensity([1.5, 0.3])) < 1e-10)
    }

    @Test func `come out the same as one rule and in a cloud, on any number of threads`() throws {
        let process = SineDrift(rate: 1, scale: 0.5)
        let rule = try GuidedDiffusion(
            process, auxiliary: .brownian(scale: 0.5), grid: TimeGrid.even(0...1, steps: 10))
        let back = try rule.pullBack(observed(1, variance: 0.1))
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let clouds = try [1, 3].map { count in
            Parallel.threads = count
            var random = Random(seed: 35)
            return try rule.cloud(500, from: [0], back.message, using: &random)
        }
        #expect(clouds[0] == clouds[1])
        var random = Random(seed: 35)
        var stream = random.fork().split(1)
        let normals = (0..<10).map { _ in stream.normal() }
        let single = normals.withUnsafeBufferPointer { buffer in
            var reader = InnovationReader(buffer.baseAddress!)
            return rule.push([0], back.message, &reader)
        }
        #expect(single.value == [clouds[0].ends[64]] && single.logWeight == clouds[0].logWeights[64])
    }

    @Test func `name what is wrong`() throws {
        let process = try LinearProcess.brownian(scale: 1)
        #expect(throws: InferenceError.self) { try GuidedDiffusion(process, auxiliary: process, grid: [0]) }
        #expect(throws: InferenceError.self) { try GuidedDiffusion(process, auxiliary: process, grid: [0, 1, 1]) }
        #expect(throws: InferenceError.self) { try LinearProcess.brownian(scale: .nan) }
        #expect(throws: InferenceError.self) { try process.transition(duration: -1) }
        let rule = try GuidedDiffusion(process, auxiliary: process, grid: [0, 1])
        #expect(throws: InferenceError.self) { try rule.pullBack(.flat(2)) }
        let back = try rule.pullBack(.flat(1))
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) { try rule.cloud(10, from: [0, 0], back.message, using: &random) }
        let broken = try GuidedDiffusion(SineDrift(rate: .nan, scale: 1), auxiliary: process, grid: [0, 0.5, 1])
        let message = try broken.pullBack(observed(0, variance: 1)).message
        #expect {
            try broken.cloud(10, from: [0], message, using: &random)
        } throws: {
            if case InferenceError.nonFinite(_, "path 0", _) = $0 { true } else { false }
        }
    }
}
