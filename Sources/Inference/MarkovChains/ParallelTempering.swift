internal import Foundation
internal import NumericalMethods
public import Probability

/// Parallel tempering: copies of a kernel at ascending inverse temperatures, the last at 1, that swap positions.
///
/// A round moves every rung `stepsPerRound` times, the rungs side by side on all cores, and then tries swaps of the pairs
/// (0, 1), (2, 3), ... or (1, 2), (3, 4), ... in turn, which carries positions through the ladder instead of letting them
/// diffuse. The warm-up moves the temperatures to where all swaps are rejected equally often.
///
///     let path = try TemperedDensity(target: model, referenceMeans: zeros, referenceScales: fives)
///     let tempering = try ParallelTempering(SliceSampler(target: path), rungs: 8)
///
/// - Source: C. Geyer, 1991; even-odd swaps and the equal rejection by the cumulative barrier after S. Syed,
///   A. Bouchard-Côté, G. Deligiannidis and A. Doucet, "Non-reversible parallel tempering", JRSS B 84, 2022.
public struct ParallelTempering<Inner: TargetedKernel, Base: DifferentiableLogDensity>: ChainKernel
where Inner.Target == TemperedDensity<Base> {
    /// One kernel a rung, by ascending inverse temperature.
    public private(set) var kernels: [Inner]
    /// Steps of each rung between swaps.
    public var stepsPerRound: Int

    /// A ladder of copies of `kernel`.
    ///
    /// - Parameters:
    ///   - inverseTemperatures: ascending from 0 (with a reference) or above to 1.
    /// - Throws: `InferenceError.improperParameter`.
    public init(_ kernel: Inner, inverseTemperatures: [Double], stepsPerRound: Int = 4) throws(InferenceError) {
        let least = kernel.target.referenceMeans == nil ? Double.leastNormalMagnitude : 0
        guard inverseTemperatures.count >= 2, inverseTemperatures.last == 1, inverseTemperatures[0] >= least,
            zip(inverseTemperatures, inverseTemperatures.dropFirst()).allSatisfy({ $0 < $1 })
        else {
            throw .improperParameter(
                name: "inverseTemperatures", value: "\(inverseTemperatures)",
                expected: "two or more, ascending to 1, the first above 0 unless there is a reference")
        }
        try KernelCheck.count(stepsPerRound, "stepsPerRound")
        self.stepsPerRound = stepsPerRound
        kernels = inverseTemperatures.map { temperature in
            var copy = kernel
            copy.target.inverseTemperature = temperature
            return copy
        }
    }

    /// A ladder of `rungs` copies at even distances from 0, or from 1 / `rungs` without a reference.
    public init(_ kernel: Inner, rungs: Int, stepsPerRound: Int = 4) throws(InferenceError) {
        try KernelCheck.count(rungs, "rungs", atLeast: 2)
        let first = kernel.target.referenceMeans == nil ? 1 / Double(rungs) : 0
        try self.init(
            kernel,
            inverseTemperatures: (0..<rungs).map {
                $0 == rungs - 1 ? 1 : first + (1 - first) * Double($0) / Double(rungs - 1)
            },
            stepsPerRound: stepsPerRound)
    }

    /// The temperatures, ascending.
    public var inverseTemperatures: [Double] { kernels.map(\.target.inverseTemperature) }
    /// The number of coordinates.
    public var dimension: Int { kernels[0].dimension }

    /// All rungs' states.
    public struct State: ChainPosition {
        /// The rungs' own states.
        public internal(set) var rungs: [Inner.State]
        /// The probabilities with which the last round's swaps of rung i and i + 1 were accepted; nil where not tried.
        public internal(set) var swapAcceptances: [Double?]
        /// How often a position came from the hottest rung to the coldest.
        public internal(set) var arrivals = 0
        var isFromHottest: [Bool]
        var isOddRound = false
        var infos: [StepInfo]
        var temperatures: [Double]

        /// The coldest rung's log-density.
        public var logDensity: Double { rungs[rungs.count - 1].logDensity }
        /// The coldest rung's position.
        public var position: [Double] { rungs[rungs.count - 1].position }
        /// Writes the coldest rung's position to `target`.
        public func copyPosition(to target: UnsafeMutablePointer<Double>) {
            rungs[rungs.count - 1].copyPosition(to: target)
        }
    }

    /// All rungs start at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> State {
        var rungs: [Inner.State] = []
        for kernel in kernels { rungs.append(try kernel.start(at: position, using: &random)) }
        return State(
            rungs: rungs, swapAcceptances: [Double?](repeating: nil, count: rungs.count - 1),
            isFromHottest: [Bool](repeating: false, count: rungs.count),
            infos: [StepInfo](repeating: StepInfo(acceptance: 0, energy: 0, evaluations: 0), count: rungs.count),
            temperatures: inverseTemperatures)
    }

    /// One round: steps of all rungs, then swaps. The acceptance told is the swaps'.
    public func step(_ state: inout State, using random: inout Random) -> StepInfo {
        let root = random.fork()
        let (old, isStale) = (state.rungs, state.temperatures != inverseTemperatures)
        state.temperatures = inverseTemperatures
        let moved = Parallel.map(count: kernels.count) { rung in
            var random = root.split(UInt64(rung))
            var state = old[rung]
            // The warm-up changed the temperature: the state's log-density is another one.
            if isStale, let fresh = try? kernels[rung].start(at: state.position, using: &random) { state = fresh }
            var info = StepInfo(acceptance: 0, energy: 0, evaluations: 0)
            for _ in 0..<stepsPerRound {
                let next = kernels[rung].step(&state, using: &random)
                info.acceptance += next.acceptance / Double(stepsPerRound)
                info.evaluations += next.evaluations
                info.isDivergent = info.isDivergent || next.isDivergent
                info.energy = next.energy
            }
            return (state, info)
        }
        state.rungs = moved.map(\.0)
        state.infos = moved.map(\.1)
        let swaps = swap(&state, using: &random)
        var info = state.infos[kernels.count - 1]
        info.acceptance = swaps
        info.energy = -state.logDensity
        info.evaluations = state.infos.reduce(0) { $0 + $1.evaluations } + kernels.count
        return info
    }

    /// Tries this round's swaps; returns the mean probability of acceptance.
    private func swap(_ state: inout State, using random: inout Random) -> Double {
        let ratios = (0..<kernels.count).map { kernels[$0].target.logRatio(at: state.rungs[$0].position) }
        for pair in state.swapAcceptances.indices { state.swapAcceptances[pair] = nil }
        var sum = 0.0
        var tries = 0.0
        for low in stride(from: state.isOddRound ? 1 : 0, to: kernels.count - 1, by: 2) {
            let gap = kernels[low + 1].target.inverseTemperature - kernels[low].target.inverseTemperature
            let logChance = gap * (ratios[low] - ratios[low + 1])
            let chance = logChance.isNaN ? 0 : min(1, exp(logChance))
            state.swapAcceptances[low] = chance
            sum += chance
            tries += 1
            guard random.uniform() < chance,
                let up = try? kernels[low + 1].start(at: state.rungs[low].position, using: &random),
                let down = try? kernels[low].start(at: state.rungs[low + 1].position, using: &random)
            else { continue }
            state.rungs[low + 1] = up
            state.rungs[low] = down
            state.isFromHottest.swapAt(low, low + 1)
        }
        state.isFromHottest[0] = true
        if state.isFromHottest[kernels.count - 1] {
            state.arrivals += 1
            state.isFromHottest[kernels.count - 1] = false
        }
        // With two rungs there is no odd pair.
        state.isOddRound = kernels.count > 2 && !state.isOddRound
        return tries > 0 ? sum / tries : 0
    }

    /// What the warm-up has learned.
    public struct Adaptation: Sendable {
        var inner: [Inner.Adaptation]
        var rejections: [Double]
        var tries: [Double]
        var steps = 0
        var nextUpdate = 20
    }

    /// Begins a warm-up of the ladder and of every rung's kernel.
    public mutating func startAdaptation(
        _ state: State, steps: Int, using random: inout Random
    ) -> Adaptation {
        Adaptation(
            inner: kernels.indices.map { kernels[$0].startAdaptation(state.rungs[$0], steps: steps, using: &random) },
            rejections: [Double](repeating: 0, count: kernels.count - 1),
            tries: [Double](repeating: 0, count: kernels.count - 1))
    }

    /// Learns from a round.
    public mutating func adapt(
        _ adaptation: inout Adaptation, _ state: State, _ info: StepInfo, using random: inout Random
    ) {
        for rung in kernels.indices {
            kernels[rung].adapt(&adaptation.inner[rung], state.rungs[rung], state.infos[rung], using: &random)
        }
        for (pair, chance) in state.swapAcceptances.enumerated() {
            guard let chance else { continue }
            adaptation.rejections[pair] += 1 - chance
            adaptation.tries[pair] += 1
        }
        adaptation.steps += 1
        guard adaptation.steps == adaptation.nextUpdate else { return }
        adaptation.nextUpdate *= 2
        let rates = zip(adaptation.rejections, adaptation.tries).map { $1 > 0 ? $0 / $1 : 0.5 }
        let ladder = Self.equalised(inverseTemperatures, rejections: rates)
        for rung in kernels.indices { kernels[rung].target.inverseTemperature = ladder[rung] }
        for pair in rates.indices {
            adaptation.rejections[pair] = 0
            adaptation.tries[pair] = 0
        }
    }

    /// Ends the warm-up of every rung's kernel.
    public mutating func finish(_ adaptation: Adaptation) {
        for rung in kernels.indices { kernels[rung].finish(adaptation.inner[rung]) }
    }

    /// Temperatures at equal shares of the rejections summed up along the ladder, the ends kept.
    static func equalised(_ ladder: [Double], rejections: [Double]) -> [Double] {
        var barrier = [0.0]
        // A pair that never fails still keeps its place in the order.
        for rate in rejections { barrier.append(barrier[barrier.count - 1] + max(rate, 1e-3)) }
        let total = barrier[barrier.count - 1]
        var result = ladder
        for rung in 1..<(ladder.count - 1) {
            let wanted = total * Double(rung) / Double(ladder.count - 1)
            let upper = barrier.firstIndex { $0 >= wanted } ?? ladder.count - 1
            let share = (wanted - barrier[upper - 1]) / (barrier[upper] - barrier[upper - 1])
            result[rung] = ladder[upper - 1] + share * (ladder[upper] - ladder[upper - 1])
        }
        return result
    }
}
