import Deferral
import Reports

/// The numbers that matter, at the top of the page.
struct SummaryCards {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    var cards: [HTMLPage.Card] {
        let unit = context.unit
        let (policy, reference) = (context.outcomes, context.referenceOutcomes)
        let name = context.stages[context.reference]
        let saved = 1 - policy.meanCost / reference.meanCost
        let quality = context.interval(policy.quality)
        let calls = policy.askedShare.reduce(0, +)
        return [
            .init(
                saved >= 0 ? "saved" : "spent more", value: NumberWords.percent(abs(saved)),
                note: "of what \(name) costs", isMain: true),
            .init(
                "quality", value: NumberText.significant(quality.estimate),
                note:
                    "\(NumberText.significant(quality.lower)) to \(NumberText.significant(quality.upper)); \(name) has \(NumberText.significant(reference.meanQuality))"
            ),
            .init(
                "quality kept", value: NumberWords.percent(policy.meanQuality / reference.meanQuality),
                note: "of \(name)"),
            .init(
                "cost", value: NumberText.significant(policy.meanCost * unit.scale),
                note: "\(unit.name); \(name): \(NumberText.significant(reference.meanCost * unit.scale))"),
            .init("calls", value: NumberText.significant(calls), note: "stages asked per item"),
        ]
    }
}
