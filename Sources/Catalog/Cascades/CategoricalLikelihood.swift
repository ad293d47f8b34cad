import Cascades
import Foundation
import Probability
import Reports

/// Composed parametric kernels and maximum likelihood as a functor to learners (paper 190).
struct CategoricalLikelihood: Experiment {
    let id = "categorical-likelihood"
    let paper = Paper(
        number: 190, title: "Categorical Stochastic Processes and Likelihood",
        source: "Shiebler, 2021, arXiv 2005.04735")
    let summary = """
        Chains of two straight lines with Gaussian noise: does the log-likelihood of the composition, with what passes \
        between observed, fall into the parts', and is its maximum the two linear regressions? Two-layer models with \
        Gaussian, Bernoulli, Poisson and exponential noise at the end: is the learner of the composition the composition \
        of the learners, and is one of its lessons a step up the log-density?
        """
    let claims = [
        Claim(
            "sum",
            "the joint log-likelihood of a chain is the sum of its parts', and its gradient theirs side by side, to 1e-12 of the size"
        ),
        Claim("regression", "its maximum lies within 1e-5 of the least-squares lines in every chain"),
        Claim(
            "functor",
            "for each of four kinds of noise, a lesson of the composed learners is the gradient step on the composed model's log-density, to 1e-12 of the size"
        ),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        let chains = context.scaled(quick: 20, full: 200)
        let points = context.scaled(quick: 100, full: 2000)
        var random = Random(seed: context.seed)
        var findings = Findings(data: "\(chains) random chains of lines, \(points) random models a kind of noise")

        var (sum, gradient, regression) = (0.0, 0.0, 0.0)
        for _ in 0..<chains {
            let errors = try ChainErrors(items: 200, using: &random)
            sum = max(sum, errors.sum)
            gradient = max(gradient, errors.gradient)
            regression = max(regression, errors.regression)
        }
        findings.measure("largest difference of log-likelihood and sum of parts", sum)
        findings.measure("largest difference of gradients", gradient)
        findings.measure("largest distance of maximum and regression", regression)
        findings.decide("sum", max(sum, gradient) < 1e-12, "largest differences \(sum) and \(gradient)")
        findings.decide("regression", regression < 1e-5, "largest distance \(regression) of \(chains) chains")

        var table = TextTable(columns: ["noise", "models", "largest difference of a lesson"])
        var worst = 0.0
        for family in [MeanFamily.gaussian(variance: 0.5), .bernoulli, .poisson, .exponential] {
            var largest = 0.0
            for _ in 0..<points { largest = max(largest, try Self.lessonError(family, using: &random)) }
            let name = "\(family)".prefix { $0 != "(" }
            findings.measure("largest difference of a lesson, \(name)", largest)
            table.add([.text(String(name)), .count(points), .number(largest)])
            worst = max(worst, largest)
        }
        findings.decide("functor", worst < 1e-12, "largest difference \(worst)")
        findings.tables.append(("One lesson of composed learners against the composed model's gradient", table))

        var distances: [ChartPoint] = []
        for items in [25, 50, 100, 200, 400, 800] {
            let errors = try (0..<10).map { _ in try ChainErrors(items: items, using: &random).truth }
            distances.append(ChartPoint(Double(items), errors.reduce(0, +) / 10))
        }
        findings.charts.append(
            (
                "The maximum approaches the truth",
                Chart(
                    "Distance of the maximum from the truth", x: Axis("items", scale: .logarithmic),
                    y: Axis("distance", scale: .logarithmic), series: [Series("chain of two lines", points: distances)])
            ))
        findings.notes.append(
            "With noise in the middle that nobody observes the marginal likelihood is no sum; the functor to learners takes the means on and has noise at the end only."
        )
        return findings
    }

    /// How far a lesson of composed learners is from the gradient step on the composed model.
    private static func lessonError(_ family: MeanFamily, using random: inout Random) throws -> Double {
        let (one, two) = (model(family, &random), model(family, &random))
        let whole = try one.meansThen(two)
        // The input must be a mean of the family, as what it is asked for is an observation.
        let input = one.map(one.parameters, [random.normal(), random.normal()])
        let output = whole.sample(input, using: &random)
        let rate = 0.125
        let step = zip(whole.parameters, whole.gradient(of: output, given: input)).map { $0 + rate * $1 }
        let next = (one.learner(rate: rate) >>> two.learner(rate: rate)).update(
            Pair(one.parameters, two.parameters), input, toward: output)
        return largestDifference(next.first + next.second, step)
    }

    /// A layer with means in the range of the family.
    private static func model(
        _ family: MeanFamily, _ random: inout Random
    ) -> MeanKernel<SmoothSequence<SmoothSequence<AffineMap, ElementwiseMap>, ElementwiseMap>> {
        let range: ElementaryFunction =
            switch family {
            case .gaussian: .sine
            case .bernoulli: .logistic
            case .poisson, .exponential: .exponential
            }
        let map =
            AffineMap(inputs: 2, outputs: 2) >>> ElementwiseMap(.hyperbolicTangent, count: 2)
            >>> ElementwiseMap(range, count: 2)
        return MeanKernel(map, family: family, parameters: (0..<6).map { _ in 0.5 * random.normal() })
    }
}

/// What goes wrong with a chain of two lines.
private struct ChainErrors {
    var sum: Double
    var gradient: Double
    var regression: Double
    var truth: Double

    init(items: Int, using random: inout Random) throws {
        func line() -> LinearGaussianKernel {
            LinearGaussianKernel(
                slope: random.normal(), intercept: random.normal(), logScale: 0.3 * random.normal())
        }
        let model = JointKernel(line(), line())
        var data: [Pair<Double, Pair<Double, Double>>] = []
        for _ in 0..<items {
            let x = random.normal()
            data.append(Pair(x, model.sample(x, using: &random)))
        }
        let likelihood = LogLikelihood(model, data: data)
        let parts = likelihood.parts()
        let p = (0..<6).map { _ in 0.5 * random.normal() }
        let (head, tail) = (Array(p[..<3]), Array(p[3...]))
        let total = try parts.first.value(head) + parts.second.value(tail)
        sum = abs(try likelihood.value(p) - total) / max(1, abs(total))
        gradient = largestDifference(
            likelihood.gradient(p), parts.first.gradient(head) + parts.second.gradient(tail))
        let fitted = try likelihood.maximized().parameters
        let closed = Self.leastSquares(parts.first.data) + Self.leastSquares(parts.second.data)
        regression = zip(fitted, closed).reduce(0) { max($0, abs($1.0 - $1.1)) }
        truth = zip(fitted, model.parameters).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// Slope, intercept and half the logarithm of the mean squared residual.
    static func leastSquares(_ data: [Pair<Double, Double>]) -> [Double] {
        let n = Double(data.count)
        let meanX = data.reduce(0) { $0 + $1.first } / n
        let meanY = data.reduce(0) { $0 + $1.second } / n
        var (xx, xy) = (0.0, 0.0)
        for item in data {
            xx += (item.first - meanX) * (item.first - meanX)
            xy += (item.first - meanX) * (item.second - meanY)
        }
        var squares = 0.0
        for item in data {
            let residual = item.second - meanY - xy / xx * (item.first - meanX)
            squares += residual * residual
        }
        return [xy / xx, meanY - xy / xx * meanX, 0.5 * log(squares / n)]
    }
}
