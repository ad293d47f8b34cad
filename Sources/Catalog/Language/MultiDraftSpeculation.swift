import Foundation
import Language
import NumericalMethods
import Probability
import Reports

/// Selecting among several drafts (paper 215): the target's law, the optimum, and schemes near it.
struct MultiDraftSpeculation: Experiment {
    let id = "multi-draft-speculation"
    let paper = Paper(
        number: 215,
        title: "Multi-Draft Speculative Sampling: Canonical Architectures and Theoretical Limits",
        source: "Khisti, Ebrahimi, Dbouk, Behboodi, Memisevic and Louizos, 2024")
    let summary = """
        The law of the token that each selection rule comes to, added up exactly over all drafts on small vocabularies; the \
        optimum against the linear program and the closed form for two identical drafts; and how often a draft is taken at \
        places of real text, by rule and number of drafts.
        """
    let claims = [
        Claim(
            "law",
            "Every rule's token has the target's law: over all drafts on small vocabularies the total variation is below 1e-12."
        ),
        Claim(
            "two-step",
            "The optimum is reached by choosing one draft and then single-draft speculative sampling: its acceptance differs from the linear program's by less than 1e-12."
        ),
        Claim(
            "closed-form",
            "For two identical drafts the optimal acceptance is the minimum over sets H of p(H) + 1 - q(H)^2, to 1e-12."
        ),
        Claim(
            "condition",
            "For two identical drafts acceptance reaches one exactly where p(H) >= q(H)^2 for all sets H."),
        Claim(
            "importance-near",
            "Importance sampling loses less than half of what recursive rejection loses against the optimum (two drafts)."
        ),
        Claim(
            "more-drafts",
            "With eight drafts the optimum takes one more often than with one, by more than 0.1."),
    ]

    func run(_ context: ExperimentContext) throws -> Findings {
        let cases = context.scaled(quick: 60, full: 600)
        let exact = try ExactCases(count: cases, seed: context.seed)
        let pairs = try DraftPairs.make(places: context.scaled(quick: 60, full: 400), seed: context.seed)
        var findings = Findings(data: "\(cases) random pairs over 2 to 5 tokens, added up exactly; \(pairs.source)")
        findings.measure("largest total variation from the target", exact.variation)
        findings.measure("largest difference of two-step optimum and linear program", exact.programGap)
        findings.measure("largest difference of optimum and closed form", exact.closedGap)
        findings.decide(
            "law", exact.variation < 1e-12, "largest total variation \(exact.variation), \(exact.laws) laws")
        findings.decide("two-step", exact.programGap < 1e-12, "largest difference \(exact.programGap)")
        findings.decide("closed-form", exact.closedGap < 1e-12, "largest difference \(exact.closedGap)")
        findings.decide(
            "condition", exact.mismatches == 0 && exact.certain > 0 && exact.certain < cases,
            "\(exact.mismatches) of \(cases) pairs decide differently; \(exact.certain) reach one")

        let counts = context.scaled(quick: [1, 2, 4, 8], full: [1, 2, 3, 4, 8])
        var table = TextTable(
            columns: [TextTable.Column("rule")] + counts.map { TextTable.Column("K = \($0)") })
        var acceptance: [SelectionRule: [Int: [Double]]] = [:]
        for rule in SelectionRule.allCases {
            var cells: [TableCell] = [.text(Self.names[rule]!)]
            for count in counts {
                let values = try Parallel.map(count: pairs.pairs.count) { index in
                    let pair = pairs.pairs[index]
                    // Without a floor for the optimum; the importance weights look at no more than 192 tokens, and tune 32 of them.
                    return try rule.verifier(
                        target: pair.target, drafts: .identical(pair.draft, count: count),
                        floor: rule == .optimal ? 0 : 0x1p-14
                    ).expectedAcceptance ?? .nan
                }
                acceptance[rule, default: [:]][count] = values
                let mean = Comparison(values)
                cells.append(.text(String(format: "%.3f ± %.3f", mean.mean, mean.standardError)))
                findings.measure(
                    "acceptance, \(Self.names[rule]!), \(count) drafts", mean.mean, standardError: mean.standardError)
            }
            table.add(cells)
        }
        table.notes = [
            "Probability that one of K identical drafts is taken, mean and standard error over places.",
            "Measured elsewhere for Q8_0 with a Q2_K draft: 0.67 for one; K = 2, 4, 8: .762 .833 .885 (recursive rejection), .778 .860 .916 (sequential), .817 .913 .958 (optimum).",
        ]
        findings.tables.append(("How often a draft is taken", table))
        func values(_ rule: SelectionRule, _ count: Int) -> [Double] { acceptance[rule]![count]! }
        // Half the loss of recursive rejection less the loss of importance sampling, place by place.
        let (best, recursive, weighted) = (
            values(.optimal, 2), values(.recursiveRejection, 2), values(.importanceSampling, 2)
        )
        let gains = Comparison(best.indices.map { (best[$0] - recursive[$0]) / 2 - (best[$0] - weighted[$0]) })
        findings.decide(
            "importance-near", difference: gains.mean, standardError: gains.standardError,
            "half the loss of recursive rejection less the loss of importance sampling")
        let more = Comparison(values(.optimal, 8), over: values(.optimal, 1))
        findings.decide(
            "more-drafts", difference: more.mean, standardError: more.standardError, atLeast: 0.1,
            "acceptance with eight drafts less that with one")
        findings.charts.append(("How often a draft is taken", chart(acceptance, counts)))
        findings.notes.append(
            "The importance weights are tuned for the 32 likeliest tokens, for more than two drafts one against the next, by iterative scaling; the paper solves a linear program truncated in the same way."
        )
        return findings
    }

    private static let names: [SelectionRule: String] = [
        .recursiveRejection: "recursive rejection", .sequential: "sequential",
        .importanceSampling: "importance sampling",
        .optimal: "optimum",
    ]

    private func chart(_ acceptance: [SelectionRule: [Int: [Double]]], _ counts: [Int]) -> Chart {
        Chart(
            "A draft is taken", x: Axis("drafts"), y: Axis("probability"),
            series: SelectionRule.allCases.map { rule in
                Series(
                    Self.names[rule]!,
                    points: counts.map { ChartPoint(Double($0), Comparison(acceptance[rule]![$0]!).mean) })
            })
    }
}

/// What is added up over all drafts on small vocabularies.
private struct ExactCases {
    var variation = 0.0
    var programGap = 0.0
    var closedGap = 0.0
    var laws = 0
    /// Pairs with acceptance one, and those on which the condition says otherwise.
    var certain = 0
    var mismatches = 0

    init(count: Int, seed: UInt64) throws {
        var random = Random(seed: seed).split(1)
        for _ in 0..<count {
            let size = 2 + random.integer(below: 4)
            // Near each other as often as far apart, so that acceptance one occurs.
            let spread = [0.2, 1.5][random.integer(below: 2)]
            func weights() -> [Double] { (0..<size).map { _ in exp(spread * random.normal()) } }
            let target = try TokenDistribution(weights: weights())
            let draft = try TokenDistribution(weights: weights())
            for number in 1...3 {
                let drafts = DraftLaw.identical(draft, count: number)
                for rule in SelectionRule.allCases {
                    let verifier = try rule.verifier(target: target, drafts: drafts, floor: 0)
                    variation = max(variation, EnumeratedLaw(verifier, drafts, size: size).distance(to: target))
                    laws += 1
                }
            }
            let drafts = DraftLaw.identical(draft, count: 2)
            let optimum = EnumeratedLaw(
                try SelectionRule.optimal.verifier(target: target, drafts: drafts, floor: 0), drafts, size: size
            ).accepted
            if let program = TransportVerifier(target: target, drafts: drafts) {
                programGap = max(programGap, abs(optimum - EnumeratedLaw(program, drafts, size: size).accepted))
            }
            // The least of p(H) - q(H)^2 over all sets of tokens.
            var slack = 0.0
            for set in 1..<1 << size {
                var (p, q) = (0.0, 0.0)
                for token in 0..<size where set >> token & 1 == 1 {
                    p += target.probability(of: Token(token))
                    q += draft.probability(of: Token(token))
                }
                slack = min(slack, p - q * q)
            }
            closedGap = max(closedGap, abs(optimum - (1 + slack)))
            let holds = slack > -1e-12
            if optimum > 1 - 1e-12 { certain += 1 }
            if holds != (optimum > 1 - 1e-12) { mismatches += 1 }
        }
    }
}
