import Cascades
import Foundation
import NumericalMethods
import Probability

/// The particles of SMC by re-execution as a pure state machine: it says which runs are to be made, and is told what
/// came of them.
struct ReexecutionCloud<Output: Sendable>: Sendable {
    /// A run that is to be made.
    struct Job: Sendable {
        var slot: Int
        /// What the run remembers.
        var past: Particle<Output>
        var random: Random
        /// The weight point after which the run pauses.
        var pause: Int
    }

    private(set) var particles: [Particle<Output>]
    /// `ln` of the evidence up to the last resampling.
    private(set) var logEvidence = 0.0
    /// How often the particles were resampled.
    private(set) var resamplings = 0
    private let threshold: Double
    private let pauses: Bool
    private let streams: Random
    private var generation: UInt64 = 0
    private var coins: Random
    /// The weight point that was looked at last, and that of the last resampling.
    private var point = -1
    private var origin = -1

    /// - Parameters:
    ///   - threshold: resample below this share of effective particles.
    ///   - pauses: whether particles wait for each other at every weight point. If not, each runs to its end at once,
    ///     and where it turns out to have had several offspring, all but the first are run again from there: fewer
    ///     runs, but work (and questions) for the future of particles that have none.
    init(count: Int, threshold: Double, pauses: Bool, random: Random) {
        particles = [Particle<Output>](repeating: Particle(), count: count)
        self.threshold = threshold
        self.pauses = pauses
        streams = random
        coins = random.split(.max)
    }

    /// The runs with which it begins.
    mutating func begin() -> [Job] { particles.indices.map { job($0, particles[$0]) } }

    /// Takes what came of the runs of `jobs`.
    mutating func receive(_ results: [Particle<Output>], of jobs: [Job]) {
        for (job, particle) in zip(jobs, results) { particles[job.slot] = particle }
    }

    /// Goes on to the next weight point after which runs are to be made.
    /// - Returns: the runs; empty at the end.
    /// - Throws: `InferenceError.zeroTotalWeight` where no particle is left.
    mutating func advance() throws(InferenceError) -> [Job] {
        while true {
            let last = particles.reduce(-1) { max($0, $1.marks.count - 1) }
            guard point < last else { return [] }
            point += 1
            generation += 1
            let logWeights = logWeights
            let logTotal = logSumExp(logWeights)
            guard logTotal > -.infinity else { throw zeroWeight }
            let weights = logWeights.map { exp($0 - logTotal) }
            let size = 1 / weights.reduce(0) { $0 + $1 * $1 }
            let isOver = point == last && particles.allSatisfy(\.isFinished)
            var jobs: [Job] = []
            if !isOver, threshold >= 1 || size < threshold * Double(particles.count) {
                logEvidence += logTotal - log(Double(particles.count))
                jobs = resample(weights)
            } else if pauses {
                jobs = particles.indices.filter { !particles[$0].isFinished }.map { job($0, particles[$0]) }
            }
            if !jobs.isEmpty { return jobs }
        }
    }

    /// The particles' log-weights since the last resampling, `[particles]`.
    var logWeights: [Double] { particles.map { $0.logWeight(at: point) - $0.logWeight(at: origin) } }

    /// The error of a cloud without weight.
    var zeroWeight: InferenceError {
        .zeroTotalWeight(place: particles.lazy.compactMap(\.impossibleAt).first.map { "\($0)" } ?? "weight \(point)")
    }

    private mutating func resample(_ weights: [Double]) -> [Job] {
        resamplings += 1
        origin = point
        let offspring = systematicOffspring(weights: weights, count: particles.count, uniform: coins.uniform())
        var next: [Particle<Output>] = []
        next.reserveCapacity(particles.count)
        var jobs: [Job] = []
        for (ancestor, count) in offspring.enumerated() {
            for copy in 0..<count {
                let particle = particles[ancestor]
                if pauses {
                    if !particle.isFinished { jobs.append(job(next.count, particle)) }
                } else if copy > 0, particle.choices.count > (particle.marks.isEmpty ? 0 : choices(of: particle)) {
                    jobs.append(job(next.count, particle.prefix(through: point)))
                }
                next.append(particle)
            }
        }
        particles = next
        return jobs
    }

    private func choices(of particle: Particle<Output>) -> Int {
        particle.marks[min(point, particle.marks.count - 1)].choices
    }

    private func job(_ slot: Int, _ past: Particle<Output>) -> Job {
        Job(
            slot: slot, past: past, random: streams.split(generation).split(UInt64(slot)),
            pause: pauses ? point + 1 : .max)
    }
}
