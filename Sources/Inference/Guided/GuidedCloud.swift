internal import Foundation
internal import Cascades
internal import NumericalMethods
public import Probability

/// Independent weighted draws from a guided model: importance sampling of what is hidden given what is observed.
public struct GuidedCloud<Output: Sendable>: Sendable {
    /// The draws.
    public let outputs: [Output]
    /// Their log-weights in nats, `[count]`.
    public let logWeights: [Double]

    /// `count` draws, in blocks of 64 that run side by side.
    /// - Throws: `InferenceError.empty`; `.nonFinite` naming the draw whose weight is NaN or infinite; `.zeroTotalWeight`.
    public init<Target: GuidedTarget>(of target: Target, count: Int, using random: inout Random) throws
    where Target.Output == Output {
        guard count > 0 else { throw InferenceError.empty(what: "the cloud") }
        let streams = random.fork()
        let blockSize = 64
        let blocks = try Parallel.map(count: (count + blockSize - 1) / blockSize) { block in
            var random = streams.split(UInt64(block))
            return try withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, target.innovationCount)) {
                buffer in
                let normals = UnsafeMutableBufferPointer(rebasing: buffer[0..<target.innovationCount])
                var part: [Weighted<Output>] = []
                for item in block * blockSize..<min(count, (block + 1) * blockSize) {
                    random.fillNormal(normals)
                    let draw = target.run(UnsafePointer(buffer.baseAddress!))
                    guard draw.logWeight < .infinity else {
                        throw InferenceError.nonFinite(
                            what: "the log-weight", place: "draw \(item)", value: draw.logWeight)
                    }
                    part.append(draw)
                }
                return part
            }
        }
        let draws = blocks.flatMap { $0 }
        outputs = draws.map(\.value)
        logWeights = draws.map(\.logWeight)
        guard logWeights.contains(where: { $0 > -.infinity }) else {
            throw InferenceError.zeroTotalWeight(place: "the cloud")
        }
    }

    /// ln of the mean weight: the log-likelihood of the observations, unbiased before the logarithm.
    public var logEvidence: Double { logSumExp(logWeights) - log(Double(logWeights.count)) }

    /// The standard error of the mean weight, relative to it: that of ``logEvidence`` where it is small.
    public var relativeError: Double {
        let count = Double(logWeights.count)
        let level = logEvidence
        let share = logWeights.map { exp($0 - level) }
        return (share.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } / (count * max(count - 1, 1))).squareRoot()
    }

    /// The weights, adding up to 1, `[count]`.
    public var weights: [Double] { softmax(logWeights) }

    /// 1 / Σ wᵢ²: how many equally weighted draws they are worth.
    public var effectiveSampleSize: Double { 1 / weights.reduce(0) { $0 + $1 * $1 } }

    /// The weighted mean of `value`, with the standard error of a ratio of means.
    public func mean(_ value: (Output) -> Double) -> Estimate {
        let (weights, values) = (weights, outputs.map(value))
        let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
        let square = zip(weights, values).reduce(0) { $0 + $1.0 * $1.0 * ($1.1 - mean) * ($1.1 - mean) }
        return Estimate(value: mean, standardError: square.squareRoot(), count: values.count)
    }
}
