internal import NumericalMethods
public import Probability

/// The no-U-turn sampler: Hamiltonian trajectories that double, forwards or backwards at random, until they turn back.
///
/// Points are drawn from a trajectory in proportion to exp(−energy): uniformly progressive within a doubling, biased to
/// the newer half at its end. A trajectory or sub-trajectory has turned when the sum ρ of its momenta has a negative
/// product with the velocity at an end; each half is also held against the neighbouring end of the other half, which
/// catches turns that the halves alone miss.
///
///     let sampler = NoUTurnSampler(target: model)
///     let draws = try ChainSampler(chains: 4, warmUp: 1000, draws: 1000).run(sampler, seed: 1).draws
///
/// - Source: M. Hoffman and A. Gelman, "The no-U-turn sampler", JMLR 15, 2014; multinomial sampling and the criterion by
///   ρ after M. Betancourt, "A conceptual introduction to Hamiltonian Monte Carlo", 2017, appendix A; the checks across
///   halves as in Stan since version 2.21.
public struct NoUTurnSampler<Target: DifferentiableLogDensity>: HamiltonianKernel {
    /// The density.
    public var target: Target
    /// The step size ε, in units of the metric.
    public var stepSize: Double
    /// The metric.
    public var metric: EuclideanMetric
    /// How the warm-up tunes the two.
    public var tuning: HamiltonianTuning
    /// The most doublings; a trajectory has at most 2^this − 1 steps.
    public var maximumDepth: Int
    /// The rise of the energy above which a trajectory counts as divergent, in nats.
    public var divergenceThreshold: Double

    /// A sampler of `target`.
    ///
    /// - Parameters:
    ///   - stepSize: used as it is where there is no warm-up.
    ///   - metric: the unit metric where nil.
    public init(
        target: Target, stepSize: Double = 1, metric: EuclideanMetric? = nil,
        tuning: HamiltonianTuning = HamiltonianTuning(), maximumDepth: Int = 10, divergenceThreshold: Double = 1000
    ) {
        self.target = target
        self.stepSize = stepSize
        self.metric = metric ?? .unit(dimension: max(target.dimension, 0))
        self.tuning = tuning
        self.maximumDepth = maximumDepth
        self.divergenceThreshold = divergenceThreshold
    }

    /// The state at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> ChainState {
        try checkConfiguration()
        guard (1...20).contains(maximumDepth) else {
            throw .improperParameter(name: "maximumDepth", value: "\(maximumDepth)", expected: "from 1 to 20")
        }
        try KernelCheck.positive(divergenceThreshold, "divergenceThreshold")
        // Two ends of three vectors, ρ, the inner momentum, and five for each node of the stack.
        return try ChainState(
            withGradientOf: target, at: position, scratch: 8 + TrajectoryNode.vectors * (maximumDepth + 1))
    }

    /// One transition.
    @inlinable
    public func step(_ state: inout ChainState, using random: inout Random) -> StepInfo {
        var logDensity = state.logDensityStorage
        let info = metric.withMap { map in
            state.storage.withUnsafeMutableBufferPointer { buffer in
                transition(buffer.baseAddress!, &logDensity, map, &random)
            }
        }
        state.logDensityStorage = logDensity
        return info
    }

    @inlinable
    func transition(
        _ memory: UnsafeMutablePointer<Double>, _ logDensity: inout Double, _ map: MetricMap, _ random: inout Random
    ) -> StepInfo {
        let d = map.dimension
        let (position, gradient) = (memory, memory + d)
        // Ends hold position, momentum and gradient one after the other; 0 is the backward one.
        let ends = (memory + 2 * d, memory + 5 * d)
        let rho = memory + 8 * d
        let inner = memory + 9 * d
        let momentum = ends.0 + d
        random.fillNormal(UnsafeMutableBufferPointer(start: momentum, count: d))
        var squares = 0.0
        for i in 0..<d { squares += momentum[i] * momentum[i] }
        let start = 0.5 * squares - logDensity
        for i in 0..<d {
            ends.0[i] = position[i]
            ends.0[2 * d + i] = gradient[i]
            rho[i] = momentum[i]
        }
        ends.1.update(from: ends.0, count: 3 * d)

        var info = StepInfo(acceptance: 0, energy: start, evaluations: 0)
        var acceptanceSum = 0.0
        // Weights are exp(start − energy − offset); the offset moves only where they would overflow.
        var weight = 1.0
        var offset = 0.0
        withUnsafeTemporaryAllocation(of: TrajectoryNode.self, capacity: maximumDepth + 1) { stack in
            for level in 0...maximumDepth {
                stack.initializeElement(
                    at: level, to: TrajectoryNode(memory + (10 + TrajectoryNode.vectors * level) * d, d))
            }
            while info.treeDepth < maximumDepth {
                let isForward = random.next() & 1 == 1
                let end = isForward ? ends.1 : ends.0
                let far = (isForward ? ends.0 : ends.1) + d
                let h = isForward ? stepSize : -stepSize
                inner.update(from: end + d, count: d)
                var count = 0
                for leaf in 0..<(1 << info.treeDepth) {
                    map.kick(end + d, end + 2 * d, 0.5 * h)
                    map.drift(end, end + d, h)
                    let value = target.evaluate(end, end + 2 * d, d)
                    let kinetic = map.kick(end + d, end + 2 * d, 0.5 * h)
                    info.evaluations += 1
                    let energy = kinetic - value
                    let gain = start - energy
                    // A NaN fails this comparison too.
                    guard gain >= -divergenceThreshold, gain < .infinity else {
                        info.isDivergent = true
                        return
                    }
                    if gain > offset + 500 {
                        let factor = pointExp(offset - gain)
                        weight *= factor
                        for node in 0..<count { stack[node].weight *= factor }
                        offset = gain
                    }
                    let leafWeight = pointExp(gain - offset)
                    acceptanceSum += gain >= 0 ? 1 : offset == 0 ? leafWeight : pointExp(gain)
                    stack[count].setLeaf(end, d, weight: leafWeight, logDensity: value, energy: energy)
                    count += 1
                    // As many complete pairs end at this leaf as its number has trailing ones.
                    for level in 0..<(~leaf).trailingZeroBitCount {
                        count -= 1
                        if !stack[count - 1].merge(&stack[count], d, isPairOfLeaves: level == 0, &random) { return }
                    }
                }
                let added = stack[0]
                if added.weight > weight * random.uniform() {
                    position.update(from: added.position, count: d)
                    gradient.update(from: added.gradient, count: d)
                    logDensity = added.logDensity
                    info.energy = added.energy
                }
                weight += added.weight
                info.treeDepth += 1
                // The old trajectory runs from `far` to `inner`, the added one on from there.
                let goesOn = TrajectoryNode.isStraight(
                    far, inner, rho, added.begin, added.end, added.rho, d)
                for i in 0..<d { rho[i] += added.rho[i] }
                if !goesOn { return }
            }
        }
        info.acceptance = info.evaluations > 0 ? acceptanceSum / Double(info.evaluations) : 0
        return info
    }
}
