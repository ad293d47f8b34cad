public import NumericalMethods
public import Probability

/// Many runs of an Ito chain, and of its diffusion, to a fixed time.
public struct ItoSimulation<Chain: ItoChain>: Sendable {
    /// The chain.
    public let chain: Chain
    /// Where all runs start, `[dimension]`.
    public let start: [Double]
    /// The time at which they end.
    public let time: Double

    /// Runs of `chain` from `start` to `time`.
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter`.
    public init(_ chain: Chain, start: [Double], time: Double) throws {
        guard start.count == chain.limit.dimension else {
            throw InferenceError.wrongShape(
                what: "the start", found: "\(start.count) dimensions", expected: "\(chain.limit.dimension)")
        }
        guard time > 0, time.isFinite else {
            throw InferenceError.improperParameter(name: "the time", value: "\(time)", expected: "above 0")
        }
        self.chain = chain
        self.start = start
        self.time = time
    }

    /// Ends of `count` runs of the chain with `steps` steps, `[count, dimension]`.
    /// - Throws: `InferenceError.nonFinite` naming a run that diverged, `.improperParameter`.
    @inlinable
    public func chainEnds(_ count: Int, steps: Int, using random: inout Random) throws -> [Double] {
        try check(steps)
        let stepSize = time / Double(steps)
        return try ends(count, workspace: chain.workspaceCount, using: &random) { state, work, random in
            for _ in 0..<steps { chain.step(state, stepSize: stepSize, work: work, using: &random) }
        }
    }

    /// Ends of `count` paths of the diffusion that belongs to a chain of `steps` steps, `[count, dimension]`.
    ///
    /// Simulated with `refinement` steps to one of the chain, the drift by Heun's rule.
    /// - Throws: as ``chainEnds(_:steps:using:)``.
    @inlinable
    public func limitEnds(_ count: Int, steps: Int, refinement: Int = 8, using random: inout Random) throws -> [Double]
    {
        try check(steps)
        try check(refinement)
        let limit = chain.limit
        let (d, m) = (limit.dimension, limit.noiseDimension)
        let duration = time / Double(steps * refinement)
        let scale = duration.squareRoot() * power(time / Double(steps), chain.orders.noise / 2)
        return try ends(count, workspace: d * (m + 4), using: &random) { state, work, random in
            let (first, second, predicted, noise) = (work, work + d, work + 2 * d, work + 3 * d)
            let sigma = work + 4 * d
            if limit.hasConstantDispersion { limit.dispersion(0, state, sigma) }
            for _ in 0..<steps * refinement {
                if !limit.hasConstantDispersion { limit.dispersion(0, state, sigma) }
                limit.drift(0, state, first)
                for i in 0..<d { noise[i] = 0 }
                for j in 0..<m {
                    let z = scale * random.normal()
                    for i in 0..<d { noise[i] += sigma[i * m + j] * z }
                }
                for i in 0..<d { predicted[i] = state[i] + duration * first[i] + noise[i] }
                limit.drift(0, predicted, second)
                for i in 0..<d { state[i] += 0.5 * duration * (first[i] + second[i]) + noise[i] }
            }
        }
    }

    @usableFromInline
    func check(_ steps: Int) throws {
        guard steps > 0 else {
            throw InferenceError.improperParameter(
                name: "the number of steps", value: "\(steps)", expected: "1 or more")
        }
    }

    @inlinable
    func ends(
        _ count: Int, workspace: Int, using random: inout Random,
        _ run: @Sendable (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, inout Random) -> Void
    ) throws -> [Double] {
        guard count > 0 else { throw InferenceError.empty(what: "the runs") }
        let d = start.count
        let streams = random.fork()
        let size = 256
        let parts = Parallel.map(count: (count + size - 1) / size) { block in
            var random = streams.split(UInt64(block))
            let runs = block * size..<min(count, (block + 1) * size)
            var part = [Double](repeating: 0, count: runs.count * d)
            var work = [Double](repeating: 0, count: max(workspace, 1))
            part.withUnsafeMutableBufferPointer { part in
                work.withUnsafeMutableBufferPointer { work in
                    for index in 0..<runs.count {
                        let state = part.baseAddress! + index * d
                        for i in 0..<d { state[i] = start[i] }
                        run(state, work.baseAddress!, &random)
                    }
                }
            }
            return part
        }
        let result = parts.flatMap { $0 }
        if let index = result.firstIndex(where: { !$0.isFinite }) {
            throw InferenceError.nonFinite(what: "the end of a run", place: "run \(index / d)", value: result[index])
        }
        return result
    }
}
