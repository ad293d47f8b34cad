import Cascades
import Deferral
import Reports

/// What `fit` says to people.
struct FitText {
    let fit: Fit

    init(_ fit: Fit) { self.fit = fit }

    /// The name of the best single stage.
    private var best: String { fit.single.name.replacing("best single: ", with: "") }

    /// Prints all of it.
    func print() throws {
        let result = fit.result
        Output.line(
            "\(fit.name): \(fit.log.count) items, \(fit.stages.count) stages. "
                + "Learned from \(result.trainingCount) items, measured on \(result.heldOutCount) held out.")
        Output.line(
            "Goal: \(result.goal.words(fit.unit)). Best single stage: \(best)."
                + (fit.stages[result.reference] == best ? "" : " Reference: \(fit.stages[result.reference])."))
        Output.line()
        Output.table(FitTable(fit, width: Terminal.width ?? 120).table)
        Output.line()
        Output.heading(verdict)
        Output.wrapped("Why: \(result.why.trimming(prefix: "no gain: ")).", indent: 2)
        if !fit.chosen.isReached, result.certificate == nil {
            Output.wrapped("The goal is out of reach; this is the nearest.", indent: 2)
        }
        for line in CertificateText.lines(fit) { Output.wrapped(line, indent: 2) }
        if let frontier = try fit.shownFrontier {
            Output.line()
            Output.heading(
                "The whole frontier of \(frontier.name)\(result.hasGain ? "" : ", the best of the families without a gain"): every price, on \(frontier.frontier.itemCount) held-out items"
            )
            frontier.print()
        }
        Output.line()
        Output.heading("The rule")
        let formula = PolicyText.formula(result.policy, fit.log.log.schema)
        for line in formula.lines { Output.wrapped(line, indent: 2) }
        if !result.obstacles.isEmpty {
            Output.line()
            Output.heading("Could not learn from this log")
            for (family, reason) in result.obstacles { Output.wrapped("\(family): \(reason)", indent: 2) }
        }
    }

    /// What was chosen and what it saves, in a sentence.
    var verdict: String {
        let single = fit.single.measurement
        let chosen = fit.chosen.measurement
        let saved = 1 - chosen.cost.estimate / single.cost.estimate
        let kept = chosen.quality.estimate / single.quality.estimate
        let price =
            abs(saved) < 5e-4
            ? "the same" : saved > 0 ? "\(NumberWords.percent(saved)) less" : "\(NumberWords.percent(-saved)) more"
        let choice =
            fit.result.certificate.map { $0.policy == nil } ?? false
            ? "Not certified: the reference is kept."
            : fit.result.hasGain
                ? "Chosen: \(fit.chosenName)." : "No gain: the simple policy is kept (\(fit.result.chosen))."
        return "\(choice) It keeps \(NumberWords.percent(kept)) of the quality of \(best) and costs \(price)."
    }
}

extension String {
    /// Without `prefix`, where it begins with it.
    fileprivate func trimming(prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}
