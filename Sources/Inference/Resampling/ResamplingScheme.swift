internal import NumericalMethods
public import Probability

/// A way to turn a weighted cloud into one of equal weights: particle i gets a random number of offspring whose mean is
/// exactly `count` times its share of the weight.
///
/// All take O(N) time and give ancestors in ascending order, so that gathering them walks through memory once.
///
/// - Source: ``multinomial``: N. Gordon, D. Salmond, A. Smith, 1993. ``residual``: J. Liu, R. Chen, 1998. ``stratified``:
///   G. Kitagawa, 1996. ``systematic``: J. Carpenter, P. Clifford, P. Fearnhead, 1999. ``ssp``: M. Gerber, N. Chopin,
///   N. Whiteley, "Negative association, ordering and convergence of resampling methods", 2019.
public enum ResamplingScheme: String, Sendable, Hashable, Codable, CaseIterable {
    /// Independent choices. The largest variance; the one that most theory is about.
    case multinomial
    /// One independent point in each of `count` equal strata of the cumulative weight.
    case stratified
    /// The same place in every stratum: one random number in all. Fastest; its variance depends on the particles' order.
    case systematic
    /// The whole part of the expected number for sure, the rest by independent choices.
    case residual
    /// The whole part or one more for every particle, by settling fractions in pairs: variance never above that of
    /// independent choices, numbers negatively associated, for any order of the particles.
    case ssp

    /// Ancestors of a new cloud.
    ///
    /// - Parameters:
    ///   - count: how many to draw, at least 1.
    ///   - weights: `[particles]`, not normalised, finite and not negative.
    /// - Returns: `[count]` indices into `weights`, ascending. The same on any number of threads.
    /// - Throws: `InferenceError.empty` for no weights, `.nonFinite` or `.improperParameter` for a bad one,
    ///   `.zeroTotalWeight` where all are zero.
    public func ancestors(count: Int, weights: [Double], using random: inout Random) throws(InferenceError) -> [Int32] {
        guard !weights.isEmpty else { throw .empty(what: "the cloud to resample") }
        guard count >= 1, count <= Int(Int32.max) else {
            throw .improperParameter(name: "count", value: "\(count)", expected: "from 1 to \(Int32.max)")
        }
        var largest = 0.0
        for (index, weight) in weights.enumerated() {
            guard weight.isFinite else { throw .nonFinite(what: "a weight", place: "particle \(index)", value: weight) }
            guard weight >= 0 else {
                throw .improperParameter(
                    name: "weight of particle \(index)", value: "\(weight)", expected: "at least 0")
            }
            largest = max(largest, weight)
        }
        guard largest > 0 else { throw .zeroTotalWeight(place: "the cloud to resample") }
        // Scaled, so that neither the sum of huge weights overflows nor the share of tiny ones loses digits.
        let scaled = weights.map { $0 / largest }
        var result = [Int32](repeating: 0, count: count)
        scaled.withUnsafeBufferPointer { scaled in
            result.withUnsafeMutableBufferPointer { fill($0, weights: scaled, using: &random) }
        }
        return result
    }

    /// ``ancestors(count:weights:using:)`` for log-weights in nats, where −∞ marks a weight of zero.
    public func ancestors(
        count: Int, logWeights: [Double], using random: inout Random
    ) throws(InferenceError) -> [Int32] {
        guard !logWeights.isEmpty else { throw .empty(what: "the cloud to resample") }
        if let bad = logWeights.firstIndex(where: { !($0 < .infinity) }) {
            throw .nonFinite(what: "a log-weight", place: "particle \(bad)", value: logWeights[bad])
        }
        let largest = logWeights.max()!
        guard largest > -.infinity else { throw .zeroTotalWeight(place: "the cloud to resample") }
        return try ancestors(
            count: count, weights: VectorFunctions.exp(logWeights.map { $0 - largest }), using: &random)
    }

    /// How often each of `particles` occurs among `ancestors`.
    public static func offspring(of particles: Int, ancestors: [Int32]) -> [Int] {
        var counts = [Int](repeating: 0, count: particles)
        for ancestor in ancestors { counts[Int(ancestor)] += 1 }
        return counts
    }

    /// Fills `ancestors` from weights that are finite, not negative, not all zero, and whose sum is finite.
    func fill(
        _ ancestors: UnsafeMutableBufferPointer<Int32>, weights: UnsafeBufferPointer<Double>, using random: inout Random
    ) {
        switch self {
        case .systematic: StratifiedPlaces.fillSystematic(ancestors, weights: weights, using: &random)
        case .stratified: StratifiedPlaces.fillStratified(ancestors, weights: weights, using: &random)
        case .multinomial: SortedUniforms.fill(ancestors, weights: weights, using: &random)
        case .residual: WholeParts.fillResidual(ancestors, weights: weights, using: &random)
        case .ssp: WholeParts.fillPaired(ancestors, weights: weights, using: &random)
        }
    }
}
