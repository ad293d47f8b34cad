extension OutcomeLog {
    /// A log of what happened in `traces`: one item a trace, missing cells where a stage was not asked.
    ///
    /// - Parameters:
    ///   - schema: the schema of every trace.
    ///   - ids: one id a trace, unique.
    ///   - qualities: how good each answer was, `[traces, stages]`; `NaN` where nobody knows or nobody asked.
    ///   - policy: the policy that the traces were made by: fills in ``OutcomeLog/propensities``
    ///     (``Trace/propensities(of:grid:)``).
    ///   - text: how an output is written in the answer columns; without it the log keeps no answers.
    /// - Throws: ``LogError/unsuitable(reason:remedy:)``, ``LogError/duplicateID(file:id:firstLine:line:)``.
    public init<Output: Sendable>(
        traces: [Trace<Output>], schema: LogSchema, ids: [String], qualities: [Double], policy: (any Policy)? = nil,
        text: ((Output) -> String)? = nil
    ) throws {
        let stages = schema.stages.count
        guard ids.count == traces.count, qualities.count == traces.count * stages else {
            throw LogError.unsuitable(
                reason:
                    "\(traces.count) traces of \(stages) stages came with \(ids.count) ids and \(qualities.count) qualities",
                remedy: "Give one id a trace and a quality for each trace and stage, NaN where it is unknown")
        }
        var seen: [String: Int] = [:]
        for (line, id) in ids.enumerated() {
            if let first = seen.updateValue(line, forKey: id) {
                throw LogError.duplicateID(file: "traces", id: id, firstLine: first + 1, line: line + 1)
            }
        }
        self.init(schema: schema, ids: ids, quality: qualities)
        money = [Double](repeating: .nan, count: traces.count * stages)
        (seconds, operations, tokensIn, tokensOut) = (money, money, money, money)
        evidence = [Double](repeating: .nan, count: traces.count * schema.evidenceCount)
        var columns = [CodedColumn](repeating: CodedColumn(), count: stages)
        for (item, trace) in traces.enumerated() {
            guard trace.schema == schema else {
                throw LogError.unsuitable(
                    reason: "trace '\(ids[item])' has other stages or signals than the log's schema",
                    remedy: "Make one log of the traces of one cascade")
            }
            context.append(contentsOf: trace.context)
            groups.append(trace.group)
            var texts = [String?](repeating: nil, count: stages)
            for choice in trace.choices {
                let cell = item * stages + choice.stage
                money[cell] = choice.cost.money
                seconds[cell] = choice.cost.seconds
                operations[cell] = choice.cost.operations
                tokensIn[cell] = choice.cost.tokensIn
                tokensOut[cell] = choice.cost.tokensOut
                let start = item * schema.evidenceCount + schema.evidenceOffsets[choice.stage] - schema.context.count
                for (index, value) in choice.evidence.enumerated() { evidence[start + index] = value }
                if let output = choice.output { texts[choice.stage] = text?(output) }
            }
            for stage in 0..<stages {
                if trace.choice(of: stage) == nil, !qualities[item * stages + stage].isNaN {
                    throw LogError.unsuitable(
                        reason:
                            "trace '\(ids[item])' has a quality for stage '\(schema.stages[stage].name)', which was not asked",
                        remedy: "Use NaN for stages that were not asked")
                }
                columns[stage].append(texts[stage])
            }
            if let policy { propensities.append(contentsOf: trace.propensities(of: policy)) }
        }
        if groups.names.isEmpty { groups = CodedColumn() }
        if text != nil { answers = columns }
    }
}

extension Trace {
    /// The probability, over the policy's coin, that it asks each stage on this item, `[stages]`.
    ///
    ///     π_s = ∫_0^1 [policy asks s when its coin is u] du
    ///
    /// The integrand is a step function: its value is looked up in the middle of `grid` equal parts, and where two
    /// neighbours differ the step is found by bisection, so the result is exact to 1e-12 unless a policy changes its
    /// mind twice within one part. `NaN` where it can't be known: for some coin the policy first asks a stage that
    /// this trace doesn't hold, and what it would do then depends on what that stage would have said (unless the policy
    /// settles on it, ``Policy/settles(on:in:)``).
    public func propensities(of policy: some Policy, grid: Int = 64) -> [Double] {
        var state = PolicyState(schema: schema)
        var known = StageSet()
        for choice in choices { known.insert(choice.stage) }

        // The stages asked when the coin is `coin`, and whether the trace ended before the policy did.
        func asked(_ coin: Double) -> Outcome {
            state.begin(context: context, group: group, coin: coin)
            for _ in 0...schema.stages.count {
                guard case .ask(let stages) = policy.next(state) else { break }
                let unknown = stages.subtracting(known)
                if !unknown.isEmpty {
                    // Where it gives the answer whatever that says, nothing more is asked.
                    let isSettled = stages.count == 1 && stages.allSatisfy { policy.settles(on: $0, in: state) }
                    return Outcome(asked: state.asked.union(stages), isOpen: !isSettled)
                }
                for stage in stages {
                    if let choice = choice(of: stage) { state.record(stage: stage, evidence: choice.evidence) }
                }
            }
            return Outcome(asked: state.asked, isOpen: false)
        }

        var result = [Double](repeating: 0, count: schema.stages.count)
        func add(_ outcome: Outcome, _ width: Double) {
            for stage in result.indices where width > 0 {
                if outcome.asked.contains(stage) {
                    result[stage] += width
                } else if outcome.isOpen {
                    result[stage] = .nan
                }
            }
        }
        var left = 0.0
        var current = asked(0.5 / Double(grid))
        for part in 1..<max(grid, 2) {
            let next = asked((Double(part) + 0.5) / Double(grid))
            if next == current { continue }
            var (low, high) = ((Double(part) - 0.5) / Double(grid), (Double(part) + 0.5) / Double(grid))
            while high - low > 1e-13 {
                let middle = (low + high) / 2
                if asked(middle) == current { low = middle } else { high = middle }
            }
            add(current, high - left)
            (left, current) = (high, next)
        }
        add(current, 1 - left)
        // Sums of widths may pass 1 by rounding.
        return result.map { $0.isNaN ? $0 : min($0, 1) }
    }

    private struct Outcome: Equatable {
        var asked: StageSet
        var isOpen: Bool
    }
}
