public import Cascades

extension RequestRecord {
    /// The record of a cascade's run; nil where the run has no trace.
    ///
    /// - Parameters:
    ///   - policy: the policy that the run was made by: gives the record its propensities.
    ///   - input: the text that the stages saw; a writer keeps it only where texts are kept.
    public init?(
        _ run: Run<String>, id: String, time: Double = WallClock.now(), key: String? = nil, model: String,
        policyVersion: Int? = nil, policy: (any Policy)? = nil, input: String? = nil
    ) {
        guard let trace = run.trace else { return nil }
        var answered: Int?
        if case .stop(let stage)? = trace.moves.last { answered = stage }
        self.init(
            id: id, time: time, key: key, model: model, policyVersion: policyVersion, trace: trace,
            propensities: policy.map { trace.propensities(of: $0) } ?? [], answered: answered,
            status: run.decision.output == nil ? .abstained : .answered, cost: run.cost, input: input)
    }
}
