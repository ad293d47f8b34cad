import Cascades
import Foundation
import Inference
import NumericalMethods
import Probability
import Reports

/// Backward filtering, forward guiding over chains, trees, diffusions and gamma processes (paper 74).
struct GuidedModels: Experiment {
    let id = "backward-filtering"
    let paper = Paper(
        number: 74,
        title: "Automatic Backward Filtering Forward Guiding for Markov processes and graphical models",
        source: "van der Meulen and Schauer, 2020, arXiv 2010.03509")
    let summary = """
        The same transformation rules on five models: a tree of discrete states, a tree of linear Gaussian states, a \
        diffusion between two points, a branching diffusion with a nonlinear drift and a gamma process whose rate \
        depends on its state. Where the rules are exact their evidence is held against enumeration and the dense \
        Gaussian; elsewhere the weighted draws are held against closed forms, quadrature and unguided simulation.
        """
    let claims = [
        Claim("discrete", "on a discrete tree every weight is the evidence by enumeration, to 1e-12"),
        Claim("gaussian", "on a linear Gaussian tree every weight is the evidence of the dense Gaussian, to 1e-9"),
        Claim(
            "bridge",
            "the mean weight of a diffusion guided by Brownian motion is within 3.5 standard errors of its transition density"
        ),
        Claim("branching", "on a branching diffusion guided and unguided evidence agree within 3.5 standard errors"),
        Claim("guidance", "there a guided draw is worth at least 10 unguided ones in effective sample size"),
        Claim(
            "gamma",
            "the evidence of a gamma process of state-dependent rate is within 3.5 standard errors of quadrature"),
        Claim(
            "innovations",
            "a chain on the innovations of the branching diffusion has the posterior mean of the weighted draws, within 3.5 standard errors"
        ),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        var findings = Findings(
            data: "simulated: five models, up to \(context.scaled(quick: 4_000, full: 100_000)) draws")
        var table = TextTable(columns: ["model", "log evidence", "reference", "effective share of draws"])
        let streams = Random(seed: context.seed).split(74)
        let tracker = context.progress.begin("models", total: 6)
        let discrete = try discreteTree(streams.split(0))
        findings.measure("error, discrete tree", discrete.error)
        findings.decide("discrete", discrete.error < 1e-12, "the largest difference is \(Metric.text(discrete.error))")
        table.add(["discrete tree", .number(discrete.value), .number(discrete.reference), .percent(1)])
        tracker.advance()
        let gaussian = try gaussianTree(streams.split(1))
        findings.measure("error, Gaussian tree", gaussian.error)
        findings.decide("gaussian", gaussian.error < 1e-9, "the largest difference is \(Metric.text(gaussian.error))")
        table.add(["linear Gaussian tree", .number(gaussian.value), .number(gaussian.reference), .percent(1)])
        tracker.advance()
        let bridge = try bridge(context, streams.split(2))
        report("bridge", "diffusion between two points", bridge, &findings, &table)
        tracker.advance()
        let gamma = try gammaProcess(context, streams.split(3))
        report("gamma", "gamma process", gamma, &findings, &table)
        tracker.advance()
        try branching(context, streams.split(4), &findings, &table)
        tracker.advance()
        tracker.finish()
        findings.tables.append(("Evidence", table))
        return findings
    }

    private func report(
        _ claim: String, _ name: String, _ result: EvidenceCheck, _ findings: inout Findings, _ table: inout TextTable
    ) {
        findings.measure("mean weight over the reference, \(name)", result.ratio, standardError: result.error)
        findings.decide(
            claim, abs(result.ratio - 1) < 3.5 * result.error,
            "the mean weight is \(Metric.text(result.ratio)) ± \(Metric.text(result.error)) of the reference")
        table.add([
            .text(name), .number(result.reference + log(result.ratio)), .number(result.reference),
            .percent(result.share),
        ])
    }

    /// Four levels of a binary tree with four letters, as in a phylogeny.
    private func discreteTree(_ streams: Random) throws -> (value: Double, reference: Double, error: Double) {
        var random = streams
        let parents: [Int?] = [nil, 0, 0, 1, 1, 2, 2]
        let edges = try (0..<6).map { _ in
            let stay = 0.4 + 0.5 * random.uniform()
            return try DiscreteGuide(
                transition: (0..<16).map { $0 / 4 == $0 % 4 ? stay : (1 - stay) / 3 }, inputs: 4)
        }
        let letters = [3: 0, 4: 1, 5: 0, 6: 2]
        let filtered = try GuidedTree(parents: parents, edges: edges).filtered(
            root: 0, observations: letters.mapValues { try TableFunction.at($0, of: 4) })
        var total = 0.0
        for code in 0..<16 {
            let states = [0, code % 4, code / 4] + (3..<7).map { letters[$0]! }
            total += (1..<7).reduce(1) { $0 * edges[$1 - 1].transition[states[parents[$1]!] * 4 + states[$1]] }
        }
        let cloud = try GuidedCloud(of: filtered, count: 1000, using: &random)
        return (filtered.rootLogValue, log(total), cloud.logWeights.map { abs($0 - log(total)) }.max()!)
    }

    /// A random walk in the plane that branches twice.
    private func gaussianTree(_ streams: Random) throws -> (value: Double, reference: Double, error: Double) {
        var random = streams
        let parents: [Int?] = [nil, 0, 0, 1, 1]
        let scales = (0..<4).map { _ in 0.3 + random.uniform() }
        let edges = try scales.map {
            GaussianGuide(
                try GaussianTransition(map: .identity(2), offset: [0.1, -0.2], covariance: .identity(2) * $0))
        }
        let leaves = [2: [0.5, 0.1], 3: [1.0, -1.0], 4: [0.3, 0.4]]
        let noise = Matrix.identity(2) * 0.1
        let filtered = try GuidedTree(parents: parents, edges: edges).filtered(
            root: [0, 0], observations: leaves.mapValues { try CanonicalGaussian(observing: $0, covariance: noise) })
        // Coordinates are independent; leaves 3 and 4 share the variance of node 1.
        var covariance = Matrix(rows: 3, columns: 3)
        for i in 0..<3 { covariance[i, i] = 0.1 + [scales[1], scales[0] + scales[2], scales[0] + scales[3]][i] }
        covariance[1, 2] = scales[0]
        covariance[2, 1] = scales[0]
        let reference = try (0..<2).reduce(0.0) { sum, coordinate in
            let step = [0.1, -0.2][coordinate]
            let law = try MultivariateNormal(mean: [step, 2 * step, 2 * step], covariance: covariance)
            return sum + law.logDensity([2, 3, 4].map { leaves[$0]![coordinate] })
        }
        let cloud = try GuidedCloud(of: filtered, count: 1000, using: &random)
        return (filtered.rootLogValue, reference, cloud.logWeights.map { abs($0 - reference) }.max()!)
    }

    /// Ornstein-Uhlenbeck from 1.5 to 0.9 with hardly any noise at the end, guided by Brownian motion.
    private func bridge(_ context: ExperimentContext, _ streams: Random) throws -> EvidenceCheck {
        var random = streams
        let process = try LinearProcess.ornsteinUhlenbeck(rate: 1, mean: 0, scale: 0.8)
        let rule = try GuidedDiffusion(
            process, auxiliary: .brownian(scale: 0.8),
            grid: TimeGrid.denseAtEnd(0...1, steps: context.scaled(quick: 300, full: 1000)), stepper: .matched)
        let noise = Matrix(rows: 1, columns: 1, storage: [1e-6])
        let back = try rule.pullBack(CanonicalGaussian(observing: [0.9], covariance: noise))
        let law = try Normal(
            mean: 1.5 * exp(-1), standardDeviation: (0.64 * (1 - exp(-2)) / 2 + 1e-6).squareRoot())
        let cloud = try rule.cloud(
            context.scaled(quick: 4_000, full: 100_000), from: [1.5], back.message,
            logValue: back.function.logValue(at: [1.5]), using: &random)
        return try EvidenceCheck(cloud.logWeights, reference: law.logDensity(0.9))
    }

    /// Two increments of a gamma process and a third that ends where it was seen.
    private func gammaProcess(_ context: ExperimentContext, _ streams: Random) throws -> EvidenceCheck {
        var random = streams
        let rate: @Sendable (Double) -> Double = { 1 + 2 / (1 + $0 * $0) }
        let edge = try GammaGuide(shape: 1.5, rate: rate)
        let filtered = try GuidedTree(chain: [edge, edge]).filtered(
            root: 0, observations: [2: GammaIncrementFunction(shape: 1.5, rate: 2, point: 3)])
        func density(_ rate: Double, _ x: Double) -> Double {
            x <= 0 ? 0 : exp(1.5 * log(rate) - logGamma(1.5) + 0.5 * log(x) - rate * x)
        }
        // Squares of the shares take the root's edge off.
        let rule = try GaussRule.legendre(80, on: 0...1)
        func between(_ low: Double, _ f: (Double) -> Double) -> Double {
            rule.integrate { u in
                let share = u * u * (3 - 2 * u)
                return 6 * u * (1 - u) * (3 - low) * f(low + (3 - low) * share)
            }
        }
        let evidence = between(0) { x in
            density(rate(0), x) * between(x) { y in density(rate(x), y - x) * density(2, 3 - y) }
        }
        let cloud = try GuidedCloud(of: filtered, count: context.scaled(quick: 4_000, full: 100_000), using: &random)
        return try EvidenceCheck(cloud.logWeights, reference: log(evidence))
    }

    /// A diffusion with drift 1.5 sin x that branches after half a unit of time, with both ends seen.
    private func branching(
        _ context: ExperimentContext, _ streams: Random, _ findings: inout Findings, _ table: inout TextTable
    ) throws {
        var random = streams
        let steps = context.scaled(quick: 50, full: 100)
        let edges = try [0...0.5, 0.5...1.2, 0.5...1.0].map {
            try GuidedDiffusion(
                SwayingDrift(), auxiliary: .brownian(drift: 0.5, scale: 0.5), grid: TimeGrid.even($0, steps: steps),
                stepper: .heun)
        }
        let tree = try GuidedTree(parents: [nil, 0, 1, 1], edges: edges)
        let noise = Matrix(rows: 1, columns: 1, storage: [0.01])
        let observations = [
            2: try CanonicalGaussian(observing: [1.5], covariance: noise),
            3: try CanonicalGaussian(observing: [0.2], covariance: noise),
        ]
        let filtered = try tree.filtered(root: [0.2], observations: observations)
        let guided = try GuidedCloud(of: filtered, count: context.scaled(quick: 2_000, full: 20_000), using: &random)
        let flat = try tree.filtered(root: [0.2], observations: [2: .flat(1), 3: .flat(1)])
        let blind = try GuidedCloud(of: flat, count: context.scaled(quick: 20_000, full: 200_000), using: &random)
        let likelihoods = blind.outputs.map { states in
            observations[2]!.logValue(at: states[2]) + observations[3]!.logValue(at: states[3])
        }
        let level = guided.logEvidence
        let unguided = try EvidenceCheck(likelihoods, reference: level)
        let error = hypot(unguided.error, guided.relativeError)
        findings.measure("unguided over guided evidence, branching diffusion", unguided.ratio, standardError: error)
        findings.decide(
            "branching", abs(unguided.ratio - 1) < 3.5 * error,
            "unguided evidence is \(Metric.text(unguided.ratio)) ± \(Metric.text(error)) of guided")
        let share = guided.effectiveSampleSize / Double(guided.outputs.count)
        findings.measure("effective share of guided draws, branching diffusion", share)
        findings.measure("effective share of unguided draws, branching diffusion", unguided.share)
        findings.decide(
            "guidance", share >= 10 * unguided.share,
            "effective shares are \(Metric.text(share)) guided and \(Metric.text(unguided.share)) unguided")
        table.add([
            "branching diffusion", .number(level), .number(level + log(unguided.ratio)), .percent(share),
        ])

        let chain = try InnovationChain(filtered, persistence: 0.7)
        var state = try chain.start(using: &random)
        let (batches, size) = (40, context.scaled(quick: 100, full: 1_000))
        var (means, accepted): ([Double], Int) = ([], 0)
        for _ in 0..<batches {
            var sum = 0.0
            for _ in 0..<size {
                if try chain.step(&state, using: &random).isAccepted { accepted += 1 }
                sum += state.output[1][0]
            }
            means.append(sum / Double(size))
        }
        let walked = Comparison(means)
        let weighted = guided.mean { $0[1][0] }
        let spread = hypot(walked.standardError, weighted.standardError)
        findings.measure("acceptance of the chain on innovations", Double(accepted) / Double(batches * size))
        findings.measure("branching point, weighted draws", weighted.value, standardError: weighted.standardError)
        findings.measure("branching point, chain on innovations", walked.mean, standardError: walked.standardError)
        findings.decide(
            "innovations", abs(walked.mean - weighted.value) < 3.5 * spread,
            "the means differ by \(Metric.text(walked.mean - weighted.value)) ± \(Metric.text(spread))")
        try drawPaths(edges[0], filtered, &random, &findings)
    }

    /// Guided paths of the first branch.
    private func drawPaths(
        _ edge: GuidedDiffusion<SwayingDrift>, _ filtered: FilteredTree<GuidedDiffusion<SwayingDrift>>,
        _ random: inout Random, _ findings: inout Findings
    ) throws {
        let series = (0..<8).map { index in
            let innovations = (0..<edge.innovationCount).map { _ in random.normal() }
            let path = innovations.withUnsafeBufferPointer { buffer in
                var reader = InnovationReader(buffer.baseAddress!)
                return edge.path([0.2], filtered.messages[0], &reader).value
            }
            return Series(
                "path \(index + 1)", .line, points: zip(edge.grid, path).map { ChartPoint($0.0, $0.1) },
                isInLegend: false)
        }
        findings.charts.append(
            (
                "Guided paths to the branching",
                Chart("Guided paths to the branching", x: Axis("time"), y: Axis("state"), series: series)
            ))
    }
}

/// The mean of weights against the evidence that it estimates.
private struct EvidenceCheck {
    /// ln of what it should be.
    var reference: Double
    /// The mean weight over that.
    var ratio: Double
    /// Its standard error.
    var error: Double
    /// Effective sample size over draws.
    var share: Double

    init(_ logWeights: [Double], reference: Double) throws {
        let shares = try Estimate(meanOf: logWeights.map { exp($0 - reference) })
        self.reference = reference
        ratio = shares.value
        error = shares.standardError
        let weights = softmax(logWeights)
        share = 1 / weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)
    }
}

/// dX = 1.5 sin X dt + 0.5 dW.
struct SwayingDrift: Diffusion {
    var dimension: Int { 1 }
    var noiseDimension: Int { 1 }
    var hasConstantDispersion: Bool { true }
    func drift(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = 1.5 * sin(state[0])
    }
    func dispersion(_ time: Double, _ state: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
        result[0] = 0.5
    }
}
