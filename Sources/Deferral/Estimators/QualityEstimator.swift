public import Cascades

/// Estimates how good each stage's answer is or would be, from what is known of an item so far.
///
/// Post-hoc rules, routers and cascade routing all decide on such estimates. One estimator serves every set of
/// stages that may have answered: signals of stages not asked are `NaN` to it.
public protocol QualityEstimator: Codable, Sendable {
    /// Writes the estimated quality of every stage, `[stages]`. Allocates nothing.
    func estimate(_ state: PolicyState, into qualities: UnsafeMutableBufferPointer<Double>)
}
