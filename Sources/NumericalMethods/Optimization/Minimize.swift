internal import CNLopt

/// How `minimize` searches.
public enum MinimizationMethod: Sendable, Equatable {
    /// Limited-memory BFGS (Liu and Nocedal 1989): local, needs the gradient, bounds allowed.
    case lbfgs
    /// The simplex of Nelder and Mead (1965): local, no gradient, up to some ten unknowns.
    case nelderMead
    /// Nelder–Mead on subspaces (Rowan 1990): local, no gradient, more unknowns, tolerates kinks.
    case subplex
    /// Powell's BOBYQA (2009): local, no gradient, quadratic models; the fewest evaluations on smooth functions.
    case bobyqa
    /// Dividing rectangles (Gablonsky and Kelley 2001): global and deterministic, needs finite bounds.
    case direct
    /// Controlled random search with local mutation (Kaelo and Ali 2006): global, needs finite bounds. The same seed
    /// gives the same search.
    case controlledRandomSearch(seed: UInt)

    /// Whether the method looks at gradients.
    public var needsGradient: Bool { self == .lbfgs }

    /// Whether the method searches the whole box, which then has to be finite.
    public var isGlobal: Bool {
        switch self {
        case .direct, .controlledRandomSearch: true
        default: false
        }
    }

    var algorithm: nlopt_algorithm {
        switch self {
        case .lbfgs: NLOPT_LD_LBFGS
        case .nelderMead: NLOPT_LN_NELDERMEAD
        case .subplex: NLOPT_LN_SBPLX
        case .bobyqa: NLOPT_LN_BOBYQA
        case .direct: NLOPT_GN_DIRECT_L
        case .controlledRandomSearch: NLOPT_GN_CRS2_LM
        }
    }
}

/// The lowest point that a search saw.
public struct Minimum: Sendable, Equatable {
    /// Why a search ended.
    public enum StopReason: Sendable, Equatable {
        /// The value or the point moved by less than the tolerance.
        case converged
        /// The evaluations were used up.
        case evaluationsUsed
        /// Rounding or a failed line search allows no further progress; usual when the tolerance is near machine
        /// precision, otherwise a sign of a wrong gradient.
        case stalled
    }

    /// The point, `[unknowns]`.
    public let point: [Double]
    /// The objective there.
    public let value: Double
    /// How often the objective was called.
    public let evaluations: Int
    /// Why the search ended.
    public let reason: StopReason
}

/// Minimises a function of several unknowns without its gradient.
///
///     let rosenbrock = { (x: [Double]) in 100 * pow(x[1] - x[0] * x[0], 2) + pow(1 - x[0], 2) }
///     let minimum = try minimize(rosenbrock, from: [-1.2, 1], method: .bobyqa)      // at [1, 1]
///
/// - Parameters:
///   - objective: may return +∞ where it is not defined; an error that it throws ends the search and is rethrown.
///   - start: where the search begins; inside the bounds.
///   - bounds: one range per unknown, infinite ends allowed for local methods; nil for none.
///   - tolerance: relative change of value or point at which a local search has converged; a global one goes on
///     until its evaluations are used up.
///   - initialStep: the first step in every unknown; nil leaves it to the method.
/// - Throws: `NumericalError.notANumber` with the point at which the objective was NaN; `.invalidArgument`,
///   `.shapeMismatch`, `.libraryFailure`; whatever the objective throws.
public func minimize(
    _ objective: ([Double]) throws -> Double, from start: [Double], method: MinimizationMethod = .subplex,
    bounds: [ClosedRange<Double>]? = nil, tolerance: Double = 1e-8, maximumEvaluations: Int = 10_000,
    initialStep: Double? = nil
) throws -> Minimum {
    precondition(!method.needsGradient, "\(method) needs the gradient: call minimize(withGradient:from:)")
    return try withoutActuallyEscaping(objective) { objective in
        try NLoptSearch { point, _ in try objective(point) }.run(
            from: start, method: method, bounds: bounds, tolerance: tolerance, maximumEvaluations: maximumEvaluations,
            initialStep: initialStep)
    }
}

/// Minimises a function of several unknowns with its gradient, by L-BFGS.
///
/// - Parameters:
///   - objective: returns the value at a point and writes the gradient, `[unknowns]`, all of it.
///   - start, bounds, tolerance, maximumEvaluations: as for the function without gradient.
public func minimize(
    withGradient objective: (_ point: [Double], _ gradient: inout [Double]) throws -> Double, from start: [Double],
    bounds: [ClosedRange<Double>]? = nil, tolerance: Double = 1e-8, maximumEvaluations: Int = 10_000
) throws -> Minimum {
    try withoutActuallyEscaping(objective) { objective in
        try NLoptSearch(objective).run(
            from: start, method: .lbfgs, bounds: bounds, tolerance: tolerance, maximumEvaluations: maximumEvaluations,
            initialStep: nil)
    }
}
