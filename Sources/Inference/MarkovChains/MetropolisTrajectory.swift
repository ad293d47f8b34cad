internal import Foundation
internal import Probability

/// The transition that both kernels share.
enum MetropolisTrajectory {
    static func trajectory(
        _ target: some DifferentiableLogDensity, _ state: inout ChainState, _ metric: EuclideanMetric,
        stepSize h: Double, steps: Int, using random: inout Random
    ) -> StepInfo {
        let d = state.dimension
        var info = StepInfo(acceptance: 0, energy: 0, evaluations: 0)
        var logDensity = state.logDensity
        metric.withMap { map in
            state.storage.withUnsafeMutableBufferPointer { memory in
                let here = memory.baseAddress!
                let (q, g, p) = (here + 2 * d, here + 3 * d, here + 4 * d)
                random.fillNormal(UnsafeMutableBufferPointer(start: p, count: d))
                q.update(from: here, count: 2 * d)
                var kinetic = 0.0
                for i in 0..<d { kinetic += 0.5 * p[i] * p[i] }
                let start = kinetic - logDensity
                info.energy = start
                let value = leap(target, map, q, g, p, h, steps, &kinetic, &info.evaluations)
                let gain = start - (kinetic - value)
                // A NaN or an infinite gain makes a step that can't be trusted.
                guard gain >= -1000, gain < .infinity else {
                    info.isDivergent = true
                    return
                }
                info.acceptance = min(1, exp(gain))
                if random.uniform() < info.acceptance {
                    here.update(from: q, count: 2 * d)
                    logDensity = value
                    info.energy = kinetic - value
                }
            }
        }
        state.logDensity = logDensity
        return info
    }

    /// `steps` leapfrog steps in place; returns the log-density at the end and sets the kinetic energy there.
    static func leap(
        _ target: some DifferentiableLogDensity, _ map: MetricMap, _ q: UnsafeMutablePointer<Double>,
        _ g: UnsafeMutablePointer<Double>, _ p: UnsafeMutablePointer<Double>, _ h: Double, _ steps: Int,
        _ kinetic: inout Double, _ evaluations: inout Int
    ) -> Double {
        var value = 0.0
        map.kick(p, g, 0.5 * h)
        for step in 0..<steps {
            map.drift(q, p, h)
            value = target.evaluate(q, g, map.dimension)
            evaluations += 1
            // A trajectory that left the finite numbers won't come back.
            if !value.isFinite { return value }
            kinetic = map.kick(p, g, step + 1 < steps ? h : 0.5 * h)
        }
        return value
    }
}
