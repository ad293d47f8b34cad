internal import NumericalMethods
public import Probability

extension GuidedDiffusion {
    /// Numbers of scratch that ``simulate(_:_:_:work:path:)`` takes.
    @inlinable
    var workspaceCount: Int {
        let (d, m) = (process.dimension, process.noiseDimension)
        return 6 * d + d * m
    }

    /// Moves `state` along the grid and returns the log-weight; writes the path where `path` is given.
    @inlinable
    func simulate(
        _ state: UnsafeMutablePointer<Double>, _ message: Message, _ innovations: inout InnovationReader,
        work: UnsafeMutablePointer<Double>, path: UnsafeMutablePointer<Double>?
    ) -> Double {
        message.linear.withUnsafeBufferPointer { linear in
            message.precision.withUnsafeBufferPointer { precision in
                message.constants.withUnsafeBufferPointer { constants in
                    move(
                        state, message,
                        GuideTables(
                            linear: linear.baseAddress!, precision: precision.baseAddress!,
                            constants: constants.baseAddress!), &innovations, work: work, path: path)
                }
            }
        }
    }

    @inlinable @inline(__always)
    func move(
        _ state: UnsafeMutablePointer<Double>, _ message: Message, _ tables: GuideTables,
        _ innovations: inout InnovationReader, work: UnsafeMutablePointer<Double>, path: UnsafeMutablePointer<Double>?
    ) -> Double {
        let (d, m) = (process.dimension, process.noiseDimension)
        let (total, predicted, noise, other) = (work, work + d, work + 2 * d, work + 3 * d)
        let scratch = work + 4 * d
        let sigma = work + 6 * d
        var logWeight = 0.0
        // Once, not at each step: comparing enums of a generic type is a call.
        let (isMatched, isEuler): (Bool, Bool) =
            switch stepper {
            case .matched: (true, false)
            case .euler: (false, true)
            case .heun: (false, false)
            }
        let isConstant = process.hasConstantDispersion
        if isConstant { process.dispersion(grid[0], state, sigma) }
        if let path { for i in 0..<d { path[i] = state[i] } }
        for step in 0..<(grid.count - 1) {
            let time = grid[step]
            let duration = grid[step + 1] - time
            if !isConstant { process.dispersion(time, state, sigma) }
            let rate = guide(step, time, state, tables, sigma, total: total, scratch: scratch)
            if isMatched {
                // `scratch` holds the difference of the drifts.
                let base = step * d * d
                for i in 0..<d {
                    var sum = message.offset[step * d + i] + duration * scratch[i]
                    for j in 0..<d { sum += message.map[base + i * d + j] * state[j] }
                    predicted[i] = sum
                }
                for j in 0..<d {
                    let z = innovations.normal()
                    for i in 0..<d { predicted[i] += message.root[base + i * d + j] * z }
                }
                logWeight += rate * duration
                for i in 0..<d { state[i] = predicted[i] }
            } else {
                for i in 0..<d { noise[i] = 0 }
                let scale = duration.squareRoot()
                for j in 0..<m {
                    let z = innovations.normal() * scale
                    for i in 0..<d { noise[i] += sigma[i * m + j] * z }
                }
                if isEuler {
                    for i in 0..<d { state[i] += total[i] * duration + noise[i] }
                    logWeight += rate * duration
                } else {
                    for i in 0..<d {
                        predicted[i] = state[i] + total[i] * duration + noise[i]
                        other[i] = total[i]
                    }
                    if !isConstant { process.dispersion(grid[step + 1], predicted, sigma) }
                    let end = guide(step + 1, grid[step + 1], predicted, tables, sigma, total: total, scratch: scratch)
                    for i in 0..<d { state[i] += 0.5 * (total[i] + other[i]) * duration + noise[i] }
                    logWeight += 0.5 * (rate + end) * duration
                }
            }
            if let path { for i in 0..<d { path[(step + 1) * d + i] = state[i] } }
        }
        return logWeight
    }

    /// Writes b + a r to `total` and b − b̃ to the head of `scratch`, `[2 * dimension]`; returns the rate of the
    /// log-weight.
    @inlinable @inline(__always)
    func guide(
        _ index: Int, _ time: Double, _ state: UnsafePointer<Double>, _ tables: GuideTables,
        _ sigma: UnsafePointer<Double>, total: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>
    ) -> Double {
        let (d, m) = (process.dimension, process.noiseDimension)
        let (gap, pull) = (scratch, scratch + d)
        let (f, h) = (tables.linear + index * d, tables.precision + index * d * d)
        let (diffusivity, drift) = (tables.constants, tables.constants + d * d)
        let offset = tables.constants + 2 * d * d
        process.drift(time, state, total)
        var rate = 0.0
        for i in 0..<d {
            var (r, tilde) = (f[i], offset[i])
            for j in 0..<d {
                r -= h[i * d + j] * state[j]
                tilde += drift[i * d + j] * state[j]
            }
            pull[i] = r
            gap[i] = total[i] - tilde
            rate += gap[i] * r
        }
        for i in 0..<d {
            for j in 0..<d {
                var a = 0.0
                for k in 0..<m { a += sigma[i * m + k] * sigma[j * m + k] }
                total[i] += a * pull[j]
                rate -= 0.5 * (a - diffusivity[i * d + j]) * (h[i * d + j] - pull[i] * pull[j])
            }
        }
        return rate
    }

    /// `count` guided paths from `input`, side by side.
    ///
    /// - Parameter logValue: ln g at the start, which is added to every weight.
    /// - Returns: the states at the end, `[count, dimension]`, and the log-weights, `[count]`.
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite` naming the path whose weight is NaN or infinite.
    @inlinable
    public func cloud(
        _ count: Int, from input: [Double], _ message: Message, logValue: Double = 0, using random: inout Random
    ) throws -> DiffusionCloud {
        let d = process.dimension
        guard input.count == d else {
            throw InferenceError.wrongShape(what: "the start", found: "\(input.count) dimensions", expected: "\(d)")
        }
        let streams = random.fork()
        var ends = [Double](repeating: 0, count: count * d)
        var logWeights = [Double](repeating: 0, count: count)
        let innovationCount = innovationCount
        ends.withUnsafeMutableBufferPointer { ends in
            logWeights.withUnsafeMutableBufferPointer { weights in
                // Each block writes its own paths only.
                nonisolated(unsafe) let (ends, weights) = (ends, weights)
                DiffusionCloud.forEachBlock(count) { block, paths in
                    var random = streams.split(UInt64(block))
                    var normals = [Double](repeating: 0, count: innovationCount)
                    var workspace = [Double](repeating: 0, count: workspaceCount)
                    normals.withUnsafeMutableBufferPointer { normals in
                        workspace.withUnsafeMutableBufferPointer { work in
                            for path in paths {
                                random.fillNormal(normals)
                                let state = ends.baseAddress! + path * d
                                for i in 0..<d { state[i] = input[i] }
                                var reader = InnovationReader(UnsafePointer(normals.baseAddress!))
                                weights[path] =
                                    logValue
                                    + simulate(state, message, &reader, work: work.baseAddress!, path: nil)
                            }
                        }
                    }
                }
            }
        }
        let cloud = DiffusionCloud(ends: ends, logWeights: logWeights)
        try cloud.check()
        return cloud
    }
}

/// Where a message's numbers lie while paths are simulated.
@usableFromInline
struct GuideTables {
    /// F, `[steps + 1, dimension]`.
    @usableFromInline let linear: UnsafePointer<Double>
    /// H, `[steps + 1, dimension, dimension]`.
    @usableFromInline let precision: UnsafePointer<Double>
    /// ã, B and β of the stand-in.
    @usableFromInline let constants: UnsafePointer<Double>

    @usableFromInline
    init(
        linear: UnsafePointer<Double>, precision: UnsafePointer<Double>, constants: UnsafePointer<Double>
    ) {
        self.linear = linear
        self.precision = precision
        self.constants = constants
    }
}

/// Ends and weights of many guided paths.
public struct DiffusionCloud: Sendable, Equatable {
    /// The states at the end, `[count, dimension]`.
    public let ends: [Double]
    /// The log-weights in nats, `[count]`.
    public let logWeights: [Double]

    @usableFromInline
    init(ends: [Double], logWeights: [Double]) {
        self.ends = ends
        self.logWeights = logWeights
    }

    @usableFromInline
    static func forEachBlock(_ count: Int, _ body: @Sendable (Int, Range<Int>) -> Void) {
        let size = 64
        Parallel.forEach(count: (count + size - 1) / size) { body($0, $0 * size..<min(count, ($0 + 1) * size)) }
    }

    @usableFromInline
    func check() throws {
        if let path = logWeights.firstIndex(where: { !($0 < .infinity) }) {
            throw InferenceError.nonFinite(what: "the log-weight", place: "path \(path)", value: logWeights[path])
        }
    }
}
