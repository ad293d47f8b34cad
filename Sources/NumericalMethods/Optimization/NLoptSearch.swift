internal import CNLopt

/// One run of NLopt over a Swift closure.
///
/// C calls back with a pointer to this object. Nothing may be thrown through C, so an error is kept here, the search is
/// told to stop, and the error is thrown once C has returned.
final class NLoptSearch {
    private let objective: ([Double], inout [Double]) throws -> Double
    private var search: nlopt_opt?
    private var point: [Double] = []
    private var gradient: [Double] = []
    private var best: (point: [Double], value: Double)?
    private var evaluations = 0
    private var failure: (any Error)?
    private var method = ""

    init(_ objective: @escaping ([Double], inout [Double]) throws -> Double) {
        self.objective = objective
    }

    func run(
        from start: [Double], method: MinimizationMethod, bounds: [ClosedRange<Double>]?, tolerance: Double,
        maximumEvaluations: Int, initialStep: Double?
    ) throws -> Minimum {
        try check(start, method, bounds, tolerance, maximumEvaluations)
        if start.isEmpty {
            var none: [Double] = []
            return Minimum(point: [], value: try objective([], &none), evaluations: 1, reason: .converged)
        }
        guard let search = nlopt_create(method.algorithm, UInt32(start.count)) else {
            throw NumericalError.libraryFailure(
                library: "NLopt", routine: "nlopt_create", code: 0, message: "out of memory")
        }
        defer { nlopt_destroy(search) }
        self.search = search
        self.method = "minimize by \(method)"
        point = start
        gradient = [Double](repeating: 0, count: start.count)
        if let bounds {
            nlopt_set_lower_bounds(search, bounds.map(\.lowerBound))
            nlopt_set_upper_bounds(search, bounds.map(\.upperBound))
        }
        // A global search that has settled in one basin looks converged long before it has seen the others.
        if !method.isGlobal {
            nlopt_set_ftol_rel(search, tolerance)
            nlopt_set_xtol_rel(search, tolerance)
        }
        nlopt_set_maxeval(search, Int32(clamping: maximumEvaluations))
        if let initialStep { nlopt_set_initial_step1(search, initialStep) }
        // NLopt keeps its generator per thread; seeding it makes the search a function of its arguments.
        if case .controlledRandomSearch(let seed) = method { nlopt_srand(seed) }
        nlopt_set_min_objective(
            search,
            { count, x, gradient, data in
                Unmanaged<NLoptSearch>.fromOpaque(data!).takeUnretainedValue().evaluate(Int(count), x!, gradient)
            }, Unmanaged.passUnretained(self).toOpaque())

        var x = start
        var value = 0.0
        // C holds an unretained pointer to self during this call.
        let code = withExtendedLifetime(self) { nlopt_optimize(search, &x, &value) }
        if let failure { throw failure }
        guard let best else { throw libraryFailure(code, search) }
        return Minimum(point: best.point, value: best.value, evaluations: evaluations, reason: try reason(code, search))
    }

    private func reason(_ code: nlopt_result, _ search: nlopt_opt) throws -> Minimum.StopReason {
        switch code {
        case NLOPT_SUCCESS, NLOPT_FTOL_REACHED, NLOPT_XTOL_REACHED, NLOPT_STOPVAL_REACHED: return .converged
        case NLOPT_MAXEVAL_REACHED, NLOPT_MAXTIME_REACHED: return .evaluationsUsed
        // NLopt reports a line search without progress as a plain failure.
        case NLOPT_ROUNDOFF_LIMITED, NLOPT_FAILURE: return .stalled
        default: throw libraryFailure(code, search)
        }
    }

    private func libraryFailure(_ code: nlopt_result, _ search: nlopt_opt) -> NumericalError {
        let message = nlopt_get_errmsg(search) ?? nlopt_result_to_string(code)
        return .libraryFailure(
            library: "NLopt", routine: "nlopt_optimize", code: Int(code.rawValue),
            message: message.map { String(cString: $0) } ?? "unknown")
    }

    private func evaluate(_ count: Int, _ x: UnsafePointer<Double>, _ slope: UnsafeMutablePointer<Double>?) -> Double {
        // Some methods make a few more calls after they have been told to stop.
        if failure != nil { return .infinity }
        for index in 0..<count { point[index] = x[index] }
        evaluations += 1
        do {
            let value = try objective(point, &gradient)
            if value.isNaN { throw NumericalError.notANumber(method: method, point: point) }
            if let slope {
                precondition(gradient.count == count, "the gradient has one element per unknown")
                if value.isFinite && gradient.contains(where: \.isNaN) {
                    throw NumericalError.notANumber(method: "the gradient in \(method)", point: point)
                }
                for index in 0..<count { slope[index] = gradient[index] }
            }
            if best == nil || value < best!.value { best = (point, value) }
            return value
        } catch {
            failure = error
            nlopt_force_stop(search)
            return .infinity
        }
    }

    private func check(
        _ start: [Double], _ method: MinimizationMethod, _ bounds: [ClosedRange<Double>]?, _ tolerance: Double,
        _ evaluations: Int
    ) throws(NumericalError) {
        try requireFinite(start, "the start of a minimisation")
        guard tolerance >= 0 else {
            throw .invalidArgument(name: "the tolerance of a minimisation", value: tolerance, requirement: "0 or more")
        }
        guard evaluations >= 1 else {
            throw .invalidArgument(
                name: "the number of evaluations", value: Double(evaluations), requirement: "1 or more")
        }
        guard let bounds else {
            if method.isGlobal {
                throw .shapeMismatch(
                    what: "minimize by \(method)", expected: "finite bounds for all \(start.count) unknowns",
                    found: "none")
            }
            return
        }
        guard bounds.count == start.count else {
            throw .shapeMismatch(
                what: "the bounds of a minimisation", expected: "\(start.count) ranges", found: "\(bounds.count)")
        }
        for (index, range) in bounds.enumerated() {
            guard range.contains(start[index]) else {
                throw .invalidArgument(
                    name: "unknown \(index) of the start", value: start[index], requirement: "within \(range)")
            }
            if method.isGlobal && !(range.lowerBound.isFinite && range.upperBound.isFinite) {
                throw .invalidArgument(
                    name: "a bound of unknown \(index)",
                    value: range.lowerBound.isFinite ? range.upperBound : range.lowerBound,
                    requirement: "finite for a global search")
            }
        }
    }
}
