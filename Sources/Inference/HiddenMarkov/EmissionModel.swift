public import Probability

/// Eight states side by side: state `k` is lane `k % 8` of vector `k / 8`, and lanes past the last state hold nothing.
///
/// Loops over states then need no tail, and one instruction works on several states.
public typealias StateVector = SIMD8<Double>

/// What a hidden Markov model shows in each of its states.
///
/// A conformance works on whole stretches of time, so that its calls cost nothing beside its work. All buffers are
/// `[times, vectors]` of ``StateVector``, with `vectors` the least number that holds all states; statistics are one flat
/// buffer of sums, so that those of two stretches are added element by element.
///
/// The methods on buffers expect observations that passed ``check(_:name:)``.
public protocol EmissionModel: Sendable, Equatable {
    /// A whole sequence of observations.
    associatedtype Observations: Sendable
    /// What is believed of the parameters before any observation.
    associatedtype Prior: Sendable

    /// The number of hidden states.
    var states: Int { get }
    /// How many vectors the sums of ``accumulate(_:times:posterior:into:)`` take.
    var statisticsCount: Int { get }

    /// The number of observations in a sequence.
    static func length(of observations: Observations) -> Int
    /// Throws ``InferenceError`` where a sequence can't be one of this model; `name` is what the error calls it.
    func check(_ observations: Observations, name: String) throws(InferenceError)

    /// Writes the log-density of each observation under each state, in nats; −infinity in lanes without a state.
    func writeLogDensities(
        of observations: Observations, times: Range<Int>, into target: UnsafeMutablePointer<StateVector>)
    /// Writes the density of each observation under each state divided by the largest of them, 0 in lanes without a
    /// state, and the logarithm of the divisor; where all are 0, zeros and −infinity.
    func writeLikelihoods(
        of observations: Observations, times: Range<Int>, into target: UnsafeMutablePointer<StateVector>,
        logScales: UnsafeMutablePointer<Double>)
    /// Adds what `times` say of the parameters, weighted by the posterior `[times, vectors]` of the states.
    func accumulate(
        _ observations: Observations, times: Range<Int>, posterior: UnsafePointer<StateVector>,
        into statistics: UnsafeMutablePointer<StateVector>)
    /// The parameters of greatest expected log-density under the sums and the prior; a state without weight keeps its own.
    func maximised(_ statistics: [StateVector], prior: Prior) throws(InferenceError) -> Self
    /// The logarithm of the prior's density at these parameters, up to a constant.
    func logPrior(_ prior: Prior) -> Double

    /// Draws one observation for each of `path`.
    func simulate(_ path: [Int], using random: inout Random) -> Observations
}

extension EmissionModel {
    /// How many vectors hold all states.
    public var vectors: Int { (states + 7) / 8 }

    public func writeLikelihoods(
        of observations: Observations, times: Range<Int>, into target: UnsafeMutablePointer<StateVector>,
        logScales: UnsafeMutablePointer<Double>
    ) {
        writeLogDensities(of: observations, times: times, into: target)
        ScaledLikelihoods.exponentiate(target, times: times.count, vectors: vectors, logScales: logScales)
    }
}
