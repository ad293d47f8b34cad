internal import Foundation
internal import NumericalMethods
internal import Probability

/// Random-walk Metropolis steps of many chains side by side, with proposals of the cloud's own covariance.
struct RandomWalkMoves<Target: TemperedTarget>: Sendable {
    static var blockSize: Int { 256 }

    let target: Target
    let exponent: Double
    /// Lower triangle L, `[dimension, dimension]`: proposals are x + L z.
    let factor: [Double]

    /// Calls `body` for every block of a cloud, on all cores: its particles, its log-priors, its log-likelihoods, its number.
    static func onBlocks(
        of cloud: inout TemperedCloud,
        _ body:
            @Sendable (ParticleBlock, UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<Double>, Int) ->
            Void
    ) {
        let (count, dimension, size) = (cloud.count, cloud.dimension, blockSize)
        cloud.particles.withUnsafeMutableBufferPointer { particles in
            cloud.logPriors.withUnsafeMutableBufferPointer { priors in
                cloud.logLikelihoods.withUnsafeMutableBufferPointer { likelihoods in
                    // A block touches its own stretch only.
                    nonisolated(unsafe) let (particles, priors, likelihoods) = (
                        particles.baseAddress!, priors.baseAddress!, likelihoods.baseAddress!
                    )
                    Parallel.forEach(count: (count + size - 1) / size) { index in
                        let first = index * size
                        let length = min(size, count - first)
                        body(
                            ParticleBlock(
                                base: particles + first, stride: count, dimension: dimension, count: length,
                                start: first),
                            UnsafeMutableBufferPointer(start: priors + first, count: length),
                            UnsafeMutableBufferPointer(start: likelihoods + first, count: length), index)
                    }
                }
            }
        }
    }

    /// Replaces the cloud by the chains that start from `ancestors`: by their last states, or (`keepsAll`) by all of them,
    /// state s of chain c in place s × chains + c. Returns the acceptance rate.
    func moved(
        _ cloud: inout TemperedCloud, ancestors: [Int32], steps: Int, keepsAll: Bool, root: Random
    ) throws(InferenceError) -> Double {
        let chains = ancestors.count
        let size = Self.blockSize
        let old = cloud
        let results = try Parallel.map(count: (chains + size - 1) / size) { block throws(InferenceError) in
            var random = root.split(UInt64(block))
            return try run(
                old, Array(ancestors[block * size..<min(chains, block * size + size)]), steps: steps,
                keepsAll: keepsAll,
                using: &random)
        }
        var accepted = 0
        for (block, result) in results.enumerated() {
            accepted += result.accepted
            let first = block * size
            for (state, place) in result.states.enumerated() {
                let start = state * chains + first
                let length = place.logPriors.count
                for d in 0..<cloud.dimension {
                    for index in 0..<length {
                        cloud.particles[d * cloud.count + start + index] = place.particles[d * length + index]
                    }
                }
                for index in 0..<length {
                    cloud.logPriors[start + index] = place.logPriors[index]
                    cloud.logLikelihoods[start + index] = place.logLikelihoods[index]
                }
            }
        }
        return Double(accepted) / Double(chains * steps)
    }

    /// The states of a block of chains at one time.
    private struct Place: Sendable {
        /// `[dimension, chains]`.
        var particles: [Double]
        var logPriors: [Double]
        var logLikelihoods: [Double]
    }

    private struct Chains: Sendable {
        var states: [Place] = []
        var accepted = 0
    }

    private func run(
        _ cloud: TemperedCloud, _ ancestors: [Int32], steps: Int, keepsAll: Bool, using random: inout Random
    ) throws(InferenceError) -> Chains {
        let (count, dimension) = (ancestors.count, cloud.dimension)
        var present = Place(
            particles: (0..<dimension).flatMap { d in ancestors.map { cloud.particles[d * cloud.count + Int($0)] } },
            logPriors: ancestors.map { cloud.logPriors[Int($0)] },
            logLikelihoods: ancestors.map { cloud.logLikelihoods[Int($0)] })
        var proposed = present
        var noise = [Double](repeating: 0, count: count * dimension)
        var chains = Chains()
        if keepsAll { chains.states.append(present) }
        for _ in 0..<steps {
            noise.withUnsafeMutableBufferPointer { random.fillNormals($0) }
            for row in 0..<dimension {
                for index in 0..<count {
                    var x = present.particles[row * count + index]
                    for column in 0...row { x += factor[row * dimension + column] * noise[column * count + index] }
                    proposed.particles[row * count + index] = x
                }
            }
            proposed.particles.withUnsafeMutableBufferPointer { particles in
                let block = ParticleBlock(
                    base: particles.baseAddress!, stride: count, dimension: dimension, count: count, start: 0)
                proposed.logPriors.withUnsafeMutableBufferPointer { target.writeLogPrior(of: block, to: $0) }
                proposed.logLikelihoods.withUnsafeMutableBufferPointer { target.writeLogLikelihood(of: block, to: $0) }
            }
            for index in 0..<count {
                let prior = proposed.logPriors[index]
                guard prior < .infinity else { throw badDensity("log-prior", proposed.particles, index, count, prior) }
                // Never drawn outside the support, where the likelihood need not make sense.
                if prior == -.infinity { continue }
                let likelihood = proposed.logLikelihoods[index]
                guard likelihood < .infinity else {
                    throw badDensity("log-likelihood", proposed.particles, index, count, likelihood)
                }
                if likelihood == -.infinity { continue }
                let gain =
                    prior - present.logPriors[index] + exponent * (likelihood - present.logLikelihoods[index])
                guard -random.exponential() < gain else { continue }
                present.logPriors[index] = prior
                present.logLikelihoods[index] = likelihood
                for d in 0..<dimension {
                    present.particles[d * count + index] = proposed.particles[d * count + index]
                }
                chains.accepted += 1
            }
            if keepsAll { chains.states.append(present) }
        }
        if !keepsAll { chains.states.append(present) }
        return chains
    }

    private func badDensity(
        _ what: String, _ particles: [Double], _ index: Int, _ count: Int, _ value: Double
    ) -> InferenceError {
        let state = (0..<particles.count / count).map { "\(particles[$0 * count + index])" }
        return .nonFinite(
            what: "a \(what)", place: "exponent \(exponent), state [\(state.joined(separator: ", "))]", value: value)
    }
}
