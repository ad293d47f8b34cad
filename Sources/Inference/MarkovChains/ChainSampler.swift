internal import NumericalMethods
public import Probability

/// Runs several chains of a kernel side by side: a warm-up that tunes each chain's kernel, then the draws.
///
/// Chain c takes its randomness from stream c of the seed, so that draws do not depend on the number of threads.
///
///     let result = try ChainSampler(chains: 4, warmUp: 500, draws: 1000).run(RandomWalkMetropolis(target: model), seed: 1)
///     let table = try ChainSummary(result.draws)
public struct ChainSampler: Sendable, Equatable {
    /// The number of chains.
    public var chains: Int
    /// Steps of the warm-up, whose positions are not kept.
    public var warmUp: Int
    /// Draws kept of each chain.
    public var draws: Int
    /// Steps from one draw to the next.
    public var thinning: Int

    /// A plan.
    public init(chains: Int = 4, warmUp: Int = 1000, draws: Int = 1000, thinning: Int = 1) {
        self.chains = chains
        self.warmUp = warmUp
        self.draws = draws
        self.thinning = thinning
    }

    /// Warms up and draws.
    ///
    /// - Parameters:
    ///   - starts: a position for each chain, `[chains][dimension]`. Where nil, each chain starts at a uniform point of
    ///     [−2, 2]^dimension with a finite density, the first found in 100 tries.
    /// - Throws: `InferenceError.nonFinite` where a chain can't start, naming it; `.wrongShape`; `.improperParameter`.
    public func run<Kernel: ChainKernel>(
        _ kernel: Kernel, from starts: [[Double]]? = nil, seed: UInt64
    ) throws(InferenceError) -> (draws: ChainDraws, chains: WarmChains<Kernel>) {
        try KernelCheck.count(draws, "draws")
        try KernelCheck.count(thinning, "thinning")
        var warm = try warmUp(kernel, from: starts, seed: seed)
        let kept = warm.sample(draws, thinning: thinning)
        return (kept, warm)
    }

    /// Starts the chains and warms them up.
    public func warmUp<Kernel: ChainKernel>(
        _ kernel: Kernel, from starts: [[Double]]? = nil, seed: UInt64
    ) throws(InferenceError) -> WarmChains<Kernel> {
        try KernelCheck.count(chains, "chains")
        try KernelCheck.count(warmUp, "warmUp", atLeast: 0)
        if let starts, starts.count != chains {
            throw .wrongShape(what: "the starts", found: "[\(starts.count)]", expected: "[\(chains)], one a chain")
        }
        let root = Random(seed: seed)
        let steps = warmUp
        let warmed = try Parallel.map(count: chains) { chain throws(InferenceError) in
            var random = root.split(UInt64(chain))
            var kernel = kernel
            var state = try Self.start(kernel, at: starts?[chain], chain: chain, &random)
            var adaptation = kernel.startAdaptation(state, steps: steps, using: &random)
            var divergences = 0
            for _ in 0..<steps {
                let info = kernel.step(&state, using: &random)
                if info.isDivergent { divergences += 1 }
                kernel.adapt(&adaptation, state, info, using: &random)
            }
            kernel.finish(adaptation)
            return WarmChain(kernel: kernel, state: state, random: random, warmUpDivergences: divergences)
        }
        return WarmChains(chains: warmed)
    }

    private static func start<Kernel: ChainKernel>(
        _ kernel: Kernel, at position: [Double]?, chain: Int, _ random: inout Random
    ) throws(InferenceError) -> Kernel.State {
        if let position {
            do {
                return try kernel.start(at: position, using: &random)
            } catch .nonFinite(let what, let place, let value) {
                throw .nonFinite(what: what, place: "\(place) of chain \(chain)", value: value)
            }
        }
        var failure = InferenceError.empty(what: "the list of tries")
        for _ in 0..<100 {
            let tried = (0..<max(kernel.dimension, 0)).map { _ in random.uniform(in: -2..<2) }
            do {
                return try kernel.start(at: tried, using: &random)
            } catch .nonFinite(let what, let place, let value) {
                failure = .nonFinite(
                    what: what, place: "\(place) of chain \(chain), in each of 100 random tries", value: value)
            }
        }
        throw failure
    }
}

/// A chain that can go on: its tuned kernel, its state and its randomness.
public struct WarmChain<Kernel: ChainKernel>: Sendable {
    /// The tuned kernel.
    public var kernel: Kernel
    /// Where the chain is.
    public var state: Kernel.State
    /// The chain's stream.
    public var random: Random
    /// Divergent steps of the warm-up; a few are normal there.
    public var warmUpDivergences: Int
}

/// Chains that can go on.
public struct WarmChains<Kernel: ChainKernel>: Sendable {
    /// One a chain.
    public var chains: [WarmChain<Kernel>]

    /// Draws `count` more positions from each chain, `thinning` steps apart; the chains move on.
    public mutating func sample(_ count: Int, thinning: Int = 1) -> ChainDraws {
        precondition(count >= 1 && thinning >= 1, "a chain makes at least one draw, at least one step apart")
        let old = chains
        let runs = Parallel.map(count: chains.count) { chain in
            var chain = old[chain]
            let part = Self.run(&chain, count, thinning)
            return (chain, part.values, part.infos)
        }
        chains = runs.map(\.0)
        return ChainDraws(
            chains: chains.count, draws: count, dimension: chains.first?.kernel.dimension ?? 0,
            values: runs.flatMap(\.1), infos: runs.flatMap(\.2))
    }

    private static func run(_ chain: inout WarmChain<Kernel>, _ count: Int, _ thinning: Int) -> (
        values: [Double], infos: [StepInfo]
    ) {
        let kernel = chain.kernel
        let dimension = kernel.dimension
        var infos: [StepInfo] = []
        infos.reserveCapacity(count)
        let values = [Double](unsafeUninitializedCapacity: count * dimension) { buffer, filled in
            for draw in 0..<count {
                var info = kernel.step(&chain.state, using: &chain.random)
                for _ in 1..<thinning {
                    let next = kernel.step(&chain.state, using: &chain.random)
                    info.evaluations += next.evaluations
                    info.isDivergent = info.isDivergent || next.isDivergent
                    info.acceptance += next.acceptance
                    info.treeDepth = max(info.treeDepth, next.treeDepth)
                    info.energy = next.energy
                }
                info.acceptance /= Double(thinning)
                infos.append(info)
                chain.state.copyPosition(to: buffer.baseAddress! + draw * dimension)
            }
            filled = count * dimension
        }
        return (values, infos)
    }
}
