internal import Foundation

/// Dual averaging of a step size towards a mean acceptance.
///
/// With the deviation of each step's acceptance from the target, log ε is driven to where the deviations average to
/// zero, and a weighted average of its path settles there.
///
/// - Source: M. Hoffman and A. Gelman, 2014, section 3.2, equations 5 and 6, with their constants γ = 0.05, t₀ = 10,
///   κ = 0.75.
public struct DualAveraging: Sendable, Equatable {
    /// The mean acceptance aimed at.
    public let target: Double
    /// The step size to be used next.
    public private(set) var stepSize: Double
    private var shrinkage: Double
    private var deviation = 0.0
    private var logAverage = 0.0
    private var count = 0.0

    /// Starts at `stepSize`, from where larger ones are tried first.
    public init(target: Double, stepSize: Double) {
        self.target = target
        self.stepSize = stepSize
        shrinkage = log(10 * stepSize)
    }

    /// Learns from a step's mean acceptance; a NaN counts as 0.
    public mutating func update(_ acceptance: Double) {
        let acceptance = acceptance >= 0 ? min(acceptance, 1) : 0
        count += 1
        let share = 1 / (count + 10)
        deviation = (1 - share) * deviation + share * (target - acceptance)
        let logStep = shrinkage - deviation * count.squareRoot() / 0.05
        let forgetting = pow(count, -0.75)
        logAverage = (1 - forgetting) * logAverage + forgetting * logStep
        stepSize = exp(min(max(logStep, -700), 700))
    }

    /// Begins anew at `stepSize`.
    public mutating func restart(_ stepSize: Double) {
        self = DualAveraging(target: target, stepSize: stepSize)
    }

    /// The averaged step size: what to keep at the end.
    public var averagedStepSize: Double { count == 0 ? stepSize : exp(logAverage) }
}
