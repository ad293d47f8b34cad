import NumericalMethods

/// How the score of a task changes over models of rising scale.
///
/// With scores y₁ … yₙ in the order of scale:
///
///     improvement       I = sign(argmax y - argmin y) (max y - min y)
///     linearity         L = I / sqrt(mean of (yᵢ₊₁ - yᵢ)²)
///     breakthroughness  B = I / sqrt(median of (yᵢ₊₁ - yᵢ)²)
///
/// A straight line has L = B = n - 1, the largest that L can be; a single jump has L = sqrt(n - 1) and an infinite B. Only
/// the order of the scales counts.
///
/// - Source: paper 127, section 3.4 and the appendix on linearity and breakthroughness; B is also the emergence score of
///   Schaeffer, Miranda and Koyejo, "Are emergent abilities of large language models a mirage?", 2023.
public struct ScaleCurve: Sendable, Hashable {
    /// The scales, rising, `[models]`.
    public let scales: [Double]
    /// The scores, `[models]`.
    public let scores: [Double]

    /// A curve through these models, put in the order of their scales.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for fewer than three models, numbers that are
    ///   not finite, or two models of one scale.
    public init(scales: [Double], scores: [Double]) throws(LanguageError) {
        guard scales.count == scores.count, scales.count >= 3 else {
            throw .improperParameter(
                name: "scores", value: "\(scores.count) for \(scales.count) models",
                expected: "one for each of three or more"
            )
        }
        guard (scales + scores).allSatisfy(\.isFinite) else {
            throw .improperParameter(name: "scores", value: "not finite", expected: "finite scales and scores")
        }
        let order = scales.indices.sorted { scales[$0] < scales[$1] }
        self.scales = order.map { scales[$0] }
        self.scores = order.map { scores[$0] }
        if let place = self.scales.indices.dropFirst().first(where: { self.scales[$0] == self.scales[$0 - 1] }) {
            throw .improperParameter(
                name: "scales", value: "two of \(self.scales[place])", expected: "models of different scales")
        }
    }

    private var squaredSteps: [Double] {
        scores.indices.dropFirst().map { (scores[$0] - scores[$0 - 1]) * (scores[$0] - scores[$0 - 1]) }
    }

    /// What the range of scores is, with a minus sign where the worst model is larger than the best.
    public var improvement: Double {
        let best = scores.indices.max { scores[$0] < scores[$1] }!
        let worst = scores.indices.min { scores[$0] < scores[$1] }!
        return best > worst ? scores[best] - scores[worst] : scores[worst] - scores[best]
    }

    /// How steadily the score rises; 0 where it does not change.
    public var linearity: Double {
        let steps = squaredSteps
        let root = (steps.reduce(0, +) / Double(steps.count)).squareRoot()
        return root > 0 ? improvement / root : 0
    }

    /// How much of the rise comes at once; infinite where most steps change nothing, 0 where none does.
    public var breakthroughness: Double {
        let steps = squaredSteps.sorted()
        let half = steps.count / 2
        let median = steps.count.isMultiple(of: 2) ? (steps[half - 1] + steps[half]) / 2 : steps[half]
        let improvement = improvement
        if median > 0 { return improvement / median.squareRoot() }
        return improvement == 0 ? 0 : improvement > 0 ? .infinity : -.infinity
    }
}
