internal import Foundation
public import Probability

/// Slice sampling along lines: a level under the density is drawn, an interval around the point is stepped out until both
/// ends lie below the level, and points of it are tried, the interval shrinking to the point, until one lies above.
///
/// - Source: R. Neal, "Slice sampling", Annals of Statistics 31, 2003, figures 3 and 5; lines in random directions after
///   "hit and run".
public struct SliceSampler<Target: LogDensityFunction>: TargetedKernel {
    /// Which lines a step takes.
    public enum Direction: String, Sendable, CaseIterable, Codable {
        /// Each coordinate in turn: a step moves all of them.
        case coordinates
        /// One line in a random direction, scaled by the widths.
        case hitAndRun
    }

    /// The density.
    public var target: Target
    /// The interval's width before it is stepped out, `[dimension]`: about two standard deviations. The warm-up learns it.
    public var widths: [Double]
    /// The lines.
    public var direction: Direction
    /// The most widths that an interval may span.
    public var maximumWidths: Int

    /// A sampler of `target`; widths of 1 where nil.
    public init(
        target: Target, widths: [Double]? = nil, direction: Direction = .coordinates, maximumWidths: Int = 100
    ) {
        self.target = target
        self.widths = widths ?? [Double](repeating: 1, count: max(target.dimension, 0))
        self.direction = direction
        self.maximumWidths = maximumWidths
    }

    /// What the warm-up has learned.
    public struct Adaptation: Sendable {
        var moments: RunningMoments
        var steps = 0
        var nextRefresh = 25
    }

    /// The number of coordinates.
    public var dimension: Int { target.dimension }

    /// The state at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> ChainState {
        guard widths.count == dimension else {
            throw .wrongShape(what: "widths", found: "[\(widths.count)]", expected: "[\(dimension)]")
        }
        for width in widths { try KernelCheck.positive(width, "a width") }
        try KernelCheck.count(maximumWidths, "maximumWidths")
        return try ChainState(of: target, at: position, scratch: 2)
    }

    /// One transition.
    public func step(_ state: inout ChainState, using random: inout Random) -> StepInfo {
        let d = state.dimension
        var logDensity = state.logDensity
        var evaluations = 0
        state.storage.withUnsafeMutableBufferPointer { memory in
            let here = memory.baseAddress!
            let (line, trial) = (here + 2 * d, here + 3 * d)
            switch direction {
            case .coordinates:
                for i in 0..<d { line[i] = 0 }
                for i in 0..<d {
                    line[i] = widths[i]
                    move(here, line, trial, &logDensity, &evaluations, &random)
                    line[i] = 0
                }
            case .hitAndRun:
                random.fillNormal(UnsafeMutableBufferPointer(start: line, count: d))
                var squares = 0.0
                for i in 0..<d { squares += line[i] * line[i] }
                let scale = 1 / max(squares, .leastNormalMagnitude).squareRoot()
                for i in 0..<d { line[i] *= scale * widths[i] }
                move(here, line, trial, &logDensity, &evaluations, &random)
            }
        }
        state.logDensity = logDensity
        return StepInfo(acceptance: 1, energy: -logDensity, evaluations: evaluations)
    }

    /// Moves `here` along `line`, whose length is the width.
    private func move(
        _ here: UnsafeMutablePointer<Double>, _ line: UnsafeMutablePointer<Double>,
        _ trial: UnsafeMutablePointer<Double>, _ logDensity: inout Double, _ evaluations: inout Int,
        _ random: inout Random
    ) {
        let d = target.dimension
        let level = logDensity - random.exponential()
        func value(_ t: Double) -> Double {
            evaluations += 1
            for i in 0..<d { trial[i] = here[i] + t * line[i] }
            let value = target.evaluate(trial, d)
            return value.isNaN ? -.infinity : value
        }
        var low = -random.uniform()
        var high = low + 1
        // The steps are shared out between the ends beforehand: with a limit the move is reversible only so.
        var stepsDown = Int(Double(maximumWidths) * random.uniform())
        var stepsUp = maximumWidths - 1 - stepsDown
        while stepsDown > 0, value(low) > level {
            low -= 1
            stepsDown -= 1
        }
        while stepsUp > 0, value(high) > level {
            high += 1
            stepsUp -= 1
        }
        while true {
            let t = low + (high - low) * random.uniform()
            let found = value(t)
            if found > level {
                here.update(from: trial, count: d)
                logDensity = found
                return
            }
            if t < 0 { low = t } else { high = t }
            // The interval shrank to the point itself, as it does where the density is a spike to rounding.
            if high - low < 1e-15 { return }
        }
    }

    /// Begins a warm-up.
    public mutating func startAdaptation(
        _ state: ChainState, steps: Int, using random: inout Random
    ) -> Adaptation {
        Adaptation(moments: RunningMoments(dimension: dimension, isDense: false))
    }

    /// Learns from a step: the widths follow the standard deviations.
    public mutating func adapt(
        _ adaptation: inout Adaptation, _ state: ChainState, _ info: StepInfo, using random: inout Random
    ) {
        adaptation.steps += 1
        adaptation.moments.add(state.storage[..<state.dimension])
        guard adaptation.steps == adaptation.nextRefresh else { return }
        adaptation.nextRefresh *= 2
        // Along a random line the density spans about as much as along an axis, times √dimension of the unit direction.
        let factor = direction == .coordinates ? 2 : 2 * Double(dimension).squareRoot()
        for (i, variance) in adaptation.moments.variances.enumerated() where variance > 0 && variance.isFinite {
            widths[i] = factor * variance.squareRoot()
        }
        adaptation.moments = RunningMoments(dimension: dimension, isDense: false)
    }

    /// The kernel stays as the last step left it.
    public mutating func finish(_ adaptation: Adaptation) {}
}
