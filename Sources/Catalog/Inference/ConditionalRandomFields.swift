import Foundation
import Inference
import NumericalMethods
import Probability
import Reports

/// Conditional random fields beside hidden Markov models and independent classifiers, with chains and with ties.
public struct ConditionalRandomFields: Experiment {
    /// The experiment.
    public init() {}

    public let id = "conditional-random-fields"
    public let paper = Paper(
        number: 49, title: "An Introduction to Conditional Random Fields", source: "Sutton and McCallum 2012")
    public let summary = """
        Taggers learn from the same overlapping attributes: a linear-chain field, a hidden Markov model that takes them for \
        independent, one that sees words only, and a classifier without transitions, on simulated sentences and on tagged \
        Japanese news. Documents with repeated names compare a chain with a field that ties mentions of a name. Training \
        by L-BFGS and by averaged stochastic descent, and belief propagation and enumeration, are held against each other.
        """
    public let claims = [
        Claim("generative", "The chain is more accurate than a hidden Markov model with the same attributes."),
        Claim(
            "independent", "The chain is more accurate than a classifier with the same attributes and no transitions."),
        Claim(
            "optimum", "L-BFGS and averaged stochastic descent reach the same penalised loss, to within 0.001 of it."),
        Claim("beliefs", "On trees, marginals by belief propagation equal those by enumeration to within 1e-9."),
        Claim("ties", "With ties between mentions of a name a field is more accurate than the chain without them."),
        Claim(
            "entities",
            "On tagged Japanese news the chain finds entities' words with a higher F1 than a hidden Markov model with the same attributes."
        ),
    ]

    private static let taggers = [
        "linear-chain CRF", "HMM, same attributes", "HMM, words only", "no transitions (logistic)",
    ]

    public func run(_ context: ExperimentContext) throws -> Findings {
        let repetitions = context.scaled(quick: 4, full: 10)
        let sizes = context.scaled(quick: [25, 50, 100], full: [25, 50, 100, 200, 400])
        let work = context.progress.begin("repetitions", total: 2 * repetitions)
        let root = Random(seed: context.seed)
        let runs = try Parallel.map(count: repetitions) { number in
            var random = root.split(UInt64(number))
            let run = try Self.tag(sizes: sizes, using: &random)
            work.advance()
            return run
        }
        let ties = try Parallel.map(count: repetitions) { number in
            var random = root.split(1 << 32 + UInt64(number))
            let run = try Self.tie(
                documents: context.scaled(quick: 12, full: 60), tagged: context.scaled(quick: 25, full: 100),
                using: &random)
            work.advance()
            return run
        }
        work.finish()
        var findings = Findings(
            data:
                "\(repetitions) simulated languages with up to \(sizes.last!) sentences of 15 words to learn from and 200 to tag; \(repetitions) sets of documents with repeated names"
        )
        Self.showTagging(runs, sizes, in: &findings)
        Self.showTies(ties, in: &findings)
        try Self.compareBeliefs(root.split(1 << 33), in: &findings)
        try Self.tagNews(context, in: &findings)
        findings.notes = [
            "The tutorial argues and reports no figures of its own: data and sizes are ours.",
            "Hidden Markov models count with additive smoothing of 0.5; fields have a squared penalty of 1; neither was tuned.",
            "The simulated words come from a hidden Markov chain, so that models which count start with the right assumption but for the attributes that overlap.",
            "Ties make loops: training and tagging there go by loopy belief propagation.",
        ]
        return findings
    }

    // MARK: Tagging

    /// What one simulated language showed.
    private struct TaggingRun: Sendable {
        /// `[sizes, taggers]`.
        var accuracies: [[Double]] = []
        /// The penalised losses of both ways of training, at the largest size.
        var losses = (batch: 0.0, stochastic: 0.0)
    }

    private static func tag(sizes: [Int], using random: inout Random) throws -> TaggingRun {
        let language = try SimulatedText(using: &random)
        let test = try language.sentences(200, using: &random)
        let all = try language.sentences(sizes.last!, using: &random)
        var run = TaggingRun()
        for size in sizes {
            let train = all.subset(Array(0..<size))
            run.accuracies.append(try learned(from: train).map { try $0(test).accuracy })
        }
        let tight = LimitedMemoryBFGS(gradientTolerance: 1e-6, valueTolerance: 0)
        run.losses.batch = try QuasiNewtonTraining(search: tight).fit(all).loss
        run.losses.stochastic = try StochasticTraining(epochs: 100).fit(all, using: &random).loss
        return run
    }

    /// The four taggers, learned from `train`.
    private static func learned(from train: TaggedSequences) throws -> [(TaggedSequences) throws -> TaggingReport] {
        let chain = try QuasiNewtonTraining().fit(train).field
        let independent = try QuasiNewtonTraining(features: .init(transitions: .none)).fit(train).field
        let generative = GenerativeChain(train)
        let plain = GenerativeChain(train) { $0.hasPrefix("w[0]=") }
        return [chain.evaluate, generative.evaluate, plain.evaluate, independent.evaluate]
    }

    private static func showTagging(_ runs: [TaggingRun], _ sizes: [Int], in findings: inout Findings) {
        var table = TextTable(columns: ["tagger"] + sizes.map { TextTable.Column("\($0) sentences") })
        var series: [Series] = []
        for (tagger, name) in taggers.enumerated() {
            let means = sizes.indices.map { size in Comparison(runs.map { $0.accuracies[size][tagger] }) }
            let cells = means.map { TableCell.percentInterval($0.mean, low: $0.low, high: $0.high) }
            table.add([TableCell.text(name)] + cells)
            series.append(Series(name, points: zip(sizes, means).map { ChartPoint(Double($0), $1.mean) }))
        }
        table.notes = ["Accuracy by position. Intervals are two standard errors over \(runs.count) languages."]
        findings.tables.append(("Taggers on simulated sentences", table))
        findings.charts.append(
            (
                "Taggers on simulated sentences",
                Chart(
                    "Accuracy by sentences learned from", x: Axis("sentences"), y: Axis("accuracy", format: .percent),
                    series: series)
            ))
        func last(_ tagger: Int) -> [Double] { runs.map { $0.accuracies[sizes.count - 1][tagger] } }
        for (claim, tagger) in [("generative", 1), ("independent", 3)] {
            let gain = Comparison(last(0), over: last(tagger))
            findings.measure(
                "chain less \(taggers[tagger])", gain.mean, standardError: gain.standardError, unit: "accuracy")
            findings.decide(
                claim, difference: gain.mean, standardError: gain.standardError,
                "accuracy of the chain less that of '\(taggers[tagger])'")
        }
        let worst = runs.map { abs($0.losses.stochastic - $0.losses.batch) / $0.losses.batch }.max()!
        findings.measure("largest relative difference of losses", worst)
        findings.decide(
            "optimum", worst < 1e-3, "largest relative difference over \(runs.count) languages: \(Metric.text(worst))")
    }

    // MARK: Ties

    /// The accuracies of the chain, of the field with ties, and of the latter trained by pseudo-likelihood.
    private static func tie(documents: Int, tagged: Int, using random: inout Random) throws -> [Double] {
        let propagation = BeliefPropagation(damping: 0.2, tolerance: 1e-4, sweeps: 100)
        let templates = try RepeatedNames.templates()
        let streams = random.fork()
        return try [
            (false, FieldLoss.likelihood(propagation)), (true, .likelihood(propagation)), (true, .pseudoLikelihood),
        ]
        .map { hasTies, loss in
            // The same documents for all three.
            var (first, second) = (streams.split(0), streams.split(1))
            let train = RepeatedNames.documents(documents, hasTies: hasTies, using: &first)
            let test = RepeatedNames.documents(tagged, hasTies: hasTies, using: &second)
            let field = try FieldTraining(templates: templates, loss: loss).fit(train).field
            var hits = 0
            for document in test {
                let beliefs = try field.beliefs(of: document, by: propagation)
                for (marginal, label) in zip(beliefs.marginals, document.labels!) {
                    if marginal.indices.max(by: { marginal[$0] < marginal[$1] }) == label { hits += 1 }
                }
            }
            return Double(hits) / Double(test.reduce(0) { $0 + $1.cardinalities.count })
        }
    }

    private static func showTies(_ runs: [[Double]], in findings: inout Findings) {
        var table = TextTable(columns: ["field", "accuracy"])
        for (place, name) in ["linear chain", "with ties", "with ties, by pseudo-likelihood"].enumerated() {
            let mean = Comparison(runs.map { $0[place] })
            table.add([.text(name), .percentInterval(mean.mean, low: mean.low, high: mean.high)])
        }
        table.notes = ["Intervals are two standard errors over \(runs.count) sets of documents."]
        findings.tables.append(("Documents with repeated names", table))
        let gain = Comparison(runs.map { $0[1] }, over: runs.map { $0[0] })
        findings.measure("ties less chain", gain.mean, standardError: gain.standardError, unit: "accuracy")
        findings.decide(
            "ties", difference: gain.mean, standardError: gain.standardError,
            "accuracy with ties less that of the chain")
    }

    // MARK: Beliefs

    private static func compareBeliefs(_ stream: Random, in findings: inout Findings) throws {
        let templates = [try CliqueTemplate("edge", cardinalities: [3, 3])]
        var worst = 0.0
        for number in 0..<20 {
            var random = stream.split(UInt64(number))
            let field = try GeneralField(templates: templates, weights: (0..<9).map { _ in 2 * random.normal() })
            let tree = FieldInstance(
                cardinalities: [Int](repeating: 3, count: 7),
                cliques: (1..<7).map { .init(template: 0, variables: [random.integer(below: $0), $0]) })
            let beliefs = try field.beliefs(of: tree)
            var sums = [[Double]](repeating: [0, 0, 0], count: 7)
            var total = 0.0
            for code in 0..<2187 {
                var rest = code
                let labels = (0..<7).map { _ in
                    defer { rest /= 3 }
                    return rest % 3
                }
                let weight = exp(try field.score(of: labels, in: tree))
                total += weight
                for (variable, label) in labels.enumerated() { sums[variable][label] += weight }
            }
            for variable in 0..<7 {
                for label in 0..<3 {
                    worst = max(worst, abs(sums[variable][label] / total - beliefs.marginals[variable][label]))
                }
            }
        }
        findings.measure("largest difference of marginals", worst)
        findings.decide("beliefs", worst < 1e-9, "largest difference over 20 random trees: \(Metric.text(worst))")
    }

    // MARK: News

    private static func tagNews(_ context: ExperimentContext, in findings: inout Findings) throws {
        guard context.size == .full else {
            return findings.leaveOpen("entities", "The quick size leaves the news out.")
        }
        guard context.data.has("hironsan") else {
            return findings.leaveOpen(
                "entities", "The corpus is not on this machine. Get it with: cascade data get hironsan")
        }
        let all = try HironsanCorpus(context.data).sequences()
        let folds = 10
        var random = Random(seed: context.seed).split(1 << 34)
        let order = random.permutation(of: all.count)
        let reports = try (0..<folds).map { fold in
            let train = all.subset(order.indices.filter { $0 % folds != fold }.map { order[$0] })
            let test = all.subset(order.indices.filter { $0 % folds == fold }.map { order[$0] })
            return try learned(from: train).map { try $0(test) }
        }
        var table = TextTable(columns: ["tagger", "F1 of entities' words", "accuracy", "whole sentences right"])
        func f1(_ tagger: Int) -> [Double] { reports.map { $0[tagger].microF1 { $0 != "O" } } }
        for (tagger, name) in taggers.enumerated() {
            let shares = [f1(tagger), reports.map { $0[tagger].accuracy }, reports.map { $0[tagger].sequenceAccuracy }]
            let cells = shares.map { share in
                let mean = Comparison(share)
                return TableCell.percentInterval(mean.mean, low: mean.low, high: mean.high)
            }
            table.add([TableCell.text(name)] + cells)
        }
        table.notes = [
            "\(all.count) sentences, \(all.positionCount) words, \(all.labelNames.count) labels; \(folds) folds, intervals of two standard errors over them."
        ]
        findings.tables.append(("Named entities in Japanese news", table))
        let gain = Comparison(f1(0), over: f1(1))
        findings.measure("news: chain less HMM", gain.mean, standardError: gain.standardError, unit: "F1")
        findings.decide(
            "entities", difference: gain.mean, standardError: gain.standardError,
            "F1 of the chain less that of the hidden Markov model over \(folds) folds")
    }
}
