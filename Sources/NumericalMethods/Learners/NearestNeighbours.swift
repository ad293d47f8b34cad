/// Predicts many targets of a row from the items nearest to it.
///
/// A feature is centred and divided by its spread, then multiplied by the square root of its weight, so that the
/// squared distance is Σⱼ vⱼ ((aⱼ − bⱼ)/sⱼ)². A missing feature (NaN) counts as its mean; a missing target (NaN)
/// is skipped for that target alone.
/// Source: Cover and Hart, 1967; distance weights as in Dudani, 1976 (with 1/distance).
public struct NearestNeighbours: Codable, Sendable, Equatable {
    /// How far two rows are apart.
    public enum Metric: String, Codable, Sendable {
        /// The Euclidean distance.
        case euclidean
        /// 1 − the cosine of the angle; 1 where a row is all zero.
        case cosine
    }
    /// How much a neighbour counts.
    public enum Weighting: String, Codable, Sendable {
        /// All the same.
        case uniform
        /// 1/distance; neighbours at distance 0, if any, count alone.
        case inverseDistance
    }

    /// The number of neighbours; the number of items if there are fewer.
    public var k: Int
    /// The distance.
    public var metric: Metric
    /// The neighbours' weights.
    public var weighting: Weighting
    /// Whether features are divided by their spread.
    public var standardises: Bool
    /// A weight of at least 0 for each feature; all 1 if nil.
    public var featureWeights: [Double]?

    /// Nearest neighbours; by default ten, Euclidean, all alike.
    public init(
        k: Int = 10, metric: Metric = .euclidean, weighting: Weighting = .uniform, standardises: Bool = true,
        featureWeights: [Double]? = nil
    ) {
        self.k = k
        self.metric = metric
        self.weighting = weighting
        self.standardises = standardises
        self.featureWeights = featureWeights
    }

    /// Remembers `targets`, `[items, targets]` (NaN: missing), at `features`, `[items, features]` (NaN: missing).
    ///
    /// - Throws: `LearnerError` for empty or mismatched input, infinite numbers, a target without any observed item,
    ///   and settings out of range.
    public func fit(features: Matrix, targets: Matrix) throws -> NearestNeighboursModel {
        try LearnerInput.check(features)
        try LearnerInput.check(count: targets.rows, of: "the rows of the targets", expected: features.rows)
        try LearnerInput.check(targets.columns > 0, "the number of targets", Double(targets.columns), "at least 1")
        try LearnerInput.check(k > 0, "k", Double(k), "at least 1")
        let weights = featureWeights ?? [Double](repeating: 1, count: features.columns)
        try LearnerInput.check(count: weights.count, of: "the feature weights", expected: features.columns)
        for weight in weights {
            try LearnerInput.check(
                weight >= 0 && weight.isFinite, "a feature weight", weight, "a finite number of at least 0")
        }
        if let found = targets.storage.firstIndex(where: { $0.isInfinite }) {
            throw LearnerError.nonFiniteTarget(row: found / targets.columns, column: found % targets.columns)
        }
        var means = [Double](repeating: 0, count: targets.columns)
        for target in means.indices {
            let observed = (0..<targets.rows).map { targets[$0, target] }.filter { !$0.isNaN }
            guard !observed.isEmpty else { throw LearnerError.nonFiniteTarget(row: 0, column: target) }
            means[target] = observed.reduce(0, +) / Double(observed.count)
        }
        let design = StandardisedDesign(features, weights: nil, indicators: false, divides: standardises)
        let multipliers = zip(weights, design.scales).map { $0.squareRoot() / $1 }
        var model = NearestNeighboursModel(
            configuration: self, centres: design.means, multipliers: multipliers, targets: targets, targetMeans: means)
        model.remember(features)
        return model
    }
}

/// What one query of nearest neighbours writes to: made once, used for many queries.
public struct NeighbourScratch: Sendable {
    /// The items found, nearest first.
    public internal(set) var items: [Int]
    /// Their distances, ascending.
    public internal(set) var distances: [Double]
    var point: [Double]
    var sums: [Double]
    var masses: [Double]
    var exact: [Bool]

    init(k: Int, features: Int, targets: Int) {
        items = [Int](repeating: 0, count: k)
        distances = [Double](repeating: 0, count: k)
        point = [Double](repeating: 0, count: features)
        sums = [Double](repeating: 0, count: targets)
        masses = sums
        exact = [Bool](repeating: false, count: targets)
    }
}
