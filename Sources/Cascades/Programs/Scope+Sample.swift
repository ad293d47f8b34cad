public import Probability

extension Scope {
    /// A draw from `kernel` given `input`.
    @inlinable
    public func sample<K: Kernel>(_ address: Address, _ kernel: K, _ input: K.Input) throws -> K.Output
    where K.Output: Sendable {
        try choice(
            address, .unscored, draw: { kernel.sample(input, using: &$0) }, score: { _ in .nan },
            outcomes: { try finiteOutcomes(kernel, input) })
    }

    /// A draw from `kernel` given `input`.
    @inlinable
    public func sample<K: DensityKernel>(_ address: Address, _ kernel: K, _ input: K.Input) throws -> K.Output
    where K.Output: Sendable {
        try choice(
            address, .scored, draw: { kernel.sample(input, using: &$0) },
            score: { kernel.logDensity(of: $0, given: input) }, outcomes: { try finiteOutcomes(kernel, input) })
    }

    /// A choice by `kernel` given `input`.
    /// - Throws: ``ProgramError/badChoice(address:reason:)`` where nothing can be chosen.
    @inlinable
    public func sample<K: ChoiceKernel>(_ address: Address, _ kernel: K, _ input: K.Input) throws -> K.Output
    where K.Output: Sendable {
        try choice(
            address, .unscored, draw: { try kernel.choose(input, using: &$0) }, score: { _ in .nan },
            outcomes: { try kernel.paths(given: input) })
    }

    /// A choice by `kernel` given `input`.
    /// - Throws: ``ProgramError/badChoice(address:reason:)`` where nothing can be chosen.
    @inlinable
    public func sample<K: ChoiceKernel & DensityKernel>(
        _ address: Address, _ kernel: K, _ input: K.Input
    ) throws -> K.Output where K.Output: Sendable {
        try choice(
            address, .scored, draw: { try kernel.choose(input, using: &$0) },
            score: { kernel.logDensity(of: $0, given: input) }, outcomes: { try kernel.paths(given: input) })
    }

    /// A draw from `distribution`.
    @inlinable
    public func sample<D: Distribution>(_ address: Address, _ distribution: D) throws -> D.Value
    where D.Value: Sendable {
        try choice(
            address, .scored, draw: { distribution.sample(using: &$0) }, score: { distribution.logDensity($0) },
            outcomes: { () throws -> [Weighted<D.Value>]? in nil })
    }

    /// A draw from `distribution`.
    @inlinable
    public func sample<D: DiscreteDistribution>(_ address: Address, _ distribution: D) throws -> Int {
        try choice(
            address, .scored, draw: { distribution.sample(using: &$0) }, score: { distribution.logDensity($0) },
            outcomes: { finiteOutcomes(distribution) })
    }

    /// True with probability `probability`.
    /// - Throws: `DistributionError` unless it lies in [0, 1].
    @inlinable
    public func flip(_ address: Address, _ probability: Double) throws -> Bool {
        try sample(address, try Bernoulli(probability: probability)) == 1
    }

    /// One choice, however it comes about.
    @inlinable @inline(__always)
    func choice<Output: Sendable>(
        _ address: Address, _ kind: ChoiceKind, draw: (inout Random) throws -> Output, score: (Output) -> Double,
        outcomes: () throws -> [Weighted<Output>]?
    ) throws -> Output {
        let hash = try claim(address)
        if needs.isEmpty {
            do { return try draw(&random) } catch { throw stop(named(error, address)) }
        }
        do {
            return try interpretedChoice(address, hash, kind, draw: draw, score: score, outcomes: outcomes)
        } catch { throw stop(named(error, address)) }
    }

    @inlinable
    func interpretedChoice<Output: Sendable>(
        _ address: Address, _ hash: UInt64, _ kind: ChoiceKind, draw: (inout Random) throws -> Output,
        score: (Output) -> Double, outcomes: () throws -> [Weighted<Output>]?
    ) throws -> Output {
        let address = absolute(address)
        let interpreter = interpreter.unsafelyUnwrapped
        origin: if needs.contains(.origins) {
            switch try interpreter.origin(of: address, kind) {
            case .fresh: break
            case .kept(let entry, let isRescored):
                guard let kept = entry as? TypedEntry<Output> else {
                    try interpreter.cannotKeep(entry, expected: "\(Output.self)")
                    break origin
                }
                if isRescored {
                    let density = try checked(score(kept.typed), address, kind)
                    let same = density == kept.score || density.isNaN && kept.score.isNaN
                    try interpreter.note(same ? kept : TypedEntry(address: address, value: kept.typed, score: density))
                }
                return kept.typed
            case .enumerated:
                guard let all = try outcomes() else {
                    throw ProgramError.notEnumerable(address: address, kernel: "a draw of \(Output.self)")
                }
                let entries = all.map { TypedEntry(address: address, value: $0.value, score: $0.logWeight) }
                return entries[try interpreter.pick(entries, at: address)].typed
            }
        }
        let value = try draw(&random)
        if needs.contains(.entries) {
            let density = needs.contains(.scores) ? try checked(score(value), address, kind) : .nan
            try interpreter.note(TypedEntry(address: address, value: value, score: density))
        }
        return value
    }

    @inlinable @inline(__always)
    func checked(_ density: Double, _ address: Address, _ kind: ChoiceKind) throws -> Double {
        if kind == .scored, !(density < .infinity) { throw ProgramError.badDensity(address: address, value: density) }
        return density
    }

    /// `error` with the address at which it came up.
    @usableFromInline
    func named(_ error: any Error, _ address: Address) -> any Error {
        guard let reason = error as? WeightError else { return error }
        return ProgramError.badChoice(address: absolute(address), reason: reason)
    }
}
