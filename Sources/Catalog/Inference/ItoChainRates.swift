import Foundation
import Inference
import NumericalMethods
import Probability
import Reports

/// Langevin dynamics, stochastic descent and boosting as Ito chains, with their distances to their diffusions (paper 12).
struct ItoChainRates: Experiment {
    let id = "ito-chains"
    let paper = Paper(
        number: 12,
        title: "Ito Diffusion Approximation of Universal Ito Chains for Sampling, Optimization and Boosting",
        source: "Ustimenko and Beznosikov, 2024, arXiv 2310.06081")
    let summary = """
        Five chains run to time 1 with ever smaller steps: Langevin dynamics and stochastic gradient descent on least \
        squares, Langevin boosting of stumps, an Euler scheme with skewed noise that depends on the state, and one whose \
        drift is off by the square root of the step. Their 2-Wasserstein distance to the diffusion is measured, by \
        quantiles on the line and by slices in space, less what two samples of one law are apart.
        """
    let claims = [
        Claim(
            "sgld",
            "the distance of Langevin dynamics with batches of one falls in the step with at least the proven exponent"),
        Claim("sgd", "that of stochastic gradient descent likewise"),
        Claim("boosting", "that of Langevin boosting likewise"),
        Claim("skewed", "that of a scheme with noise that is neither Gaussian nor the same everywhere likewise"),
        Claim("drift-error", "with an error of the drift of order 1/2 the exponent is within 0.1 of the proven 1/2"),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        let plan = RatePlan(
            runs: context.scaled(quick: 10_000, full: 100_000), repetitions: context.scaled(quick: 4, full: 6),
            steps: context.scaled(quick: [2, 4, 8], full: [4, 8, 16, 32]))
        let sum = try LeastSquaresSum(
            design: [1.2, 0.8, 1, 0.9, 1.1, 0.7, 1.3, 1], targets: [0.5, -0.3, 0.8, 0.1, -0.6, 0.4, 0.2, -0.1])
        let streams = Random(seed: context.seed).split(12)
        let tracker = context.progress.begin("chains", total: 5)
        var rates: [MeasuredRate] = []

        // A quadratic: the limit of Langevin dynamics is an Ornstein-Uhlenbeck process.
        let rate = sum.design.reduce(0) { $0 + $1 * $1 } / 8
        let centre = zip(sum.design, sum.targets).reduce(0) { $0 + $1.0 * $1.1 } / 8 / rate
        let law = try Normal(
            mean: centre + (3 - centre) * exp(-rate),
            standardDeviation: (0.5 * (1 - exp(-2 * rate)) / rate).squareRoot())
        rates.append(
            try plan.measure("sgld", "Langevin dynamics", LangevinChain(sum, temperature: 0.5), [3], streams.split(0)) {
                ends, _, _ in try Wasserstein.onLine(ends, law)
            })
        tracker.advance()
        rates.append(
            try plan.measure("sgd", "stochastic descent", StochasticDescentChain(sum), [3], streams.split(1)) {
                ends, limit, _ in try Wasserstein.onLine(ends, limit)
            })
        tracker.advance()
        let boosting = try BoostingChain(
            stumpsOn: [0.1, 0.9, 0.4, 0.2, 0.7, 0.5, 0.95, 0.35], targets: [2, -1, 1, 3], temperature: 0.05)
        let transition = try boosting.limit.transition(duration: 1)
        let mean = transition.mean([0, 0, 0, 0])
        rates.append(
            try plan.measure("boosting", "Langevin boosting", boosting, [0, 0, 0, 0], streams.split(2)) {
                try Wasserstein.sliced($0, mean: mean, covariance: transition.covariance, directions: 16, using: &$2)
            })
        tracker.advance()
        let skewed = try EulerChain(WavyField(), noise: .skewed)
        rates.append(
            try plan.measure(
                "skewed", "skewed noise", skewed, [3], streams.split(3), finest: context.scaled(quick: 64, full: 256)
            ) {
                ends, limit, _ in try Wasserstein.onLine(ends, limit)
            })
        tracker.advance()
        let process = try LinearProcess.ornsteinUhlenbeck(rate: 1, mean: 0, scale: 0.5)
        let wrong = try EulerChain(process, noiseOrder: 1, driftError: 1, driftErrorOrder: 0.5)
        rates.append(
            try plan.measure("drift-error", "drift off by √η", wrong, [0], streams.split(4)) {
                ends, limit, _ in try Wasserstein.onLine(ends, limit)
            })
        tracker.advance()
        tracker.finish()
        return findings(rates, plan)
    }

    private func findings(_ rates: [MeasuredRate], _ plan: RatePlan) -> Findings {
        var findings = Findings(
            data:
                "simulated: \(plan.repetitions) times \(plan.runs) runs of each chain at \(plan.steps.count) step sizes"
        )
        var table = TextTable(
            columns: ["chain", "proven exponent", "measured exponent"]
                + plan.steps.map { .init("distance at step 1/\($0)") })
        for rate in rates {
            let slope = Comparison(rate.slopes)
            table.add(
                [
                    .text(rate.name), .number(rate.proven),
                    .interval(slope.mean, low: slope.low, high: slope.high),
                ] + rate.distances.map { .number($0) })
            findings.measure("exponent, \(rate.name)", slope.mean, standardError: slope.standardError)
            findings.measure("proven exponent, \(rate.name)", rate.proven)
            if rate.id == "drift-error" {
                let gap = abs(slope.mean - rate.proven)
                findings.decide(
                    rate.id, difference: 0.1 - gap, standardError: slope.standardError,
                    "0.1 less the gap of \(Metric.text(slope.mean)) from \(Metric.text(rate.proven))")
            } else {
                findings.decide(
                    rate.id, difference: slope.mean - rate.proven, standardError: slope.standardError,
                    "exponent of \(Metric.text(slope.mean)) less the proven \(Metric.text(rate.proven))")
            }
        }
        findings.tables.append(("Distance to the diffusion", table))
        findings.charts.append(
            (
                "Distance against step",
                Chart(
                    "Distance against step", x: Axis("step", scale: .logarithmic),
                    y: Axis("2-Wasserstein distance", scale: .logarithmic),
                    series: rates.map { rate in
                        Series(
                            rate.name, .line,
                            points: zip(plan.steps, rate.distances).map { ChartPoint(1 / Double($0.0), $0.1) },
                            showsDots: true)
                    })
            ))
        findings.notes.append(
            "The proven exponents hold for every chain of the class; these have smooth coefficients, and their distances fall faster, most of them with the first power of the step."
        )
        return findings
    }
}

/// What one chain's distances do.
private struct MeasuredRate: Sendable {
    var id: String
    var name: String
    var proven: Double
    /// The slope of log distance in log step, by repetition.
    var slopes: [Double]
    /// Root mean square distances by step.
    var distances: [Double]
}

/// How the distances are measured.
private struct RatePlan: Sendable {
    var runs: Int
    var repetitions: Int
    var steps: [Int]

    /// Squared distances less those of the limit's own samples, for each step and repetition.
    /// - Parameters:
    ///   - finest: steps of the limit's simulation, whose drift is of order 2; more where its noise depends on the state.
    ///   - distance: of the chain's ends from the limit, of which a sample is given too.
    func measure<Chain: ItoChain>(
        _ id: String, _ name: String, _ chain: Chain, _ start: [Double], _ streams: Random, finest: Int = 64,
        _ distance: ([Double], [Double], inout Random) throws -> Double
    ) throws -> MeasuredRate {
        let simulation = try ItoSimulation(chain, start: start, time: 1)
        var squares = [[Double]](repeating: [], count: steps.count)
        for repetition in 0..<repetitions {
            var random = streams.split(UInt64(repetition))
            // Where the noise does not shrink with the step there is one limit for all.
            let isFixed = chain.orders.noise == 0
            var fixed: ([Double], [Double])?
            for (index, count) in steps.enumerated() {
                let limitSteps = isFixed ? finest : count
                let refinement = isFixed ? 1 : max(2, finest / count)
                func limit(_ random: inout Random) throws -> [Double] {
                    try simulation.limitEnds(runs, steps: limitSteps, refinement: refinement, using: &random)
                }
                let pair = try fixed ?? (limit(&random), limit(&random))
                if isFixed { fixed = pair }
                let ends = try simulation.chainEnds(runs, steps: count, using: &random)
                let (measured, own) = (
                    try distance(ends, pair.0, &random), try distance(pair.1, pair.0, &random)
                )
                squares[index].append(max(measured * measured - own * own, 1e-12))
            }
        }
        let x = steps.map { -log(Double($0)) }
        let centre = x.reduce(0, +) / Double(x.count)
        let spread = x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
        let slopes = (0..<repetitions).map { repetition in
            zip(x, squares).reduce(0) { $0 + ($1.0 - centre) * 0.5 * log($1.1[repetition]) } / spread
        }
        return MeasuredRate(
            id: id, name: name, proven: chain.orders.provenExponent, slopes: slopes,
            distances: squares.map { ($0.reduce(0, +) / Double(repetitions)).squareRoot() })
    }
}

/// dX = −X dt + √(0.5 + 0.3 sin X) dW.
struct WavyField: Diffusion {
    var dimension: Int { 1 }
    var noiseDimension: Int { 1 }
    func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = -state[0]
    }
    func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = (0.5 + 0.3 * sin(state[0])).squareRoot()
    }
}
