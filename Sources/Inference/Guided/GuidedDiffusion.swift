public import Cascades
internal import Foundation
internal import NumericalMethods

/// A diffusion over a stretch of time, guided to what is observed at its end by a linear process that stands in for it.
///
/// Backward, the Gaussian function g at the end is pulled back to every time of the grid through the linear process.
/// Forward, the diffusion moves with the guiding drift added,
///
///     dX = (b + σσᵀ r) dt + σ dW,   r = ∇ ln g(t, X) = F − H X,
///
/// with log-weight ∫ (b − b̃)·r − ½ tr((a − ã)(H − r rᵀ)) dt. The weight is exact for the path in continuous time; its
/// mean is unbiased up to the error of the grid. Where the stand-in is the process itself it is 0 everywhere.
///
/// For an observation nearly without noise, ã has to agree with a at the end, and the grid should be dense there.
///
/// - Source: Schauer, van der Meulen and van Zanten, 2017, Guided proposals for simulating multi-dimensional diffusion
///   bridges; as a rule of a graphical model in arXiv 2010.03509.
public struct GuidedDiffusion<Process: Diffusion>: GuidedKernel {
    /// How the guided equation is stepped.
    public enum Stepper: Sendable, Equatable {
        /// Euler-Maruyama.
        case euler
        /// Drift averaged over the step by a predictor (Heun); noise as in Euler's. Error of order 2 in the step where σ
        /// is constant.
        case heun
        /// The guided transition of the stand-in in closed form, with the difference of the drifts added; it needs the
        /// σ of the stand-in. Exact for a linear process, and stable for an observation without noise.
        case matched
    }

    /// How g is brought back over a step.
    public enum Filter: Sendable, Equatable {
        /// In closed form.
        case closedForm
        /// By a Runge-Kutta step of order 4.
        case rungeKutta
    }

    /// The diffusion.
    public let process: Process
    /// The stand-in.
    public let auxiliary: LinearProcess
    /// The times, `[steps + 1]`.
    public let grid: [Double]
    /// How the guided equation is stepped.
    public let stepper: Stepper
    /// How g is brought back.
    public let filter: Filter

    /// `process` over `grid`, guided by `auxiliary`.
    /// - Throws: `InferenceError.wrongShape`, `.empty`, `.improperParameter` for times that don't grow.
    public init(
        _ process: Process, auxiliary: LinearProcess, grid: [Double], stepper: Stepper = .euler,
        filter: Filter = .closedForm
    ) throws {
        guard process.dimension == auxiliary.offset.count, process.dimension > 0 else {
            throw InferenceError.wrongShape(
                what: "the stand-in", found: "\(auxiliary.offset.count) dimensions", expected: "\(process.dimension)")
        }
        guard stepper != .matched || process.noiseDimension == auxiliary.dispersion.columns else {
            throw InferenceError.wrongShape(
                what: "the noise of the stand-in", found: "\(auxiliary.dispersion.columns) dimensions",
                expected: "\(process.noiseDimension)")
        }
        guard grid.count > 1 else { throw InferenceError.empty(what: "the grid of times") }
        for index in 1..<grid.count where !(grid[index] > grid[index - 1] && grid[index].isFinite) {
            throw InferenceError.improperParameter(
                name: "time \(index)", value: "\(grid[index])", expected: "more than \(grid[index - 1])")
        }
        self.process = process
        self.auxiliary = auxiliary
        self.grid = grid
        self.stepper = stepper
        self.filter = filter
    }

    /// The guiding functions along the grid and what the steps need of them.
    public struct Message: Sendable {
        /// F, `[steps + 1, dimension]`.
        @usableFromInline let linear: [Double]
        /// H, `[steps + 1, dimension, dimension]`.
        @usableFromInline let precision: [Double]
        /// For the matched stepper: A of the mean A x + β°, `[steps, dimension, dimension]`.
        @usableFromInline let map: [Double]
        /// β°, `[steps, dimension]`.
        @usableFromInline let offset: [Double]
        /// A square root of the covariance, `[steps, dimension, dimension]`.
        @usableFromInline let root: [Double]
        /// ã, B and β of the stand-in, one after another.
        @usableFromInline let constants: [Double]
    }

    public var innovationCount: Int {
        (grid.count - 1) * (stepper == .matched ? process.dimension : process.noiseDimension)
    }

    public func pullBack(_ after: CanonicalGaussian) throws -> PulledBack<CanonicalGaussian, Message> {
        let d = process.dimension
        guard after.linear.count == d else {
            throw InferenceError.wrongShape(
                what: "the function at the end", found: "\(after.linear.count) dimensions", expected: "\(d)")
        }
        let steps = grid.count - 1
        var function = after
        var (linear, precision) = ([after.linear], [after.precision.storage])
        var (map, offset, root): ([[Double]], [[Double]], [[Double]]) = ([], [], [])
        var known: (duration: Double, transition: GaussianTransition)?
        for step in (0..<steps).reversed() {
            let duration = grid[step + 1] - grid[step]
            if known == nil || abs(known!.duration - duration) > 1e-13 * duration {
                known = (duration, try auxiliary.transition(duration: duration))
            }
            let transition = known!.transition
            if stepper == .matched {
                // y given x under g is N(Φx + β + Q°(F − H(Φx + β)), Q°).
                let noise = try TiltedNoise(root: transition.root, function)
                let shrink = Matrix.identity(d) - noise.covariance.multiplied(by: function.precision)
                map.append(shrink.multiplied(by: transition.map).storage)
                let pull = noise.covariance.multiplied(by: function.linear)
                offset.append(zip(shrink.multiplied(by: transition.offset), pull).map { $0 + $1 })
                root.append(noise.root.storage)
            }
            function =
                filter == .closedForm
                ? try transition.pulledBack(function) : try auxiliary.rungeKutta(function, duration: duration)
            linear.append(function.linear)
            precision.append(function.precision.storage)
        }
        func flat(_ parts: [[Double]]) -> [Double] { parts.reversed().flatMap { $0 } }
        return PulledBack(
            function,
            Message(
                linear: flat(linear), precision: flat(precision), map: flat(map), offset: flat(offset),
                root: flat(root), constants: auxiliary.diffusivity.storage + auxiliary.drift.storage + auxiliary.offset)
        )
    }

    public func push(_ input: [Double], _ message: Message, _ innovations: inout InnovationReader) -> Weighted<[Double]>
    {
        var state = input
        var workspace = [Double](repeating: 0, count: workspaceCount)
        let logWeight = workspace.withUnsafeMutableBufferPointer { work in
            state.withUnsafeMutableBufferPointer {
                simulate($0.baseAddress!, message, &innovations, work: work.baseAddress!, path: nil)
            }
        }
        return Weighted(state, logWeight: logWeight)
    }

    /// The whole path from `input`, `[steps + 1, dimension]`, with its log-weight.
    public func path(_ input: [Double], _ message: Message, _ innovations: inout InnovationReader) -> Weighted<[Double]>
    {
        var (state, path) = (input, [Double](repeating: 0, count: grid.count * input.count))
        var workspace = [Double](repeating: 0, count: workspaceCount)
        let logWeight = workspace.withUnsafeMutableBufferPointer { work in
            state.withUnsafeMutableBufferPointer { state in
                path.withUnsafeMutableBufferPointer {
                    simulate(
                        state.baseAddress!, message, &innovations, work: work.baseAddress!, path: $0.baseAddress!)
                }
            }
        }
        return Weighted(path, logWeight: logWeight)
    }
}
