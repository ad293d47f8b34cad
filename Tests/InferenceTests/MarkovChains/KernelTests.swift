import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

// Means and second moments are held to 6 standard errors: a false alarm of 2e-9 for each of about 100 comparisons. The
// standard errors are themselves estimated from thousands of effective draws.
@Suite struct `kernels` {
    private func check<Kernel: ChainKernel>(
        _ kernel: Kernel, means: [Double], variances: [Double], plan: ChainSampler, seed: UInt64
    ) throws {
        let draws = try plan.run(kernel, seed: seed).draws
        let summary = try ChainSummary(draws)
        #expect(summary.worstScaleReduction < 1.02)
        for i in means.indices {
            #expect(summary.parameters[i].bulkSampleSize > 400)
            #expect(abs(try zScore(draws.coordinate(i), means[i])) < 6, "mean of \(i)")
            let squares = draws.map { x in
                let distance = x[x.startIndex + i] - means[i]
                return distance * distance
            }
            #expect(abs(try zScore(squares, variances[i])) < 6, "variance of \(i)")
        }
    }

    private func checkBoth(
        _ normal: some TargetedKernel<NormalTarget>, _ skewed: some TargetedKernel<SkewedTarget>, plan: ChainSampler,
        seed: UInt64
    ) throws {
        let target = normal.target
        try check(normal, means: target.mean, variances: target.covariance.diagonal, plan: plan, seed: seed)
        try check(skewed, means: SkewedTarget.means, variances: SkewedTarget.variances, plan: plan, seed: seed)
    }

    @Test func `random walks find the moments of a normal and of a skewed density`() throws {
        try checkBoth(
            RandomWalkMetropolis(target: try .standard()), RandomWalkMetropolis(target: SkewedTarget()),
            plan: ChainSampler(warmUp: 2000, draws: 20000), seed: 1)
    }

    @Test(arguments: [SliceSampler<NormalTarget>.Direction.coordinates, .hitAndRun])
    func `slice sampling finds the moments`(direction: SliceSampler<NormalTarget>.Direction) throws {
        try checkBoth(
            SliceSampler(target: try .standard(), direction: direction),
            SliceSampler(
                target: SkewedTarget(), direction: direction == .coordinates ? .coordinates : .hitAndRun,
                maximumWidths: 3),
            plan: ChainSampler(warmUp: 500, draws: 10000), seed: 2)
    }

    @Test func `Langevin moves find the moments`() throws {
        try checkBoth(
            LangevinMonteCarlo(target: try .standard()), LangevinMonteCarlo(target: SkewedTarget()),
            plan: ChainSampler(warmUp: 1000, draws: 20000), seed: 3)
    }

    @Test(arguments: HamiltonianTuning.MetricKind.allCases)
    func `Hamiltonian trajectories find the moments with every metric`(kind: HamiltonianTuning.MetricKind) throws {
        let tuning = HamiltonianTuning(metric: kind)
        try checkBoth(
            HamiltonianMonteCarlo(target: try .standard(), tuning: tuning),
            HamiltonianMonteCarlo(target: SkewedTarget(), tuning: tuning),
            plan: ChainSampler(warmUp: 1000, draws: 10000), seed: 4)
    }

    @Test(arguments: HamiltonianTuning.MetricKind.allCases)
    func `the no-U-turn sampler finds the moments with every metric`(kind: HamiltonianTuning.MetricKind) throws {
        let tuning = HamiltonianTuning(metric: kind)
        try checkBoth(
            NoUTurnSampler(target: try .standard(), tuning: tuning),
            NoUTurnSampler(target: SkewedTarget(), tuning: tuning),
            plan: ChainSampler(warmUp: 1000, draws: 10000), seed: 5)
    }

    @Test func `the no-U-turn sampler stays right at a crude step size and a shallow tree`() throws {
        // Both make the choice of the point matter most: large energy errors, and trajectories cut before they turn.
        let tuning = HamiltonianTuning(metric: .fixed)
        for (step, depth) in [(1.2, 10), (0.05, 2)] {
            let target = SkewedTarget()
            let sampler = NoUTurnSampler(target: target, stepSize: step, tuning: tuning, maximumDepth: depth)
            try check(
                sampler, means: SkewedTarget.means, variances: SkewedTarget.variances,
                plan: ChainSampler(warmUp: 0, draws: depth == 2 ? 100_000 : 20000), seed: 6)
        }
    }

    @Test func `a wrong acceptance shows in the same comparison`() throws {
        // An unadjusted Langevin step of the same size: its variance is off by about ε²/4.
        struct Unadjusted: ChainKernel {
            let inner: LangevinMonteCarlo<SkewedTarget>
            var dimension: Int { 2 }
            func start(at position: [Double], using random: inout Random) throws(InferenceError) -> ChainState {
                try inner.start(at: position, using: &random)
            }
            func step(_ state: inout ChainState, using random: inout Random) -> StepInfo {
                let x = state.position
                let g = state.gradient
                let h = inner.stepSize
                let next = (0..<2).map { x[$0] + 0.5 * h * h * g[$0] + h * random.normal() }
                if let moved = try? inner.start(at: next, using: &random) { state = moved }
                return StepInfo(acceptance: 1, energy: -state.logDensity, evaluations: 1)
            }
        }
        let kernel = Unadjusted(inner: LangevinMonteCarlo(target: SkewedTarget(), stepSize: 0.8))
        let draws = try ChainSampler(warmUp: 100, draws: 20000).run(kernel, seed: 7).draws
        let squares = draws.map {
            ($0[$0.startIndex] - SkewedTarget.means[0]) * ($0[$0.startIndex] - SkewedTarget.means[0])
        }
        #expect(abs(try zScore(squares, SkewedTarget.variances[0])) > 6)
    }

    @Test func `draws do not depend on the number of threads and differ between seeds`() throws {
        let sampler = NoUTurnSampler(target: SkewedTarget())
        let plan = ChainSampler(chains: 3, warmUp: 100, draws: 50)
        let draws = try plan.run(sampler, seed: 1).draws
        let threads = Parallel.threads
        Parallel.threads = 1
        defer { Parallel.threads = threads }
        #expect(try plan.run(sampler, seed: 1).draws == draws)
        #expect(try plan.run(sampler, seed: 2).draws != draws)
        #expect(draws[0, 49] != draws[1, 49])
    }

    @Test func `chains go on from where they are, and thinning keeps every so-manieth draw`() throws {
        let kernel = RandomWalkMetropolis(target: SkewedTarget())
        var whole = try ChainSampler(chains: 2, warmUp: 50).warmUp(kernel, seed: 3)
        var parts = whole
        let all = whole.sample(30)
        let (first, second) = (parts.sample(10), parts.sample(20))
        #expect(all[1, 9] == first[1, 9] && all[1, 29] == second[1, 19])
        var thinned = try ChainSampler(chains: 2, warmUp: 50).warmUp(kernel, seed: 3)
        #expect(thinned.sample(10, thinning: 3)[0, 9] == all[0, 29])
    }
}
