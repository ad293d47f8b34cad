internal import Foundation
internal import NumericalMethods

/// The weighted particles of a filter after some step, and the evidence so far.
public struct ParticleCloud: Sendable {
    /// The step whose potential was the last to be weighed in.
    public internal(set) var step: Int
    /// Number of particles.
    public let count: Int
    /// Numbers that make up a particle.
    public let dimension: Int
    /// A column for each dimension, `[dimension, count]`.
    public internal(set) var particles: [Double]
    /// `[count]` in nats, not normalised.
    public internal(set) var logWeights: [Double]
    /// Where each particle came from in the cloud before, `[count]`; nil where the step began without resampling, and every
    /// particle came from its own place.
    public internal(set) var ancestors: [Int32]?
    /// The lines of descent, where the filter was asked to keep them for the variance of the log-evidence.
    public internal(set) var genealogy: Genealogy?

    /// Storage that the next step writes into.
    var spareParticles: [Double]
    var spareLogs: [Double]
    var summary = WeightSummary()
    /// What to add to the log of the total weight to get the log-evidence.
    var logOffset: Double

    init(count: Int, dimension: Int) {
        step = 0
        self.count = count
        self.dimension = dimension
        particles = [Double](repeating: 0, count: count * dimension)
        spareParticles = particles
        logWeights = [Double](repeating: 0, count: count)
        spareLogs = logWeights
        logOffset = -log(Double(count))
    }

    /// ln of the estimate of E[G₀ ... G_step], in nats: the log-likelihood of the observations so far, for a filter. The
    /// estimate itself is unbiased, its logarithm is not quite.
    public var logEvidence: Double { logOffset + summary.logTotal }

    /// (Σ w)² / Σ w²: as many equal weights would be as uneven; from 1 to `count`.
    public var effectiveSampleSize: Double { summary.effectiveSampleSize }

    /// Weights that add up to 1, `[count]`.
    public var weights: [Double] {
        var weights = logWeights
        let shift = summary.logTotal
        for index in weights.indices { weights[index] -= shift }
        return VectorFunctions.exp(weights)
    }

    /// One dimension of all particles, `[count]`.
    public func column(_ dimension: Int) -> ArraySlice<Double> {
        precondition(dimension >= 0 && dimension < self.dimension, "a particle has no dimension \(dimension)")
        return particles[dimension * count..<(dimension + 1) * count]
    }

    /// The weighted mean of one dimension.
    public func mean(_ dimension: Int = 0) -> Double { expectation { $0[dimension] } }

    /// The weighted mean of a function of a particle.
    public func expectation(_ function: (Particle) -> Double) -> Double {
        let weights = weights
        return particles.withUnsafeBufferPointer { buffer in
            var sum = 0.0
            for index in 0..<count where weights[index] > 0 {
                sum += weights[index] * function(Particle(base: buffer.baseAddress! + index, stride: count))
            }
            return sum
        }
    }
}

/// A block's or a cloud's weights: the largest, and the sums of all and of their squares relative to it.
package struct WeightSummary: Sendable {
    package var largest = -Double.infinity
    var sum = 0.0
    var sumOfSquares = 0.0

    package var logTotal: Double { largest + log(sum) }
    package var effectiveSampleSize: Double { sum == 0 ? 0 : sum * sum / sumOfSquares }

    init() {}

    /// Of log-weights; its `largest` is NaN where one of them is, and +∞ where one of them is.
    package init(of logs: UnsafeBufferPointer<Double>) {
        largest = VectorFunctions.max(logs)
        guard largest.isFinite else { return }
        let sums = VectorFunctions.sumsOfExponentials(logs, shift: largest)
        sum = sums.sum
        sumOfSquares = sums.sumOfSquares
    }

    /// All blocks together.
    init(joining blocks: [WeightSummary]) {
        for block in blocks { largest = max(largest, block.largest) }
        guard largest > -.infinity else { return }
        for block in blocks {
            let scale = exp(block.largest - largest)
            sum += block.sum * scale
            sumOfSquares += block.sumOfSquares * scale * scale
        }
    }
}
