/// Predicts many targets of a row from the items nearest to it.
///
///     prediction = Σ wᵢ yᵢ / Σ wᵢ   over the k nearest items i that have the target
///
/// Features are centred and divided by their spread; a missing one (NaN) counts as its mean, a missing target (NaN) is
/// skipped for that target alone. Of equally near items the first count.
/// Source: Cover and Hart, 1967.
public struct NearestNeighbours: Codable, Sendable, Hashable {
    /// How far two rows are apart.
    public enum Metric: String, Codable, Sendable, CaseIterable {
        /// The Euclidean distance.
        case euclidean
        /// The Euclidean distance of the rows scaled to length 1: large where they point apart.
        case cosine
    }
    /// How much a neighbour counts.
    public enum Weighting: String, Codable, Sendable, CaseIterable {
        /// All the same.
        case uniform
        /// 1 − (d / d₊)², with d₊ the distance of the first item left out.
        case epanechnikov
    }

    /// The number of neighbours; the number of items if there are fewer.
    public var k: Int
    /// The distance.
    public var metric: Metric
    /// The neighbours' weights.
    public var weighting: Weighting

    /// Nearest neighbours; by default ten, Euclidean, all alike.
    public init(k: Int = 10, metric: Metric = .euclidean, weighting: Weighting = .uniform) {
        self.k = k
        self.metric = metric
        self.weighting = weighting
    }

    /// Remembers `targets`, `[items, targets]` (NaN: missing), at `features`, `[items, features]` (NaN: missing).
    ///
    /// - Throws: `LearnerError` for empty or mismatched input, infinite numbers, a target without any observed item,
    ///   and a k below 1.
    public func fit(features: Matrix, targets: Matrix) throws -> NearestNeighboursModel {
        try LearnerInput.check(features)
        try LearnerInput.check(count: targets.rows, of: "the rows of the targets", expected: features.rows)
        try LearnerInput.check(targets.columns > 0, "the number of targets", Double(targets.columns), "at least 1")
        try LearnerInput.check(k > 0, "k", Double(k), "at least 1")
        let means = try LearnerInput.means(ofTargets: targets)
        let design = StandardisedDesign(features, weights: nil, indicators: false, divides: true)
        return NearestNeighboursModel(
            configuration: self, centres: design.means, multipliers: design.multipliers, targets: targets,
            targetMeans: means, standardised: design.values)
    }

    /// The k, metric and weighting with the least leave-one-out squared error, over up to `queries` of the items taken
    /// evenly, and over all targets.
    ///
    /// Means and spreads of the features, and the means that stand in for missing targets, are those of all items.
    /// - Parameter counts: the k to try; those that the number of items does not allow are left out.
    /// - Throws: As `fit`.
    public static func tuned(
        features: Matrix, targets: Matrix,
        counts: [Int] = [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256], queries: Int = 1000
    ) throws -> NearestNeighboursModel {
        var counts = counts.filter { $0 > 0 && $0 < features.rows - 1 }.sorted()
        if counts.isEmpty { counts = [1] }
        var best: (model: NearestNeighboursModel, error: Double)?
        for metric in Metric.allCases {
            let model = try NearestNeighbours(metric: metric).fit(features: features, targets: targets)
            for (weighting, errors) in zip(Weighting.allCases, model.leaveOneOut(counts, queries: queries)) {
                for (k, error) in zip(counts, errors) where error < best?.error ?? .infinity {
                    best = (model, error)
                    best!.model.configuration = NearestNeighbours(k: k, metric: metric, weighting: weighting)
                }
            }
        }
        // One item has no other to be told from.
        return try best?.model ?? NearestNeighbours(k: 1).fit(features: features, targets: targets)
    }
}
