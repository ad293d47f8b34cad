import Foundation
import Language
import Probability
import Reports

/// Typicality and structural priming in populations of one model (paper 20).
struct PopulationStudies: Experiment {
    let id = "population-lm"
    let paper = Paper(
        number: 20, title: "Using Artificial Populations to Study Psychological Phenomena in Neural Models",
        source: "Roberts, Moore, Wilenzick and Fisher, 2023")
    let summary = """
        A population of disturbed forms of one model, strong enough that perplexity is a tenth higher. Two studies with every \
        member: do typical members of a category make its name likelier than untypical ones (Rosch's categories), and does a \
        sentence make another one of its structure likelier? Effects with variances of members and of items, beside what the \
        undisturbed model alone says.
        """
    let claims = [
        Claim(
            "typicality",
            "The population shows a typicality effect: its mean is above 0, for other members and other items."),
        Claim(
            "unanimous", "The typicality effect is above 0 for at least 95 % of members."),
        Claim(
            "no-priming",
            "The population shows no structural priming: the mean effect is not above 0."),
        Claim(
            "single-overestimates",
            "The single, undisturbed model shows larger effects than its population does, of typicality and of priming."
        ),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let model = try ExperimentModels.load(as: context.scaled(quick: .q4Zero, full: nil)).model
        let strength = try await ModelPopulation.strength(
            of: model, ratio: 1.1, text: String(Self.neutral.prefix(context.scaled(quick: 70, full: 1000))),
            seed: context.seed)
        let population = try ModelPopulation(
            model, count: context.scaled(quick: 3, full: 20), strength: strength, seed: context.seed &+ 1)
        let single = try ModelPopulation(model, count: 1, strength: 0, seed: 0)
        let each = context.scaled(quick: 1, full: 8)
        let typicality = TypicalityStudy.categories.flatMap { $0.contrasts.prefix(each) }
        var random = Random(seed: context.seed)
        let priming = PrimingStudy.contrasts(context.scaled(quick: 2, full: 20), using: &random)
        var findings = Findings(
            data:
                "\(population.members.count) disturbed forms of SmolLM2-135M-Instruct; \(typicality.count) pairs of typical and untypical members of \(TypicalityStudy.categories.count) categories; \(priming.count) pairs of primes for sentences of \(PrimingStudy.Structure.allCases.count) structures"
        )
        findings.measure("strength of the disturbance", strength)
        let typical = try await study("typicality", typicality, population, single, context, &findings)
        let primed = try await study("priming", priming, population, single, context, &findings)
        findings.decide(
            "typicality", difference: typical.population.mean.value,
            standardError: typical.population.mean.standardError, "mean effect in nats")
        findings.decide(
            "unanimous", typical.population.membersAbove >= 0.95,
            "above 0 for \(String(format: "%.0f", 100 * typical.population.membersAbove)) % of \(population.members.count) members"
        )
        findings.decide(
            "no-priming", difference: -primed.population.mean.value,
            standardError: primed.population.mean.standardError, "the mean effect in nats, its sign turned")
        let excesses = try [typical, primed].map { try $0.excess() }
        let weakest = excesses.min { $0.value / $0.standardError < $1.value / $1.standardError }!
        findings.decide(
            "single-overestimates", difference: weakest.value, standardError: weakest.standardError,
            "effect on the undisturbed model less that on its population, the less clear of both studies")
        findings.charts.append(
            (
                "Members' effects",
                Chart(
                    "Effects, member by member", x: Axis("members, from the smallest effect"),
                    y: Axis("effect", unit: "nats"),
                    series: [("typicality", typical), ("priming", primed)].map { name, study in
                        Series(
                            name,
                            points: study.population.memberMeans.sorted().enumerated().map {
                                ChartPoint(Double($0 + 1), $1)
                            }, showsDots: true)
                    }, referenceLines: [Chart.ReferenceLine(.y(0))])
            ))
        findings.notes = [
            "Members differ by fixed normal noise between layers, not by dropout as in the paper, which llama.cpp has not; its strength is set by perplexity before anything is measured.",
            "Typical and untypical members are ends of Rosch's (1975) orders, not their ranks.",
            "Primes of one structure share its function words with the target (\"to\", \"was\", \"by\"): some of the priming effect may be repetition of words.",
        ]
        return findings
    }

    /// A study's effects on the population and on the single model.
    private struct Study {
        var population: CrossedEffects
        var single: CrossedEffects

        /// By how much the single model's effect exceeds its members', with an error over members and items.
        func excess() throws -> Estimate {
            try CrossedEffects(population.values.map { row in zip(single.values[0], row).map { $0 - $1 } }).mean
        }
    }

    private func study(
        _ name: String, _ contrasts: [LikelihoodContrast], _ population: ModelPopulation, _ single: ModelPopulation,
        _ context: ExperimentContext, _ findings: inout Findings
    ) async throws -> Study {
        let study = Study(
            population: try await population.effects(of: contrasts, progress: context.progress),
            single: try await single.effects(of: contrasts, progress: context.progress))
        var table = TextTable(
            columns: [
                "", "pairs", "effect", "members above 0", "deviation of members", "of items", "the single model",
            ])
        func add(_ label: String, _ population: CrossedEffects, _ single: CrossedEffects) {
            func text(_ value: Estimate) -> TableCell {
                .text(String(format: "%.2f ± %.2f", value.value, value.standardError))
            }
            table.add([
                .text(label), .count(population.values[0].count), text(population.mean),
                .percent(population.membersAbove, decimals: 0), .number(population.memberDeviation),
                .number(population.itemDeviation), text(single.mean),
            ])
        }
        var groups: [String] = []
        for contrast in contrasts where groups.last != contrast.group { groups.append(contrast.group) }
        for group in groups {
            func isOfGroup(_ item: Int) -> Bool { contrasts[item].group == group }
            guard contrasts.count(where: { $0.group == group }) > 1 else { continue }
            add(group, try study.population.items(isOfGroup), try study.single.items(isOfGroup))
        }
        add("all", study.population, study.single)
        table.notes = ["Effects in nats with standard errors; the single model's tell of other items only."]
        findings.tables.append(("The \(name) effect", table))
        let mean = study.population.mean
        findings.measure("\(name) effect", mean.value, standardError: mean.standardError, unit: "nats")
        findings.measure(
            "\(name) effect, single model", study.single.mean.value, standardError: study.single.mean.standardError,
            unit: "nats")
        findings.measure("\(name), deviation of members", study.population.memberDeviation, unit: "nats")
        findings.measure("\(name), members above 0", study.population.membersAbove)
        return study
    }

    /// Plain sentences that none of the studies is about.
    private static let neutral = """
        The road to the village runs along the river for three miles and then climbs slowly through a wood of old oaks. In \
        winter it is often closed by snow, and the people who live up there keep enough food in the house for a week or two. \
        There is a small school with one room, a shop that sells bread and newspapers, and a station where two trains stop \
        each day. Most of the younger people have moved to the city to look for work, but some come back in the summer to help \
        with the harvest and to see their parents. The oldest house was built more than four hundred years ago. Its walls are \
        so thick that it stays cool inside even on the hottest days of the year.
        """
}
