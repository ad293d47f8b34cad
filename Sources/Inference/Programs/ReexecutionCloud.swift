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
        var past: ProgramParticle<Output>
        var random: Random
        /// The weight point after which the run pauses.
        var pause: Int
    }

    private(set) var particles: [ProgramParticle<Output>]
    /// `ln` of the evidence up to the last resampling.
    private(set) var logEvidence = 0.0
    private let threshold: Double
    private let scheme: ResamplingScheme
    private let runsAhead: Bool
    private let streams: Random
    private var generation: UInt64 = 0
    private var coins: Random
    /// The weight point that was looked at last, and that of the last resampling.
    private var point = -1
    private var origin = -1
    /// How many weight points a run may go beyond the one that is looked at.
    private var window: Int

    /// - Parameters:
    ///   - threshold: resample below this share of effective particles.
    ///   - runsAhead: whether runs go on for some weight points before they wait for the others. A particle that has
    ///     several offspring then leaves its future to the first, and the others are run again from there. Fewer runs,
    ///     but some work (and, in programs that ask, some questions) for the future of particles that have none.
    init(count: Int, threshold: Double, scheme: ResamplingScheme, runsAhead: Bool, random: Random) {
        particles = [ProgramParticle<Output>](repeating: ProgramParticle(), count: count)
        self.threshold = threshold
        self.scheme = scheme
        self.runsAhead = runsAhead
        streams = random
        coins = random.split(.max)
        window = runsAhead ? 16 : 1
    }

    /// The runs with which it begins.
    func begin() -> [Job] { particles.indices.map { job($0, particles[$0]) } }

    /// Takes what came of the runs of `jobs`.
    mutating func receive(_ results: [ProgramParticle<Output>], of jobs: [Job]) {
        for (job, particle) in zip(jobs, results) { particles[job.slot] = particle }
    }

    /// Goes on to the next weight point at which runs are to be made.
    /// - Returns: the runs; empty at the end.
    /// - Throws: `InferenceError.zeroTotalWeight` where no particle is left.
    mutating func advance() throws(InferenceError) -> [Job] {
        while true {
            let waiting = particles.indices.filter {
                !particles[$0].isFinished && particles[$0].marks.count <= point + 1
            }
            if !waiting.isEmpty {
                generation += 1
                // Since the last resampling all went well: look further ahead.
                if runsAhead { window *= 2 }
                return waiting.map { job($0, particles[$0]) }
            }
            let last = particles.reduce(-1) { max($0, $1.marks.count - 1) }
            guard point < last else { return [] }
            point += 1
            let logWeights = logWeights
            let logTotal = logSumExp(logWeights)
            guard logTotal > -.infinity else { throw zeroWeight }
            let weights = logWeights.map { exp($0 - logTotal) }
            let size = 1 / weights.reduce(0) { $0 + $1 * $1 }
            let isOver = point == last && particles.allSatisfy(\.isFinished)
            if !isOver, threshold >= 1 || size < threshold * Double(particles.count) {
                logEvidence += logTotal - log(Double(particles.count))
                let jobs = try resample(weights)
                if !jobs.isEmpty { return jobs }
            }
        }
    }

    /// The particles' log-weights since the last resampling, `[particles]`.
    var logWeights: [Double] { particles.map { $0.logWeight(at: point) - $0.logWeight(at: origin) } }

    /// The error of a cloud without weight.
    private var zeroWeight: InferenceError {
        .zeroTotalWeight(place: particles.lazy.compactMap(\.impossibleAt).first.map { "\($0)" } ?? "weight \(point)")
    }

    private mutating func resample(_ weights: [Double]) throws(InferenceError) -> [Job] {
        generation += 1
        // Running everyone again costs its past each time; running too far ahead, what has no future. With resampling
        // every d points, the costs are even near sqrt(past * d).
        if runsAhead { window = max(4, Int((Double(point + 1) * Double(point - origin)).squareRoot())) }
        origin = point
        let ancestors = try scheme.ancestors(count: particles.count, weights: weights, using: &coins)
        let offspring = ResamplingScheme.offspring(of: particles.count, ancestors: ancestors)
        var next: [ProgramParticle<Output>] = []
        next.reserveCapacity(particles.count)
        var jobs: [Job] = []
        for (ancestor, count) in offspring.enumerated() where count > 0 {
            let particle = particles[ancestor]
            // What was chosen after the weight point is the first one's; without such choices all go on alike for now.
            let isAhead = runsAhead && particle.choices.count > particle.choices(at: point)
            for copy in 0..<count {
                if isAhead && copy > 0 { jobs.append(job(next.count, particle.prefix(through: point))) }
                next.append(particle)
            }
        }
        particles = next
        return jobs
    }

    private func job(_ slot: Int, _ past: ProgramParticle<Output>) -> Job {
        Job(slot: slot, past: past, random: streams.split(generation).split(UInt64(slot)), pause: point + window)
    }
}
