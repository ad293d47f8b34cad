/// Limited-memory BFGS for many unknowns, with an optional penalty on absolute values.
///
/// Minimises `f(x) + absolutePenalty * sum |x_i|` for a smooth `f`. Without the penalty the steps are L-BFGS with the line
/// search of Moré and Thuente; with it they are orthant-wise (OWL-QN): the direction comes from the pseudo-gradient, and
/// no step leaves the orthant that it chose, so that unknowns become exactly zero.
///
///     let search = LimitedMemoryBFGS(absolutePenalty: 0.5)
///     let minimum = try search.minimize(from: [0, 0]) { x, gradient in
///         gradient = [2 * (x[0] - 3), 2 * (x[1] - 0.1)]
///         return (x[0] - 3) * (x[0] - 3) + (x[1] - 0.1) * (x[1] - 0.1)
///     }
///     minimum.point                              // [2.75, 0]
///
/// For some thousand unknowns or fewer without a penalty, ``minimize(withGradient:from:bounds:tolerance:maximumEvaluations:)``
/// does as well and takes bounds.
///
/// - Source: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization"; Moré and Thuente 1994,
///   "Line search algorithms with guaranteed sufficient decrease"; Andrew and Gao 2007, "Scalable training of
///   L1-regularized log-linear models".
public struct LimitedMemoryBFGS: Sendable, Equatable {
    /// Returns the smooth part at a point and writes its whole gradient.
    public typealias Objective = (_ point: [Double], _ gradient: inout [Double]) throws -> Double

    /// How many past steps shape the curvature.
    public var memory: Int
    /// The penalty on each unknown's absolute value; 0 for none.
    public var absolutePenalty: Double
    /// Converged when the norm of the (pseudo-)gradient is at most this times the larger of 1 and the point's norm.
    public var gradientTolerance: Double
    /// Converged when the value fell by less than this, relatively, over the last `period` steps; 0 for never.
    public var valueTolerance: Double
    /// How many steps back `valueTolerance` looks.
    public var period: Int
    /// The most steps.
    public var maximumSteps: Int
    /// The most evaluations in one step.
    public var maximumTrials: Int

    /// A search.
    public init(
        memory: Int = 6, absolutePenalty: Double = 0, gradientTolerance: Double = 1e-5, valueTolerance: Double = 1e-5,
        period: Int = 10, maximumSteps: Int = 1000, maximumTrials: Int = 20
    ) {
        precondition(memory >= 1 && period >= 1 && maximumTrials >= 1, "memory, period and trials are at least 1")
        self.memory = memory
        self.absolutePenalty = absolutePenalty
        self.gradientTolerance = gradientTolerance
        self.valueTolerance = valueTolerance
        self.period = period
        self.maximumSteps = maximumSteps
        self.maximumTrials = maximumTrials
    }

    /// Where a search stands.
    public struct State: Sendable {
        /// The point, `[unknowns]`.
        public internal(set) var point: [Double]
        /// The objective there, with the penalty.
        public internal(set) var value: Double
        /// The gradient of the smooth part, `[unknowns]`.
        public internal(set) var gradient: [Double]
        /// Steps taken.
        public internal(set) var steps = 0
        /// How often the objective was called.
        public internal(set) var evaluations = 1
        /// Why the search is over; nil while it goes on.
        public internal(set) var reason: Minimum.StopReason?
        var history: CurvatureHistory
        /// The last `period` values, oldest first.
        var recentValues: [Double] = []
    }

    /// What one step did.
    public struct Info: Sendable, Equatable {
        /// The objective after it, with the penalty.
        public let value: Double
        /// The norm of the (pseudo-)gradient after it.
        public let gradientNorm: Double
        /// How far it went, in multiples of the search direction; 0 where no progress was possible.
        public let length: Double
        /// How often it called the objective.
        public let evaluations: Int
    }

    /// The search at its start.
    /// - Throws: ``NumericalError`` for a start or an objective that is not finite; whatever the objective throws.
    public func start(at point: [Double], _ objective: Objective) throws -> State {
        guard absolutePenalty >= 0, absolutePenalty.isFinite else {
            throw NumericalError.invalidArgument(
                name: "absolutePenalty", value: absolutePenalty, requirement: "at least 0 and finite")
        }
        try requireFinite(point, "the start")
        var gradient = [Double](repeating: 0, count: point.count)
        let value = try evaluate(objective, point, &gradient)
        guard value.isFinite else {
            throw NumericalError.nonFinite(what: "the objective at the start", index: 0, value: value)
        }
        var state = State(
            point: point, value: value, gradient: gradient,
            history: CurvatureHistory(capacity: memory, unknowns: point.count))
        state.recentValues = [value]
        if isConverged(norm: norm(pseudoGradient(state)), point) { state.reason = .converged }
        return state
    }

    /// One step. Does nothing once the state has a reason to stop.
    public func step(_ state: inout State, _ objective: Objective) throws -> Info {
        let steepest = pseudoGradient(state)
        guard state.reason == nil else {
            return Info(value: state.value, gradientNorm: norm(steepest), length: 0, evaluations: 0)
        }
        var direction = steepest
        state.history.applyInverse(to: &direction)
        for i in direction.indices { direction[i] = -direction[i] }
        if absolutePenalty > 0 {
            // The direction must agree with steepest descent in every unknown.
            for i in direction.indices where direction[i] * steepest[i] >= 0 { direction[i] = 0 }
        }
        var slope = dotProduct(direction, steepest)
        if !(slope < 0) {
            // Rounding spoilt the curvature: begin afresh with steepest descent.
            state.history.removeAll()
            direction = steepest.map { -$0 }
            slope = -dotProduct(steepest, steepest)
        }
        let first = state.history.isEmpty ? 1 / norm(direction) : 1
        var trial = Trial(
            point: state.point, gradient: [Double](repeating: 0, count: state.point.count), value: state.value)
        let outcome =
            absolutePenalty > 0
            ? try orthantSearch(from: state, along: direction, steepest: steepest, first: first, &trial, objective)
            : try MoreThuenteSearch(maximumTrials: maximumTrials).run(
                value: state.value, slope: slope, first: first
            ) { length in
                for i in direction.indices { trial.point[i] = state.point[i] + length * direction[i] }
                trial.value = try evaluate(objective, trial.point, &trial.gradient)
                return (trial.value, dotProduct(trial.gradient, direction))
            }
        state.evaluations += outcome.evaluations
        guard outcome.length > 0, trial.value <= state.value else {
            state.reason = .stalled
            return Info(
                value: state.value, gradientNorm: norm(steepest), length: 0, evaluations: outcome.evaluations)
        }
        state.history.add(from: state.point, state.gradient, to: trial.point, trial.gradient)
        (state.point, state.gradient, state.value) = (trial.point, trial.gradient, trial.value)
        state.steps += 1
        let size = norm(pseudoGradient(state))
        if isConverged(norm: size, state.point) || hasSettled(&state) {
            state.reason = .converged
        } else if state.steps >= maximumSteps {
            state.reason = .evaluationsUsed
        }
        return Info(
            value: state.value, gradientNorm: size, length: outcome.length, evaluations: outcome.evaluations)
    }

    /// Steps until the search is over.
    /// - Parameter observe: told of every step; returns false to stop there.
    public func minimize(
        from start: [Double], _ objective: Objective, observe: (State, Info) throws -> Bool = { _, _ in true }
    ) throws -> Minimum {
        var state = try self.start(at: start, objective)
        while state.reason == nil, state.steps < maximumSteps {
            let info = try step(&state, objective)
            if try !observe(state, info) { break }
        }
        return Minimum(
            point: state.point, value: state.value, evaluations: state.evaluations,
            reason: state.reason ?? .evaluationsUsed)
    }

    // MARK: Parts

    struct Trial {
        var point: [Double]
        var gradient: [Double]
        var value: Double
    }

    /// The objective with the penalty; the gradient without it.
    func evaluate(_ objective: Objective, _ point: [Double], _ gradient: inout [Double]) throws -> Double {
        var value = try objective(point, &gradient)
        precondition(gradient.count == point.count, "the objective wrote a gradient of another length")
        if value.isNaN {
            throw NumericalError.notANumber(method: "L-BFGS", point: Array(point.prefix(8)))
        }
        if value.isFinite { try requireFinite(gradient, "the gradient") }
        if absolutePenalty > 0 { value += absolutePenalty * point.reduce(0) { $0 + abs($1) } }
        return value
    }

    /// The gradient, or with a penalty the subgradient of least norm.
    func pseudoGradient(_ state: State) -> [Double] {
        guard absolutePenalty > 0 else { return state.gradient }
        let (point, gradient, c) = (state.point, state.gradient, absolutePenalty)
        return point.indices.map { i in
            if point[i] < 0 { return gradient[i] - c }
            if point[i] > 0 { return gradient[i] + c }
            if gradient[i] < -c { return gradient[i] + c }
            if gradient[i] > c { return gradient[i] - c }
            return 0
        }
    }

    /// Halves the step until the value has fallen enough, every trial projected onto the orthant of the start.
    private func orthantSearch(
        from state: State, along direction: [Double], steepest: [Double], first: Double, _ trial: inout Trial,
        _ objective: Objective
    ) throws -> (length: Double, evaluations: Int) {
        var length = first
        for evaluation in 1...maximumTrials {
            var change = 0.0
            for i in direction.indices {
                let start = state.point[i]
                let side = start != 0 ? start : -steepest[i]
                let moved = start + length * direction[i]
                trial.point[i] = moved * side > 0 ? moved : 0
                change += steepest[i] * (trial.point[i] - start)
            }
            trial.value = try evaluate(objective, trial.point, &trial.gradient)
            if trial.value <= state.value + 1e-4 * change { return (length, evaluation) }
            length *= 0.5
        }
        return (0, maximumTrials)
    }

    private func isConverged(norm size: Double, _ point: [Double]) -> Bool {
        size <= gradientTolerance * max(1, norm(point))
    }

    private func hasSettled(_ state: inout State) -> Bool {
        defer {
            state.recentValues.append(state.value)
            if state.recentValues.count > period { state.recentValues.removeFirst() }
        }
        guard valueTolerance > 0, state.recentValues.count == period else { return false }
        return state.recentValues[0] - state.value < valueTolerance * abs(state.value)
    }

    private func norm(_ vector: [Double]) -> Double { dotProduct(vector, vector).squareRoot() }
}
