internal import Foundation
internal import NumericalMethods

/// The filter of a one-dimensional state-space model by quadrature on a fixed grid: deterministic, and exact up to the
/// grid's spacing and ends. The yardstick for particle filters on models that have no closed form.
///
/// The integral over the last state is a sum over equally spaced points, whose error for smooth densities that vanish at
/// the ends falls faster than any power of the spacing. Transitions below e^-80 of the largest are left out.
public struct GridFilter<Model: TransitionDensityModel>: Sendable {
    /// The hidden chain and its data.
    public let model: Model
    /// Equally spaced states.
    public let points: [Double]
    /// Whether the transition is the same at every step, so that its table is made once.
    public let isHomogeneous: Bool

    /// What the filter found.
    public struct Result: Sendable {
        /// ln p(y₀, ..., y_T), in nats.
        public var logEvidence: Double
        /// ln p(y_t | y₀, ..., y_{t-1}), `[steps]`.
        public var logEvidenceIncrements: [Double]
        /// E[x_t | y₀, ..., y_t], `[steps]`.
        public var means: [Double]
        /// Var[x_t | y₀, ..., y_t], `[steps]`.
        public var variances: [Double]
        /// E[x_t | y₀, ..., y_T], `[steps]`, where smoothing was asked for.
        public var smoothedMeans: [Double]?
    }

    /// - Parameters:
    ///   - range: where the state lives, but for a negligible part.
    ///   - count: points of the grid, at least 3; several per standard deviation of the transition.
    /// - Throws: `InferenceError.unsupported` for a model of more dimensions, `.improperParameter`.
    public init(
        _ model: Model, range: ClosedRange<Double>, count: Int, isHomogeneous: Bool = true
    ) throws(InferenceError) {
        guard model.dimension == 1 else {
            throw .unsupported(
                what: "a grid over \(model.dimension) dimensions", place: "GridFilter", remedy: "Use a particle filter."
            )
        }
        guard count >= 3, count <= 1 << 20 else {
            throw .improperParameter(name: "count", value: "\(count)", expected: "from 3 to 2^20")
        }
        guard range.lowerBound.isFinite, range.upperBound.isFinite, range.lowerBound < range.upperBound else {
            throw .improperParameter(name: "range", value: "\(range)", expected: "finite and not empty")
        }
        guard model.stepCount >= 1 else { throw .empty(what: "the model's sequence of steps") }
        self.model = model
        self.isHomogeneous = isHomogeneous
        let spacing = (range.upperBound - range.lowerBound) / Double(count - 1)
        points = (0..<count).map { range.lowerBound + spacing * Double($0) }
    }

    /// The rows of a transition: for each new state the stretch of old ones that matter, and their densities times the
    /// spacing.
    private struct Rows: Sendable {
        var stretches: [Range<Int>]
        var values: [[Double]]
    }

    /// Runs forwards, and backwards where smoothed means are asked for (memory: steps times points).
    /// - Throws: `InferenceError.nonFinite`, `.impossibleObservation`, each with its step.
    public func run(smoothing: Bool = false) throws(InferenceError) -> Result {
        let count = points.count
        let spacing = points[1] - points[0]
        var density = points.map { x in withPoint(x) { exp(model.logInitial($0)) } }
        var filtered: [[Double]] = []
        var result = Result(logEvidence: 0, logEvidenceIncrements: [], means: [], variances: [], smoothedMeans: nil)
        var rows: Rows?
        var likelihood = [Double](repeating: 0, count: count)
        for step in 0..<model.stepCount {
            if step > 0 {
                if rows == nil || !isHomogeneous { rows = transition(step: step) }
                density = predict(density, rows!)
            }
            writeLikelihood(step: step, to: &likelihood)
            if let bad = likelihood.firstIndex(where: { !($0 < .infinity) }) {
                throw .nonFinite(
                    what: "a log-likelihood", place: "step \(step), state \(points[bad])", value: likelihood[bad])
            }
            let largest = likelihood.max()!
            guard largest > -.infinity else { throw .impossibleObservation(place: "step \(step)") }
            var total = 0.0
            for index in 0..<count {
                density[index] *= exp(likelihood[index] - largest)
                total += density[index]
            }
            guard total > 0, total.isFinite else {
                if total.isNaN { throw .nonFinite(what: "the density", place: "step \(step)", value: total) }
                throw .impossibleObservation(place: "step \(step)")
            }
            var mean = 0.0
            for index in 0..<count {
                density[index] /= total * spacing
                mean += density[index] * points[index] * spacing
            }
            var variance = 0.0
            for index in 0..<count {
                variance += density[index] * (points[index] - mean) * (points[index] - mean) * spacing
            }
            result.logEvidenceIncrements.append(largest + log(total * spacing))
            result.means.append(mean)
            result.variances.append(variance)
            if smoothing { filtered.append(density) }
        }
        result.logEvidence = result.logEvidenceIncrements.reduce(0, +)
        if smoothing { result.smoothedMeans = smoothedMeans(filtered, rows) }
        return result
    }

    /// E[x_t | all data] by passing p(x_t | all data) back through the transition.
    private func smoothedMeans(_ filtered: [[Double]], _ homogeneous: Rows?) -> [Double] {
        let count = points.count
        let spacing = points[1] - points[0]
        let mean = { (density: [Double]) in zip(density, points).reduce(0) { $0 + $1.0 * $1.1 } * spacing }
        var smoothed = filtered[filtered.count - 1]
        var means = [mean(smoothed)]
        for step in (1..<max(1, filtered.count)).reversed() {
            let rows = isHomogeneous ? homogeneous! : transition(step: step)
            let predicted = predict(filtered[step - 1], rows)
            var back = [Double](repeating: 0, count: count)
            for target in 0..<count where predicted[target] > 0 {
                let ratio = smoothed[target] / predicted[target]
                for (offset, value) in rows.values[target].enumerated() {
                    back[rows.stretches[target].lowerBound + offset] += value * ratio
                }
            }
            for index in 0..<count { back[index] *= filtered[step - 1][index] }
            let total = back.reduce(0, +) * spacing
            smoothed = back.map { $0 / total }
            means.append(mean(smoothed))
        }
        return means.reversed()
    }

    private func predict(_ density: [Double], _ rows: Rows) -> [Double] {
        Parallel.map(count: points.count, minimumChunk: 64) { target in
            let first = rows.stretches[target].lowerBound
            var sum = SIMD4<Double>()
            var rest = 0.0
            rows.values[target].withUnsafeBufferPointer { row in
                density.withUnsafeBufferPointer { density in
                    var index = 0
                    while index + 4 <= row.count {
                        for lane in 0..<4 { sum[lane] += row[index + lane] * density[first + index + lane] }
                        index += 4
                    }
                    while index < row.count {
                        rest += row[index] * density[first + index]
                        index += 1
                    }
                }
            }
            return sum.sum() + rest
        }
    }

    private func transition(step: Int) -> Rows {
        let count = points.count
        let spacing = points[1] - points[0]
        let rows = Parallel.map(count: count, minimumChunk: 16) { target in
            withPoint(points[target]) { state in
                let logs = points.map { x in withPoint(x) { model.logTransition(step: step, from: $0, to: state) } }
                let largest = logs.max() ?? -.infinity
                let first = logs.firstIndex { $0 > largest - 80 } ?? 0
                let last = logs.lastIndex { $0 > largest - 80 } ?? -1
                return (first..<max(first, last + 1), logs[first..<max(first, last + 1)].map { exp($0) * spacing })
            }
        }
        return Rows(stretches: rows.map(\.0), values: rows.map(\.1))
    }

    private func writeLikelihood(step: Int, to logs: inout [Double]) {
        var states = points
        let count = states.count
        states.withUnsafeMutableBufferPointer { states in
            logs.withUnsafeMutableBufferPointer { logs in
                model.writeLogLikelihood(
                    step: step,
                    of: ParticleBlock(base: states.baseAddress!, stride: count, dimension: 1, count: count, start: 0),
                    to: logs)
            }
        }
    }

    private func withPoint<Value>(_ x: Double, _ body: (Particle) -> Value) -> Value {
        withUnsafePointer(to: x) { body(Particle(base: $0, stride: 1)) }
    }
}
