import Probability

extension Cascade {
    /// This cascade as a program: the policy drives, and every stage is asked at its name. Nested cascades are
    /// sub-programs.
    ///
    /// - Parameter coin: the policy's chance, in [0, 1); nil to draw it at `"coin"`. Give one where the policy does not
    ///   read it, so that the program can be enumerated.
    public func program(coin: Double? = nil) -> Program<Input, Decision<Output>> {
        let cascade = self
        return Program { scope, input in try await cascade.drive(scope, input, coin: coin).decision }
    }

    /// The run of the policy in `scope`.
    func drive(_ scope: Scope, _ input: Input, coin: Double?) async throws -> Run<Output> {
        var machine = try machine(input, coin: coin ?? scope.sample("coin", UnitInterval(), ()))
        while true {
            switch try machine.next() {
            case .finish(let decision): return machine.run(decision)
            case .ask(let set): machine.receive(try await ask(set, scope, input, coin: coin))
            }
        }
    }

    private func ask(
        _ set: StageSet, _ scope: Scope, _ input: Input, coin: Double?
    ) async throws -> [Trace<Output>.Choice] {
        let plain = set.filter { !(stages[$0] is Cascade<Input, Output>) }
        let address = Address("ask")
        let runs = try await scope.consultTogether(address, plain.map { stages[$0] }, input)
        var found: [Int: Run<Output>] = [:]
        for (stage, run) in zip(plain, runs) { found[stage] = run }
        for stage in set {
            guard let nested = stages[stage] as? Cascade<Input, Output> else { continue }
            found[stage] = try await scope.nested(address / Address(nested.name)) {
                try await nested.drive(scope, input, coin: coin)
            }
        }
        return try set.map { stage in
            let run = found[stage]!
            guard let evidence = run.evidence.ordered(as: schema.stages[stage].evidence) else {
                throw CascadeError.evidenceMismatch(
                    source: "stage '\(stages[stage].name)'", expected: schema.stages[stage].evidence,
                    found: run.evidence.names)
            }
            return Trace.Choice(
                stage: stage, output: run.decision.output, evidence: evidence, cost: run.cost, logScore: run.logScore,
                inner: run.trace)
        }
    }
}

/// A uniform number in [0, 1), as a kernel.
struct UnitInterval: DensityKernel {
    func sample(_ input: Void, using random: inout Random) -> Double { random.uniform() }
    func logDensity(of output: Double, given input: Void) -> Double { output >= 0 && output < 1 ? 0 : -.infinity }
}
