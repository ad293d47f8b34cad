import Cascades
import Deferral
import Reports

/// Which policy it is, why it was chosen, and its rule.
struct PolicySection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    var section: HTMLPage.Section {
        let formula = PolicyText.formula(context.policy, context.log.log.schema, limit: 40)
        var blocks: [HTMLPage.Block] = []
        if context.policyName == ReportContext.chosenName {
            blocks.append(.notice(FitText(context.fit).verdict, isWarning: !context.fit.result.hasGain))
            blocks.append(.prose("Why: \(context.fit.result.why)."))
        } else {
            blocks.append(
                .prose(
                    "The policy \(context.policyName) of the family \(context.family). On this log, fit would choose \(context.fit.result.chosen): \(context.fit.result.why)."
                ))
        }
        for line in CertificateText.lines(context.fit) { blocks.append(.notice(line)) }
        let rule = HTMLPage.Block.code(formula.lines.joined(separator: "\n"))
        blocks.append(formula.lines.count > 8 ? .details("The rule", [rule]) : rule)
        return .init("The policy", blocks)
    }
}
