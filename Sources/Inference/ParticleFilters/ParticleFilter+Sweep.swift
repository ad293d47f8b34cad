internal import Foundation
internal import NumericalMethods
internal import Probability

extension ParticleFilter {
    /// Particles per block: a column of doubles fills a quarter of a small first-level cache.
    public static var blockSize: Int { 1024 }

    /// Moves and weighs all particles: from the ancestors of `cloud` where it was resampled, else each from its place.
    func sweep(
        _ cloud: inout ParticleCloud, step: Int, logAuxiliary: [Double]?, root: Random
    ) throws(InferenceError) {
        let work = SweepWork(
            model: model, step: step, count: particleCount, root: root, ancestors: cloud.ancestors,
            logAuxiliary: cloud.ancestors == nil ? nil : logAuxiliary)
        let blocks = (particleCount + Self.blockSize - 1) / Self.blockSize
        var summaries = [WeightSummary](repeating: WeightSummary(), count: blocks)
        cloud.particles.withUnsafeMutableBufferPointer { old in
            cloud.spareParticles.withUnsafeMutableBufferPointer { new in
                cloud.logWeights.withUnsafeMutableBufferPointer { logWeights in
                    summaries.withUnsafeMutableBufferPointer { summaries in
                        // Each block writes its own stretch of all but `old`, which all of them read.
                        nonisolated(unsafe) let (old, new, logWeights, summaries) = (
                            old.baseAddress!, new.baseAddress!, logWeights.baseAddress!, summaries.baseAddress!
                        )
                        Parallel.forEach(count: blocks) { block in
                            summaries[block] = work.run(
                                block: block, blockSize: Self.blockSize, from: old, to: new, logWeights: logWeights)
                        }
                    }
                }
            }
        }
        swap(&cloud.particles, &cloud.spareParticles)
        cloud.step = step
        for summary in summaries where !(summary.largest < .infinity) {
            let bad = cloud.logWeights.firstIndex { !($0 < .infinity) }!
            throw .nonFinite(
                what: "a log-potential", place: "step \(step), particle \(bad)", value: cloud.logWeights[bad])
        }
        cloud.summary = WeightSummary(joining: summaries)
        guard cloud.summary.largest > -.infinity else { throw .zeroTotalWeight(place: "step \(step)") }
    }

    /// ln η of every particle, and the effective sample size of the weights times η.
    func lookAhead(
        _ cloud: inout ParticleCloud, step: Int, _ auxiliary: any AuxiliaryFeynmanKacModel,
        effectiveSampleSize: inout Double
    ) throws(InferenceError) -> [Double] {
        let count = particleCount
        let blockSize = Self.blockSize
        let dimension = model.dimension
        var logAuxiliary = [Double](repeating: 0, count: count)
        cloud.particles.withUnsafeMutableBufferPointer { particles in
            logAuxiliary.withUnsafeMutableBufferPointer { logs in
                nonisolated(unsafe) let (particles, logs) = (particles.baseAddress!, logs.baseAddress!)
                Parallel.forEach(count: (count + blockSize - 1) / blockSize) { block in
                    let first = block * blockSize
                    let length = min(blockSize, count - first)
                    auxiliary.writeLogAuxiliary(
                        step: step,
                        from: ParticleBlock(
                            base: particles + first, stride: count, dimension: dimension, count: length, start: first),
                        to: UnsafeMutableBufferPointer(start: logs + first, count: length))
                }
            }
        }
        if let bad = logAuxiliary.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: "a log-auxiliary weight", place: "step \(step), particle \(bad)", value: logAuxiliary[bad])
        }
        for index in 0..<count { cloud.spareLogs[index] = cloud.logWeights[index] + logAuxiliary[index] }
        effectiveSampleSize = cloud.spareLogs.withUnsafeBufferPointer { WeightSummary(of: $0).effectiveSampleSize }
        return logAuxiliary
    }

    /// Draws ancestors by the cloud's weights, times η where there is one.
    func resample(_ cloud: inout ParticleCloud, logAuxiliary: [Double]?, using root: inout Random) {
        var summary = cloud.summary
        if logAuxiliary != nil { summary = cloud.spareLogs.withUnsafeBufferPointer { WeightSummary(of: $0) } }
        if cloud.genealogy != nil {
            let weights = cloud.weights
            cloud.genealogy?.beforeResampling(weights: weights)
        }
        let count = particleCount
        let shift = summary.largest
        let hasLookAhead = logAuxiliary != nil
        cloud.logWeights.withUnsafeBufferPointer { logWeights in
            cloud.spareLogs.withUnsafeMutableBufferPointer { spare in
                nonisolated(unsafe) let source = hasLookAhead ? UnsafeBufferPointer(spare) : logWeights
                nonisolated(unsafe) let target = spare
                Parallel.chunks(of: count, minimumChunk: 4096) { range in
                    _ = VectorFunctions.exponentials(
                        UnsafeBufferPointer(rebasing: source[range]), shift: shift,
                        into: UnsafeMutableBufferPointer(rebasing: target[range]))
                }
            }
        }
        var ancestors = cloud.ancestors ?? []
        if ancestors.count != count { ancestors = [Int32](repeating: 0, count: count) }
        cloud.spareLogs.withUnsafeBufferPointer { weights in
            ancestors.withUnsafeMutableBufferPointer { resampling.fill($0, weights: weights, using: &root) }
        }
        cloud.ancestors = ancestors
        cloud.genealogy?.afterResampling(ancestors: ancestors)
        cloud.logOffset += summary.logTotal - log(Double(count))
    }
}

/// One sweep over the blocks of a cloud.
private struct SweepWork<Model: FeynmanKacModel>: Sendable {
    let model: Model
    let step: Int
    let count: Int
    let root: Random
    let ancestors: [Int32]?
    let logAuxiliary: [Double]?

    func run(
        block: Int, blockSize: Int, from old: UnsafeMutablePointer<Double>, to new: UnsafeMutablePointer<Double>,
        logWeights: UnsafeMutablePointer<Double>
    ) -> WeightSummary {
        let first = block * blockSize
        let length = min(blockSize, count - first)
        let dimension = model.dimension
        var random = root.split(UInt64(block))
        let particles = ParticleBlock(
            base: new + first, stride: count, dimension: dimension, count: length, start: first)
        let logs = UnsafeMutableBufferPointer(start: logWeights + first, count: length)
        if step == 0 {
            model.begin(particles, logPotentials: logs, using: &random)
        } else if let ancestors {
            ancestors.withUnsafeBufferPointer { all in
                let mine = all.baseAddress! + first
                withUnsafeTemporaryAllocation(of: Double.self, capacity: length * dimension) { gathered in
                    for column in 0..<dimension {
                        let source = old + column * count
                        let target = gathered.baseAddress! + column * length
                        for index in 0..<length { target[index] = source[Int(mine[index])] }
                    }
                    let previous = ParticleBlock(
                        base: gathered.baseAddress!, stride: length, dimension: dimension, count: length, start: first)
                    model.advance(step: step, from: previous, to: particles, logPotentials: logs, using: &random)
                }
                if let logAuxiliary {
                    for index in 0..<length { logs[index] -= logAuxiliary[Int(mine[index])] }
                }
            }
        } else {
            let previous = ParticleBlock(
                base: old + first, stride: count, dimension: dimension, count: length, start: first)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: length) { potentials in
                model.advance(step: step, from: previous, to: particles, logPotentials: potentials, using: &random)
                for index in 0..<length { logs[index] += potentials[index] }
            }
        }
        return WeightSummary(of: UnsafeBufferPointer(logs))
    }
}
