extension Cascade {
    /// Runs the policy over what `trace` says the stages gave; `address` is where this cascade is nested.
    func replay(_ trace: Trace<Output>, _ input: Input, at address: TraceAddress) throws -> Run<Output> {
        func mismatch(_ expected: String, _ found: String, at path: [String] = []) -> CascadeError {
            .traceMismatch(address: TraceAddress(address.path + path), expected: expected, found: found)
        }
        guard trace.schema == schema else {
            throw mismatch("the signals \(Self.names(schema))", Self.names(trace.schema))
        }
        var machine = try machine(input, coin: trace.coin)
        guard sameBits(machine.trace.context, trace.context), machine.trace.group == trace.group else {
            throw mismatch(
                "an item with context \(machine.trace.context), group \(machine.trace.group ?? "none")",
                "context \(trace.context), group \(trace.group ?? "none")")
        }
        var taken = 0
        while true {
            let action = try machine.next()
            let step = machine.trace.moves.count - 1
            let move = machine.trace.moves[step]
            guard step < trace.moves.count, trace.moves[step] == move else {
                throw mismatch(
                    "'\(move)' as move \(step + 1)", step < trace.moves.count ? "'\(trace.moves[step])'" : "the end")
            }
            switch action {
            case .finish(let decision):
                guard step == trace.moves.count - 1, taken == trace.choices.count else {
                    throw mismatch(
                        "the end after \(step + 1) moves and \(taken) choices",
                        "\(trace.moves.count) moves and \(trace.choices.count) choices")
                }
                return machine.run(decision)
            case .ask(let set):
                var choices: [Trace<Output>.Choice] = []
                for stage in set {
                    let name = schema.stages[stage].name
                    guard taken < trace.choices.count, trace.choices[taken].stage == stage else {
                        let found =
                            taken < trace.choices.count
                            ? "a choice of stage '\(schema.stages[trace.choices[taken].stage].name)'"
                            : "no more choices"
                        throw mismatch("a choice of stage '\(name)'", found, at: [name])
                    }
                    let choice = trace.choices[taken]
                    guard choice.evidence.count == schema.stages[stage].evidence.count else {
                        throw mismatch(
                            "\(schema.stages[stage].evidence.count) evidence numbers", "\(choice.evidence.count)",
                            at: [name])
                    }
                    if let inner = choice.inner, let nested = stages[stage] as? Cascade<Input, Output> {
                        _ = try nested.replay(inner, input, at: TraceAddress(address.path + [name]))
                    }
                    choices.append(choice)
                    taken += 1
                }
                machine.receive(choices)
            }
        }
    }

    private static func names(_ schema: LogSchema) -> String {
        CascadeError.list(schema.signalNames) + " of the stages " + CascadeError.list(schema.stages.map(\.name))
    }
}
