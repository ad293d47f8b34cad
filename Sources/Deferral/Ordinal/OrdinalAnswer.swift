public import Cascades

/// What a stage says on an ordered scale: a number, and how it is spread over the scale's points.
///
///     value        = Σ_k p_k z_k
///     spread       = sqrt(Σ_k p_k (z_k - value)²)
///     adjacentMass = max_k p_k + p_(k+1)
///     modeGap      = |z_(argmax p) - value|
///
/// A sure answer has a small spread and gap, and nearly all its mass on two neighbouring points: the shape of the
/// two-point representation of a number (``TwoPointHead``).
public struct OrdinalAnswer: Sendable, Hashable, Codable {
    /// The number, the mean of the distribution.
    public let value: Double
    /// The standard deviation of the distribution, in the scale's unit.
    public let spread: Double
    /// The largest mass of two neighbouring points.
    public let adjacentMass: Double
    /// The distance from the most probable point to the value, in the scale's unit.
    public let modeGap: Double

    /// The names that ``evidence`` gives.
    public static let evidenceNames = ["spread", "adjacentMass", "modeGap"]

    /// The answer of a distribution over the points of `head`.
    ///
    /// - Parameter distribution: `[points]`, not negative, adding up to 1 within 1e-4 (networks compute in `Float`); it is
    ///   divided by its sum.
    /// - Throws: `CascadeError.badEvidence` for anything else.
    public init(distribution: some Collection<Double>, head: TwoPointHead) throws {
        guard distribution.count == head.points.count else {
            throw CascadeError.badEvidence(
                reason: "\(distribution.count) probabilities for \(head.points.count) points; expected one a point")
        }
        if let (index, mass) = distribution.enumerated().first(where: { !($0.element >= 0 && $0.element.isFinite) }) {
            throw CascadeError.badEvidence(reason: "point \(index) has probability \(mass); expected a number from 0 to 1")
        }
        let total = distribution.reduce(0, +)
        guard abs(total - 1) <= 1e-4 else {
            throw CascadeError.badEvidence(reason: "the points' probabilities add up to \(total); expected 1")
        }
        let masses = distribution.map { $0 / total }
        let points = head.points
        let mean = head.value(of: masses)
        value = mean
        spread = zip(masses, points).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }.squareRoot()
        adjacentMass = min(1, (1..<points.count).map { masses[$0 - 1] + masses[$0] }.max()!)
        // The first of equal ones, so that a tie has one answer.
        let mode = masses.indices.reduce(0) { masses[$1] > masses[$0] ? $1 : $0 }
        modeGap = abs(points[mode] - mean)
    }

    /// What policies may read of the answer.
    public var evidence: Evidence { Evidence(names: Self.evidenceNames, values: [spread, adjacentMass, modeGap]) }

    /// The answer of a stage, with its evidence.
    public func answer(cost: Cost = .zero) -> Answer<OrdinalAnswer> { Answer(self, evidence: evidence, cost: cost) }

    /// The quality of the answer where the truth is `truth`: -|value - truth| / `scale`, 0 at best.
    ///
    /// - Parameter scale: above 0, in the scale's unit; its length makes qualities run from -1 to 0.
    public func quality(truth: Double, scale: Double) -> Double {
        precondition(scale > 0, "a quality is measured in a positive unit")
        return -abs(value - truth) / scale
    }
}
