import Deferral
import Foundation
import NumericalMethods
import Probability
import Reports

/// When deferring by confidence is enough, and the three settings in which it is not.
///
/// Every repetition draws its own classes, trains both classifiers, learns the post-hoc rules on a validation sample and
/// draws deferral curves on a test sample. Class probabilities are known, so the optimal rule of Proposition 3.1 is too.
public struct ConfidenceDeferral: Experiment {
    /// The experiment.
    public init() {}

    public let id = "confidence-deferral"
    public let paper = Paper(
        number: 0, title: "When Does Confidence-Based Cascade Deferral Suffice?", source: "Jitkrittum et al. 2023")
    public let summary = """
        A softmax regression on 4 of 16 features defers to one on all 16, on eight normal classes. Deferral curves of \
        confidence, of the post-hoc rules Diff-01, Diff-Prob and MaxProb, and of the optimal rule, in the benign \
        setting, with a specialist as second stage, with label noise, and with shifted class proportions; in the full \
        size also a specialist on Fashion-MNIST.
        """
    public let claims = [
        Claim(
            "specialist",
            "With a specialist as second stage, Diff-01 has more area under its deferral curve than confidence."),
        Claim(
            "label-noise", "With label noise on half of the classes, Diff-01 has more area than confidence."),
        Claim(
            "distribution-shift",
            "With classifiers trained on long-tailed classes and balanced ones later, Diff-01 has more area than confidence."
        ),
        Claim(
            "benign",
            "In the benign setting confidence suffices: its area is less than half a percentage point below Diff-01's."),
        Claim(
            "constant-error",
            "With a second stage that errs at the same rate on every item, confidence is optimal: its area is less than half a percentage point below that of the optimal rule on the same features."
        ),
        Claim(
            "oracle",
            "The optimal rule of Proposition 3.1 has more area than confidence and Diff-01 in the four settings where the second stage's error varies."
        ),
        Claim(
            "specialist-images",
            "On Fashion-MNIST with boosted trees that only know garments for the upper body, Diff-01 has more area than confidence (full size)."
        ),
    ]

    /// The rules compared, in the order of the table.
    static let rules = [
        "random", "max probability", "margin", "entropy", "Diff-01", "Diff-Prob", "MaxProb", "optimal",
    ]

    public func run(_ context: ExperimentContext) throws -> Findings {
        let repetitions = context.scaled(quick: 6, full: 24)
        let sizes = DeferralSetting.Sizes(
            training: context.scaled(quick: 600, full: 2000), validation: context.scaled(quick: 1200, full: 4000),
            test: context.scaled(quick: 2000, full: 10_000))
        let settings = DeferralSetting.allCases
        let work = context.progress.begin("deferral curves", total: settings.count * repetitions)
        let root = Random(seed: context.seed)
        let all = try Parallel.map(count: settings.count * repetitions) { index in
            // The same repetition starts from the same classes in every setting.
            let random = root.split(UInt64(index % repetitions))
            let curves = try Self.curves(settings[index / repetitions], sizes: sizes, random)
            work.advance()
            return curves
        }
        work.finish()

        var findings = Findings(
            data:
                "\(repetitions) repetitions of 8 normal classes: \(sizes.training) items to train on, \(sizes.validation) to learn rules on, \(sizes.test) to test on"
        )
        var oracleGaps: [Comparison] = []
        for (place, setting) in settings.enumerated() {
            let curves = Array(all[place * repetitions..<(place + 1) * repetitions])
            let areas = Self.rules.indices.map { rule in curves.map { $0[rule].area } }
            Self.show(setting.title, curves: curves, rules: Self.rules, in: &findings)
            let gain = Comparison(areas[4], over: areas[1])
            findings.measure(
                "\(setting.rawValue): Diff-01 less confidence", gain.mean, standardError: gain.standardError,
                unit: "area")
            if setting != .constantError { oracleGaps += [1, 4].map { Comparison(areas[7], over: areas[$0]) } }
            switch setting {
            case .benign:
                findings.decide(
                    "benign", difference: -gain.mean, standardError: gain.standardError, atLeast: -0.005,
                    "area of confidence less that of Diff-01")
            case .constantError:
                let gap = Comparison(areas[7], over: areas[1])
                findings.decide(
                    "constant-error", difference: -gap.mean, standardError: gap.standardError, atLeast: -0.005,
                    "area of confidence less that of the optimal rule")
            default:
                findings.decide(
                    setting.rawValue, difference: gain.mean, standardError: gain.standardError,
                    "area of Diff-01 less that of confidence")
            }
        }
        let tightest = oracleGaps.min { $0.mean / $0.standardError < $1.mean / $1.standardError }!
        findings.decide(
            "oracle", difference: tightest.mean, standardError: tightest.standardError,
            "area of the optimal rule less another's, the tightest of \(oracleGaps.count)")
        try images(context, into: &findings)
        findings.notes = [
            "The optimal rule knows the class probabilities given all 16 features; no rule that sees only the first stage's four can reach it. With a constant error it is given those four.",
            "The post-hoc rules are ridge regressions on the first stage's class probabilities and their summaries; the paper's are small networks.",
            "Quality at every share deferred counts alike, up to deferring everything, as in the paper's curves.",
        ]
        return findings
    }

    /// One repetition: the deferral curve of every rule.
    static func curves(_ setting: DeferralSetting, sizes: DeferralSetting.Sizes, _ random: Random) throws
        -> [DeferralCurve]
    {
        var random = random
        let draw = try setting.draw(sizes, using: &random)
        let scores = try scores(validation: draw.validation, test: draw.test, using: &random)
        let optimal = zip(draw.chances[1], draw.chances[0]).map { $0 - $1 }
        return curves(scores: scores + [optimal], of: draw.test)
    }

    /// What each rule but the optimal one orders the test items by.
    static func scores(validation: TwoClassifiers, test: TwoClassifiers, using random: inout Random) throws
        -> [[Double]]
    {
        let training = validation.outcomes()
        let log = test.outcomes().log
        let confidences = TwoClassifiers.summaries.map { test.confidence($0).map { -$0 } }
        let learned = try [PostHocLearner.difference, .probability, .confidence].map {
            try $0.gains(learnedFrom: training, on: log, using: &random)
        }
        // One score for all items defers them in random order.
        return [test.labels.map { _ in 0 }] + confidences + learned
    }

    static func curves(scores: [[Double]], of test: TwoClassifiers) -> [DeferralCurve] {
        let (before, after) = (test.correct(0), test.correct(1))
        return scores.map { DeferralCurve(scores: $0, before: before, after: after) }
    }

    /// A row of the table of areas a rule, and the mean curves.
    static func show(_ title: String, curves: [[DeferralCurve]], rules: [String], in findings: inout Findings) {
        var table = TextTable(columns: ["rule", "area", "accuracy, 20 % deferred", "accuracy, half deferred"])
        var series: [Series] = []
        for (rule, name) in rules.enumerated() {
            func cell(_ value: (DeferralCurve) -> Double) -> TableCell {
                let summary = Comparison(curves.map { value($0[rule]) })
                return .percentInterval(summary.mean, low: summary.low, high: summary.high)
            }
            table.add([.text(name), cell(\.area), cell { $0.quality(atShare: 0.2) }, cell { $0.quality(atShare: 0.5) }])
            if ["margin", "entropy"].contains(name) { continue }
            let points = (0...40).map { step in
                let share = Double(step) / 40
                return ChartPoint(share, Comparison(curves.map { $0[rule].quality(atShare: share) }).mean)
            }
            series.append(Series(name, points: points, isDashed: name == "random" || name == "optimal"))
        }
        table.notes = ["Intervals are two standard errors over \(curves.count) repetitions."]
        findings.tables.append((title, table))
        findings.charts.append(
            (
                title,
                Chart(
                    title, x: Axis("share deferred", format: .percent), y: Axis("accuracy", format: .percent),
                    series: series)
            ))
    }

    /// The specialist on real images.
    private func images(_ context: ExperimentContext, into findings: inout Findings) throws {
        guard context.size == .full else {
            findings.leaveOpen("specialist-images", "The quick size leaves the images out.")
            return
        }
        guard context.data.has("fashion-mnist") else {
            findings.leaveOpen(
                "specialist-images", "Fashion-MNIST is not on this machine. Get it with: cascade data get fashion-mnist"
            )
            return
        }
        let repetitions = 5
        let data = try GarmentSpecialist(context.data)
        let work = context.progress.begin("images", total: repetitions)
        let root = Random(seed: context.seed).split(1 << 32)
        let curves = try Parallel.map(count: repetitions) { part in
            var random = root.split(UInt64(part))
            let draw = try data.draw(part: part, of: repetitions, using: &random)
            let scores = try Self.scores(validation: draw.validation, test: draw.test, using: &random)
            work.advance()
            return Self.curves(scores: scores, of: draw.test)
        }
        work.finish()
        let rules = Array(Self.rules.dropLast())
        Self.show("Specialist on Fashion-MNIST", curves: curves, rules: rules, in: &findings)
        let gain = Comparison(curves.map { $0[4].area }, over: curves.map { $0[1].area })
        findings.measure("images: Diff-01 less confidence", gain.mean, standardError: gain.standardError, unit: "area")
        findings.decide(
            "specialist-images", difference: gain.mean, standardError: gain.standardError,
            "area of Diff-01 less that of confidence over \(repetitions) disjoint parts of the images")
    }
}
