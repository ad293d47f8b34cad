internal import NumericalMethods
internal import Probability

/// One step's cloud prepared for backward draws: proposals by weight in constant time, exact draws in O(N).
struct BackwardWeights: Sendable {
    private let step: ParticleHistory.Step
    private let count: Int
    private let dimension: Int
    private let proposals: AliasTable
    private let place: String

    init(_ step: ParticleHistory.Step, count: Int, place: String) throws(InferenceError) {
        self.step = step
        self.count = count
        dimension = step.particles.count / max(1, count)
        self.place = place
        do {
            proposals = try AliasTable(weights: step.weights)
        } catch {
            throw .zeroTotalWeight(place: place)
        }
    }

    func ancestor(of particle: Int) -> Int { step.ancestors.map { Int($0[particle]) } ?? particle }

    @inline(__always)
    func withParticle<Value>(
        _ index: Int, _ body: (Particle) throws(InferenceError) -> Value
    ) throws(InferenceError) -> Value {
        try step.particles.withUnsafeBufferPointer { buffer throws(InferenceError) in
            try body(Particle(base: buffer.baseAddress! + index, stride: count))
        }
    }

    /// A particle of this cloud, drawn by weight times the density of moving to `state` at `step`.
    func draw<Model: TransitionDensityModel>(
        _ draw: BackwardSampler<Model>.Draw, _ model: Model, step: Int, to state: Particle, ancestor: Int,
        using random: inout Random
    ) throws(InferenceError) -> Int {
        switch draw {
        case .exact: break
        case .rejection:
            guard let bound = model.logTransitionBound(step: step) else { break }
            for _ in 0..<count {
                let candidate = proposals.sample(using: &random)
                let logDensity = try logTransition(model, step, candidate, state)
                if -random.exponential() < logDensity - bound { return candidate }
            }
        case .metropolis(let steps):
            var present = ancestor
            var logDensity = try logTransition(model, step, present, state)
            for _ in 0..<steps {
                let candidate = proposals.sample(using: &random)
                let proposed = try logTransition(model, step, candidate, state)
                // From an impossible place anything possible is accepted.
                if logDensity == -.infinity || -random.exponential() < proposed - logDensity {
                    present = candidate
                    logDensity = proposed
                }
            }
            return present
        }
        return try exact(model, step: step, to: state, using: &random)
    }

    @inline(__always)
    private func logTransition<Model: TransitionDensityModel>(
        _ model: Model, _ step: Int, _ particle: Int, _ state: Particle
    ) throws(InferenceError) -> Double {
        let value = try withParticle(particle) { previous throws(InferenceError) in
            model.logTransition(step: step, from: previous, to: state)
        }
        guard value < .infinity else {
            throw .nonFinite(what: "a log-transition density", place: "\(place), particle \(particle)", value: value)
        }
        return value
    }

    private func exact<Model: TransitionDensityModel>(
        _ model: Model, step index: Int, to state: Particle, using random: inout Random
    ) throws(InferenceError) -> Int {
        let u = random.uniform()
        return try withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { logs throws(InferenceError) in
            step.particles.withUnsafeBufferPointer { buffer in
                // The block is only read.
                let previous = ParticleBlock(
                    base: UnsafeMutablePointer(mutating: buffer.baseAddress!), stride: count, dimension: dimension,
                    count: count, start: 0)
                model.writeLogTransitions(step: index, from: previous, to: state, into: logs)
            }
            for particle in 0..<count { logs[particle] += step.logWeights[particle] }
            let largest = VectorFunctions.max(UnsafeBufferPointer(logs))
            guard largest < .infinity else {
                let bad = logs.firstIndex { !($0 < .infinity) }!
                throw .nonFinite(what: "a log-transition density", place: "\(place), particle \(bad)", value: logs[bad])
            }
            guard largest > -.infinity else { throw .zeroTotalWeight(place: "\(place), looking back") }
            let total = VectorFunctions.exponentials(UnsafeBufferPointer(logs), shift: largest, into: logs).sum
            var left = u * total
            var last = 0
            for particle in 0..<count where logs[particle] > 0 {
                last = particle
                left -= logs[particle]
                if left < 0 { break }
            }
            return last
        }
    }
}
