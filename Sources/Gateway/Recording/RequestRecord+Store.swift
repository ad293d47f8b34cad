import Cascades
import Storage

extension Storage.RequestRecord {
    /// What the store keeps of `record`: the trace that the policy made, as far as stages gave answers, with the
    /// probabilities of what it asked, and how the request was served.
    init(_ record: Gateway.RequestRecord) {
        var trace = Trace<String>(
            schema: record.schema, context: record.context, group: record.group, coin: record.coin)
        trace.moves = record.moves
        var serving = Serving(
            interface: record.api.rawValue, policy: record.policy, decision: record.decision.rawValue,
            httpStatus: record.status, elapsed: record.seconds, firstByte: record.firstByteSeconds,
            isStreamed: record.streamed, repeatedMoney: record.repeatedMoney, isDeferred: record.isDeferred)
        var answered: Int?
        for choice in record.choices {
            if !record.moves.contains(where: { $0.asks(choice.stage) }) { trace.moves.append(.ask(choice.stage)) }
            if choice.failure != nil {
                serving.failures.append(
                    Serving.Failure(
                        stage: choice.stage, kind: choice.failureKind ?? "failed", start: choice.start,
                        duration: choice.duration))
                continue
            }
            if choice.isEstimated { serving.estimated.append(trace.choices.count) }
            if choice.name == record.answeredBy { answered = choice.stage }
            let count = record.schema.stages[choice.stage].evidence.count
            trace.choices.append(
                Trace<String>.Choice(
                    stage: choice.stage, output: choice.output,
                    evidence: choice.evidence.count == count
                        ? choice.evidence : [Double](repeating: .nan, count: count),
                    cost: choice.cost, start: choice.start, duration: choice.duration))
        }
        if case .ask? = trace.moves.last, let answered { trace.moves.append(.stop(answer: answered)) }
        var propensities = record.propensities
        if propensities.isEmpty, let rule = record.rule {
            propensities = Self.propensities(trace, rule, isRead: record.decision != .released)
        }
        self.init(
            id: record.id, time: record.time, key: record.key, model: record.model,
            policyVersion: record.policyVersion, trace: trace, propensities: propensities, answered: answered,
            status: record.storedStatus, cost: record.cost, input: record.input, serving: serving)
    }

    /// The probability with which the policy of `rule` asked each stage.
    ///
    /// What it would have asked of a stage that failed is not known, and neither is what it would have done with an
    /// answer that was given before it could read it (`isRead` is false).
    private static func propensities(_ trace: Trace<String>, _ rule: PolicyRule, isRead: Bool) -> [Double] {
        var trace = trace
        if !isRead { trace.choices.removeAll { $0.evidence.contains { $0.isNaN } } }
        return trace.propensities(of: rule.policy)
    }
}

extension Gateway.RequestRecord {
    fileprivate var storedStatus: Storage.RequestRecord.Status {
        switch decision {
        case .answered, .cached, .failedOver, .continued, .released: .answered
        case .abstained: .abstained
        case .failed, .cancelled: .failed(decision == .cancelled ? "cancelled" : "status \(status)")
        }
    }

    /// About how many bytes it takes.
    var size: Int {
        var size = 600 + (input?.utf8.count ?? 0) + 8 * (context.count + propensities.count)
        for choice in choices { size += 250 + 8 * choice.evidence.count + (choice.output?.utf8.count ?? 0) }
        return size
    }
}

extension Move {
    fileprivate func asks(_ stage: Int) -> Bool {
        if case .ask(let stages) = self { stages.contains(stage) } else { false }
    }
}

extension Serving {
    /// Whether the answer is what the policy decided, and nothing failed on the way.
    var isRegular: Bool {
        failures.isEmpty
            && [Gateway.RequestRecord.Decision.answered, .abstained].contains { $0.rawValue == decision }
    }
}
