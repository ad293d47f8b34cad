import Cascades
import Deferral
import NumericalMethods
import Probability
import Reports

/// Nine mistakes planted into logs: whether the checks find them, and what they do to a fit that trusts the log.
public struct NineTips: Experiment {
    /// The experiment.
    public init() {}

    public let id = "nine-tips"
    public let paper = Paper(
        number: 180, title: "Nine tips for ecologists using machine learning", source: "Desprez, Miele and Gimenez 2023"
    )
    public let summary = """
        Simulated logs of two stages, clean or with one mistake for each of the nine tips. Every log goes through the \
        checks; a post-hoc rule is learned on its training split and what its test split promises (quality less the price \
        of what was spent) is compared with what the rule brings on fresh items of use.
        """
    public let claims = [
        Claim(
            "found",
            "The checks of the tip that warns of a mistake find it in more than four of five logs, for all nine."),
        Claim("false-alarms", "A log without a mistake gets any statistical finding with probability at most 0.05."),
        Claim(
            "optimism",
            "Drift, unlike splits, lost evidence, the wrong metric and shortcuts each make a log promise more than use brings."
        ),
        Claim("copies", "Copies of training items among the test items make a log promise more than use brings."),
        Claim("honest", "A log without a mistake promises what use brings, to within 0.01."),
    ]

    /// What a unit of cost must bring.
    static let price = 0.15

    /// What one log showed.
    private struct Run: Sendable {
        /// Whether each tip's checks found something, by tip from 1.
        var found: [Bool]
        var promised: Double
        var brought: Double
    }

    public func run(_ context: ExperimentContext) throws -> Findings {
        let repetitions = context.scaled(quick: 20, full: 120)
        let cleanLogs = context.scaled(quick: 60, full: 600)
        let items = 600
        let fresh = context.scaled(quick: 1000, full: 10_000)
        let cases = [Pitfall?.none] + Pitfall.allCases.map(Optional.some)
        let work = context.progress.begin("logs", total: cases.count * repetitions + cleanLogs)
        let root = Random(seed: context.seed)
        let runs = try Parallel.map(count: cases.count * repetitions) { index in
            let run = try Self.run(cases[index / repetitions], items: items, fresh: fresh, root.split(UInt64(index)))
            work.advance()
            return run
        }
        let silence = root.split(1 << 32)
        let alarms = Parallel.map(count: cleanLogs) { index in
            var random = silence.split(UInt64(index))
            let log = PitfallLog.logged(nil, items: items, using: &random)
            let isAlarmed = LogChecks.run(log, context: Self.checkContext).contains { $0.pValue != nil }
            work.advance()
            return isAlarmed ? 1.0 : 0
        }
        work.finish()

        var findings = Findings(
            data:
                "\(repetitions) simulated logs of \(items) items for each mistake and as many without one, \(cleanLogs) more without one, \(fresh) fresh items each"
        )
        func part(_ place: Int) -> [Run] { Array(runs[place * repetitions..<(place + 1) * repetitions]) }
        var table = TextTable(
            columns: [
                "tip", "mistake", "found", "found in clean logs", "promised", "brought by use", "promised less brought",
            ])
        var bars: [ChartPoint] = []
        var optimism: [Comparison] = []
        for (place, pitfall) in cases.enumerated() {
            let own = part(place)
            optimism.append(Comparison(own.map(\.promised), over: own.map(\.brought)))
            func share(_ runs: [Run]) -> TableCell {
                guard let pitfall else { return .missing }
                return .percent(Double(runs.count { $0.found[pitfall.rawValue] }) / Double(repetitions), decimals: 0)
            }
            func mean(_ value: (Run) -> Double) -> TableCell { .number(Comparison(own.map(value)).mean) }
            table.add(
                [
                    pitfall.map { .count($0.rawValue) } ?? .missing, .text(pitfall?.title ?? "none"), share(own),
                    share(part(0)),
                    mean(\.promised), mean(\.brought),
                    .interval(optimism[place].mean, low: optimism[place].low, high: optimism[place].high),
                ], startsGroup: place == 1)
            bars.append(
                ChartPoint(
                    Double(place), optimism[place].mean, low: optimism[place].low, high: optimism[place].high,
                    tooltip: pitfall?.title ?? "no mistake"))
            findings.measure(
                "\(pitfall?.title ?? "no mistake"): promised less brought", optimism[place].mean,
                standardError: optimism[place].standardError, unit: "quality")
        }
        table.notes = [
            "Promised and brought: mean quality less \(Self.price) times cost. Intervals are two standard errors over logs."
        ]
        findings.tables.append(("Nine mistakes", table))
        findings.charts.append(
            (
                "What a mistake promises too much",
                Chart(
                    "Promised less brought by use", x: Axis("tip (0: no mistake)"),
                    y: Axis("quality", includesZero: true),
                    series: [Series("mean and two standard errors", .points(.circle), points: bars)],
                    referenceLines: [.init(.y(0))])
            ))

        let detected = Pitfall.allCases.map { pitfall in part(pitfall.rawValue).count { $0.found[pitfall.rawValue] } }
        let (weakest, least) = detected.enumerated().min { $0.element < $1.element }!
        decideShare(
            "found", count: least, of: repetitions, exceeds: 0.8,
            "least often found: \(Pitfall.allCases[weakest].title), \(least) of \(repetitions)", in: &findings)
        let rate = alarms.reduce(0, +) / Double(cleanLogs)
        findings.measure(
            "false alarms on clean logs", rate, standardError: (rate * (1 - rate) / Double(cleanLogs)).squareRoot(),
            unit: "share")
        let alarmCount = Int(alarms.reduce(0, +))
        decideShare(
            "false-alarms", count: cleanLogs - alarmCount, of: cleanLogs, exceeds: 0.95,
            "\(alarmCount) of \(cleanLogs) clean logs got a statistical finding", in: &findings)
        let misled = Pitfall.allCases.filter(\.misleads).map { (pitfall: $0, value: optimism[$0.rawValue]) }
        let copies = optimism[Pitfall.copies.rawValue]
        findings.decide("copies", difference: copies.mean, standardError: copies.standardError, "promised less brought")
        let mildest = misled.min { $0.value.mean / $0.value.standardError < $1.value.mean / $1.value.standardError }!
        findings.decide(
            "optimism", difference: mildest.value.mean, standardError: mildest.value.standardError,
            "promised less brought; tightest of \(misled.count), \(mildest.pitfall.title)")
        findings.decide(
            "honest", difference: -abs(optimism[0].mean), standardError: optimism[0].standardError, atLeast: -0.01,
            "minus the size of promised less brought without a mistake")
        findings.notes = [
            "The paper gives advice and no numbers: the mistakes, their sizes and the logs are ours.",
            "Too few items, rare failures and a dominated stage make results uncertain or dear rather than too good.",
            "A finding counts as found when it is a warning or an error, or rests on a statistical test; plain notes don't count.",
            "The rule learned is the better of ridge regression and tuned nearest neighbours out of fold; it has to memorise items to be misled by copies.",
        ]
        return findings
    }

    /// Differences of 0.1 matter, so that 600 items are enough.
    private static let checkContext = CheckContext(tolerance: 0.1)

    private static func run(_ pitfall: Pitfall?, items: Int, fresh: Int, _ random: Random) throws -> Run {
        var random = random
        let log = PitfallLog.logged(pitfall, items: items, using: &random)
        let findings = LogChecks.run(log, context: checkContext).filter { $0.severity >= .warning || $0.pValue != nil }
        let found = Dictionary(grouping: LogChecks.all, by: \.tip).mapValues { Set($0.map(\.id)) }
        func half(_ name: String) -> CostedLog {
            CostedLog(log.subset((0..<log.count).filter { log.splits[$0] == name }), objective: .natural(for: log))
        }
        var learner = PostHocLearner.difference
        learner.kinds = [.ridge, .nearestNeighbours]
        let policy = try learner.fit(half("train"), using: &random).policy(price: price)
        func worth(_ log: CostedLog) -> Double {
            let outcomes = Replay.outcomes(of: policy, on: log)
            return outcomes.meanQuality - price * outcomes.meanCost
        }
        return Run(
            found: [false]
                + MachineLearningTip.allCases.map { tip in findings.contains { found[tip]!.contains($0.check) } },
            promised: worth(half("test")),
            brought: worth(CostedLog(PitfallLog.used(pitfall, items: fresh, using: &random))))
    }

    /// Decides whether a probability of which `count` of `total` came true exceeds `bound`, by Wilson's interval of two
    /// standard errors.
    private func decideShare(
        _ claim: String, count: Int, of total: Int, exceeds bound: Double, _ what: String, in findings: inout Findings
    ) {
        let (n, share) = (Double(total), Double(count) / Double(total))
        let center = (share + 2 / n) / (1 + 4 / n)
        let half = 2 / (1 + 4 / n) * (share * (1 - share) / n + 1 / (n * n)).squareRoot()
        if center - half > bound {
            findings.decide(claim, true, what)
        } else if center + half < bound {
            findings.decide(claim, false, what)
        } else {
            findings.leaveOpen(claim, "\(what); the interval of the probability holds the bound of \(bound)")
        }
    }
}
