internal import Foundation
public import NumericalMethods

/// A number on an ordered scale as a distribution over a few points of it, and back.
///
/// A target y between neighbouring points is shared between the two, and the answer is the mean of the distribution:
///
///     z_k <= y <= z_(k+1):   y = λ z_k + (1 - λ) z_(k+1),   λ = (z_(k+1) - y) / (z_(k+1) - z_k)
///     p = softmax(logits),   m = Σ_k p_k z_k
///     loss = a KL(y's distribution || p) + ℓ((m - y) / w)
///
/// with w the mean distance of neighbouring points and ℓ the absolute or half the squared error. The first term says
/// where on the scale, the second, behind it, how far off in all: a cascade of a classifier and a regression in one head.
/// The paper learns the map from distribution to number; here it is the mean, exact for every representation. Its
/// weight of 10 on the divergence, with points 10 years apart and errors in years, is a = 1 here.
///
/// - Source: Zhang, Liu, Xu and Zhu 2019, "C3AE: Exploring the Limits of Compact Model for Age Estimation", sections 3.2
///   and 3.3.
public struct TwoPointHead: Sendable, Hashable, Codable {
    /// The loss of the mean.
    public enum MeanLoss: String, Sendable, Hashable, Codable, CaseIterable {
        /// |e|.
        case absolute
        /// e² / 2.
        case squared
        /// None: the distribution alone is trained.
        case none
    }

    /// The points z of the scale, rising, `[points]`.
    public let points: [Double]
    /// a, the weight of the divergence, at least 0.
    public let divergenceWeight: Double
    /// ℓ, the loss of the mean.
    public let meanLoss: MeanLoss

    /// A head over `points`.
    /// - Throws: ``DeferralError/badParameter(name:value:expected:)`` for fewer than two points, points that don't rise or
    ///   are not finite, and a weight below 0.
    public init(points: [Double], divergenceWeight: Double = 1, meanLoss: MeanLoss = .absolute) throws {
        guard points.count >= 2, points.allSatisfy(\.isFinite), zip(points, points.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw DeferralError.badParameter(
                name: "points", value: "\(points)", expected: "two finite numbers or more, each above the one before")
        }
        guard divergenceWeight >= 0, divergenceWeight.isFinite else {
            throw DeferralError.badParameter(
                name: "divergenceWeight", value: "\(divergenceWeight)", expected: "a finite number, at least 0")
        }
        self.points = points
        self.divergenceWeight = divergenceWeight
        self.meanLoss = meanLoss
    }

    /// `count` points at equal distances from `range`'s lower to its upper end.
    /// - Throws: as ``init(points:divergenceWeight:meanLoss:)``.
    public static func even(
        _ range: ClosedRange<Double>, count: Int, divergenceWeight: Double = 1, meanLoss: MeanLoss = .absolute
    ) throws -> TwoPointHead {
        let step = (range.upperBound - range.lowerBound) / Double(max(count - 1, 1))
        let points = (0..<max(count, 0)).map { $0 == count - 1 ? range.upperBound : range.lowerBound + Double($0) * step }
        return try TwoPointHead(points: points, divergenceWeight: divergenceWeight, meanLoss: meanLoss)
    }

    /// The mean distance w of neighbouring points: the unit of the mean's error in the loss.
    public var width: Double { (points[points.count - 1] - points[0]) / Double(points.count - 1) }

    /// The two points that share `target`, the first one's part being λ.
    ///
    /// A target on a point has λ = 1 there; on the last point, λ = 0 on the one before.
    /// - Throws: ``DeferralError/badParameter(name:value:expected:)`` for a target off the scale.
    public func representation(of target: Double) throws -> TwoPoint {
        guard target >= points[0], target <= points[points.count - 1] else {
            throw DeferralError.badParameter(
                name: "target", value: "\(target)", expected: "a number from \(points[0]) to \(points[points.count - 1])")
        }
        return split(target)
    }

    private func split(_ target: Double) -> TwoPoint {
        var lower = 0
        while lower + 2 < points.count && target >= points[lower + 1] { lower += 1 }
        let share = (points[lower + 1] - target) / (points[lower + 1] - points[lower])
        return TwoPoint(lower: lower, share: share)
    }

    /// The distribution of `target` over the points, `[points]`: at most two are not 0.
    /// - Throws: as ``representation(of:)``.
    public func distribution(of target: Double) throws -> [Double] {
        let two = try representation(of: target)
        var result = [Double](repeating: 0, count: points.count)
        result[two.lower] = two.share
        result[two.lower + 1] = 1 - two.share
        return result
    }

    /// The mean of `distribution`, `[points]`: Σ_k p_k z_k.
    public func value(of distribution: some Collection<Double>) -> Double {
        precondition(distribution.count == points.count, "a distribution has one probability a point")
        return zip(distribution, points).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The loss of `target` (on the scale) in the `logits`, `[points]`, and its gradient in them.
    ///
    ///     ∂loss/∂x_j = a (p_j - y_j) + ℓ'((m - y) / w) p_j (z_j - m) / w
    public func loss(
        of target: Double, logits: UnsafeBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Float>
    ) -> Double {
        precondition(logits.count == points.count && gradient.count == points.count, "one logit and slope a point")
        let two = split(target)
        let largest = Double(logits.max()!)
        var sum = 0.0
        var mean = 0.0
        for (index, point) in points.enumerated() {
            let mass = exp(Double(logits[index]) - largest)
            sum += mass
            mean += mass * point
        }
        mean /= sum
        let error = (mean - target) / width
        let slope: Double
        let meanTerm: Double
        switch meanLoss {
        case .absolute: (slope, meanTerm) = (error > 0 ? 1 : error < 0 ? -1 : 0, abs(error))
        case .squared: (slope, meanTerm) = (error, error * error / 2)
        case .none: (slope, meanTerm) = (0, 0)
        }
        let logSum = largest + log(sum)
        var divergence = 0.0
        for index in points.indices {
            let share = index == two.lower ? two.share : index == two.lower + 1 ? 1 - two.share : 0
            if share > 0 { divergence += share * (log(share) - Double(logits[index]) + logSum) }
            let mass = exp(Double(logits[index]) - logSum)
            gradient[index] = Float(divergenceWeight * (mass - share) + slope * mass * (points[index] - mean) / width)
        }
        return divergenceWeight * divergence + meanTerm
    }

    /// The loss of `targets`, `[rows]`, for ``FeedForwardNetwork/fit(inputs:rows:from:loss:)``.
    ///
    /// The network has one output a point and the head `.softmax`, so that its predictions are distributions.
    /// - Throws: as ``representation(of:)``, for the first target off the scale.
    public func loss(of targets: [Double]) throws -> FeedForwardNetwork.Loss {
        for target in targets { _ = try representation(of: target) }
        return { row, logits, gradient in loss(of: targets[row], logits: logits, gradient: gradient) }
    }
}

/// A number as shares of two neighbouring points.
public struct TwoPoint: Sendable, Hashable, Codable {
    /// The index of the lower point; the upper one is the next.
    public let lower: Int
    /// λ, the lower point's share from 0 to 1; the upper one's is 1 - λ.
    public let share: Double
}
