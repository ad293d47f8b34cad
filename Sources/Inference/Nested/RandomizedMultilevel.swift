public import Probability

/// An unbiased estimate of the limit of ``CoupledLevels`` from a random number of levels.
///
/// With N geometric, P(N ≥ n) = ratioⁿ:
/// - `singleTerm` draws level N alone and divides it by P(N = n);
/// - `independentSum` draws each level up to N afresh and divides it by P(N ≥ n).
///
/// Level 0 is kept in every draw of both, so that the spread is free of the size of the mean.
///
/// - Source: Rhee and Glynn, 2015, Unbiased estimation with square root convergence for SDE models, sections 2 and 3;
///   independentSum is their independent sum estimator.
public struct RandomizedMultilevel<Levels: CoupledLevels>: CostedSampler {
    /// How levels are put together.
    public enum Form: Sendable, Equatable {
        /// One level a draw.
        case singleTerm
        /// All levels up to a random one, each drawn afresh.
        case independentSum
    }

    /// The levels.
    public let levels: Levels
    /// How they are put together.
    public let form: Form
    /// P(N ≥ n + 1) / P(N ≥ n). The mean cost is finite where it times the growth of cost is below 1, the variance
    /// where the fall of the levels' variance is below it.
    public let ratio: Double

    /// An estimator over `levels`; the default ratio 2^−3/2 is best where cost doubles and variance falls by 4 a level.
    /// - Throws: `InferenceError.improperParameter` for a ratio outside (0, 1).
    public init(_ levels: Levels, form: Form = .singleTerm, ratio: Double = 0.353_553_390_593_273_8) throws {
        guard ratio > 0, ratio < 1 else {
            throw InferenceError.improperParameter(name: "the ratio", value: "\(ratio)", expected: "a number in (0, 1)")
        }
        self.levels = levels
        self.form = form
        self.ratio = ratio
    }

    @inlinable
    public func draw(using random: inout Random) -> CostedDraw {
        let uniform = random.uniformOpen()
        var total = levels.difference(level: 0, using: &random)
        // `tail` is P(N ≥ n) as n goes up.
        var (n, tail) = (0, ratio)
        while uniform < tail {
            n += 1
            if form == .independentSum {
                let term = levels.difference(level: n, using: &random)
                total.value += term.value / tail
                total.cost += term.cost
            }
            tail *= ratio
        }
        if form == .singleTerm, n > 0 {
            let term = levels.difference(level: n, using: &random)
            total.value += term.value * ratio / ((1 - ratio) * tail)
            total.cost += term.cost
        }
        return total
    }
}

/// The coupled sum: all levels up to a random one on the same randomness.
///
/// A draw of the whole path P₀, P₁, …, P_N on one source of chance, summed with weights 1 / P(N ≥ n).
///
/// - Source: Rhee and Glynn, 2015, the coupled sum estimator.
public struct CoupledSum<Levels: NestedApproximations>: CostedSampler {
    /// The approximations.
    public let levels: Levels
    /// P(N ≥ n + 1) / P(N ≥ n).
    public let ratio: Double

    /// An estimator over `levels`.
    /// - Throws: `InferenceError.improperParameter` for a ratio outside (0, 1).
    public init(_ levels: Levels, ratio: Double = 0.353_553_390_593_273_8) throws {
        guard ratio > 0, ratio < 1 else {
            throw InferenceError.improperParameter(name: "the ratio", value: "\(ratio)", expected: "a number in (0, 1)")
        }
        self.levels = levels
        self.ratio = ratio
    }

    public func draw(using random: inout Random) -> CostedDraw {
        let uniform = random.uniformOpen()
        var (last, tail) = (0, ratio)
        while uniform < tail {
            last += 1
            tail *= ratio
        }
        let (values, cost) = levels.approximations(upTo: last, using: &random)
        var (total, weight) = (values[0], 1.0)
        for n in 1..<max(values.count, 1) {
            weight *= ratio
            total += (values[n] - values[n - 1]) / weight
        }
        return CostedDraw(value: total, cost: cost)
    }
}

/// Approximations of all levels up to one, made on the same randomness.
public protocol NestedApproximations: Sendable {
    /// P₀ … P_last, `[last + 1]`, and what they cost together. The joint law of P₀ … P_n must not depend on `last`.
    func approximations(upTo last: Int, using random: inout Random) -> (values: [Double], cost: Double)
}
