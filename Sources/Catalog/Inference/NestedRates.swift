import Foundation
import Inference
import NumericalMethods
import Probability
import Reports

/// Repeatedly nested expectations at the rate of plain means (paper 19).
struct NestedRates: Experiment {
    let id = "read"
    let paper = Paper(
        number: 19, title: "Optimal randomized multilevel Monte Carlo for repeatedly nested expectations",
        source: "Syed and Wang, 2023, arXiv 2301.04095")
    let summary = """
        A Gaussian random walk y₀, y₁, …, and the sine of each value plus the expectation of the next link: nested \
        expectations of depth 1, 2 and 3 with smooth links. The root mean square error over repeated runs is set against \
        the draws that a run took, for the recursive estimator and for nested Monte Carlo with inner sizes m and m² \
        outer draws. The exact values come by quadrature.
        """
    let claims = [
        Claim(
            "unbiased",
            "the mean of the recursive estimator is within 3.5 standard errors of the exact value at depth 1, 2 and 3"),
        Claim(
            "rate-1", "at depth 1 the error of the recursive estimator falls in cost with a slope below -0.4, near -1/2"
        ),
        Claim("rate-2", "at depth 2 likewise"),
        Claim("rate-3", "at depth 3 likewise"),
        Claim("plain-1", "at depth 1 the slope is steeper than that of nested Monte Carlo, -1/3 in theory"),
        Claim("plain-2", "at depth 2 the slope is steeper than that of nested Monte Carlo, -1/4 in theory"),
        Claim("plain-3", "at depth 3 the slope is steeper than that of nested Monte Carlo, -1/5 in theory"),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        let groups = 10
        let runs = context.scaled(quick: 8, full: 40)
        let draws = context.scaled(quick: [16, 64, 256], full: [64, 256, 1024, 4096])
        let sizes = context.scaled(
            quick: [[4, 8, 16], [4, 6, 10], [3, 4, 6]],
            full: [[8, 16, 32, 64], [6, 9, 14, 20], [4, 6, 8, 11]])
        var findings = Findings(
            data: "simulated: \(groups) groups of \(runs) runs at each size, depths 1 to 3")
        var table = TextTable(columns: [
            "depth", "exact", "mean of the recursive estimator", "z", "draws an estimate", "slope", "slope, nested",
        ])
        var worst = 0.0
        let tracker = context.progress.begin("depths", total: 3)
        for depth in 1...3 {
            let problem = SineWalk(depth: depth)
            let exact = try problem.exactValue()
            let streams = Random(seed: context.seed).split(19).split(UInt64(depth))
            var random = streams.split(0)
            let estimator = try RecursiveEstimator(problem)
            let sums = try CostedMean(estimator)
                .run(draws: context.scaled(quick: 20_000, full: 1_000_000), using: &random)
            let z = (sums.estimate.value - exact) / sums.estimate.standardError
            worst = max(worst, abs(z))
            let recursive = try errors(of: estimator, draws, exact, groups, runs, streams.split(1))
            let plain = try (0..<sizes[depth - 1].count).map { index in
                let m = sizes[depth - 1][index]
                let nested = try PlainNestedEstimator(problem, inner: .init(repeating: m, count: depth))
                return try errors(of: nested, [m * m], exact, groups, runs, streams.split(UInt64(2 + index)))[0]
            }
            let (slope, other) = (slopes(recursive), slopes(plain))
            report(depth, recursive, plain, slope, other, &findings)
            findings.measure("z of the mean at depth \(depth)", z)
            findings.measure("draws an estimate at depth \(depth)", sums.cost / Double(sums.count))
            table.add([
                .count(depth), .number(exact),
                .interval(
                    sums.estimate.value, low: sums.estimate.value - 2 * sums.estimate.standardError,
                    high: sums.estimate.value + 2 * sums.estimate.standardError),
                .number(z), .number(sums.cost / Double(sums.count)), .number(Comparison(slope).mean),
                .number(Comparison(other).mean),
            ])
            tracker.advance()
        }
        tracker.finish()
        findings.decide("unbiased", worst < 3.5, "the largest of three |z| is \(Metric.text(worst))")
        findings.tables.append(("Recursive estimator and nested Monte Carlo", table))
        return findings
    }

    /// Cost and root mean square error by size and group.
    private func errors<Sampler: CostedSampler>(
        of sampler: Sampler, _ draws: [Int], _ exact: Double, _ groups: Int, _ runs: Int, _ streams: Random
    ) throws -> [SizeErrors] {
        try draws.indices.map { size in
            let results = try Parallel.map(count: groups * runs) { run in
                var random = streams.split(UInt64(size)).split(UInt64(run))
                return try CostedMean(sampler).run(draws: draws[size], using: &random)
            }
            let cost = results.reduce(0) { $0 + $1.cost } / Double(results.count)
            let squares = results.map { ($0.mean - exact) * ($0.mean - exact) }
            let byGroup = (0..<groups).map { group in
                (squares[group * runs..<(group + 1) * runs].reduce(0, +) / Double(runs)).squareRoot()
            }
            return SizeErrors(
                cost: cost, error: (squares.reduce(0, +) / Double(squares.count)).squareRoot(), byGroup: byGroup)
        }
    }

    /// The slope of log error in log cost, by group.
    private func slopes(_ sizes: [SizeErrors]) -> [Double] {
        let x = sizes.map { log($0.cost) }
        let centre = x.reduce(0, +) / Double(x.count)
        let spread = x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
        return sizes[0].byGroup.indices.map { group in
            zip(x, sizes).reduce(0) { $0 + ($1.0 - centre) * log($1.1.byGroup[group]) } / spread
        }
    }

    private func report(
        _ depth: Int, _ recursive: [SizeErrors], _ plain: [SizeErrors], _ slope: [Double], _ other: [Double],
        _ findings: inout Findings
    ) {
        let (mine, theirs) = (Comparison(slope), Comparison(other))
        let gain = Comparison(other, over: slope)
        findings.measure("slope at depth \(depth)", mine.mean, standardError: mine.standardError)
        findings.measure(
            "slope of nested Monte Carlo at depth \(depth)", theirs.mean, standardError: theirs.standardError)
        findings.decide(
            "rate-\(depth)", difference: -0.4 - mine.mean, standardError: mine.standardError,
            "-0.4 less the slope of \(Metric.text(mine.mean))")
        findings.decide(
            "plain-\(depth)", difference: gain.mean, standardError: gain.standardError,
            "slope of nested Monte Carlo less that of the recursive estimator")
        findings.charts.append(
            (
                "Error against cost at depth \(depth)",
                Chart(
                    "Error against cost at depth \(depth)", x: Axis("draws", scale: .logarithmic),
                    y: Axis("root mean square error", scale: .logarithmic),
                    series: [
                        Series("recursive estimator", .line, points: recursive.map { ChartPoint($0.cost, $0.error) }),
                        Series("nested Monte Carlo", .line, points: plain.map { ChartPoint($0.cost, $0.error) }),
                    ])
            ))
    }
}

/// What runs of one size cost and how far off they were.
private struct SizeErrors: Sendable {
    /// Mean draws a run.
    var cost: Double
    /// Root mean square error over all runs.
    var error: Double
    /// The same by group.
    var byGroup: [Double]
}

/// y₀ ~ N(1/2, 1), y_d ~ N(y_{d−1}, 1); the innermost value is y_D, and every link sin(y_d + what lies inside).
struct SineWalk: NestedExpectation {
    let depth: Int
    let start = 0.5

    func draw(_ level: Int, after state: Double, using random: inout Random) -> Double { state + random.normal() }

    func link(_ level: Int, _ state: Double, inner: Double) -> Double { level == depth ? state : sin(state + inner) }

    /// By Gauss-Hermite quadrature at each level but the innermost, whose mean is the state itself.
    func exactValue() throws -> Double {
        let rule = try GaussRule.hermite(64)
        func mean(_ level: Int, _ state: Double) -> Double {
            level == depth ? state : rule.integrate { sin(state + $0 + mean(level + 1, state + $0)) }
        }
        return mean(0, start)
    }
}
