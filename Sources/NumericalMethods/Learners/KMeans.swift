/// Clusters by Lloyd's algorithm from a k-means++ start.
///
/// Minimises Σᵢ wᵢ ‖xᵢ − c(i)‖² over centroids, to a local optimum; with `standardises` in units of each feature's
/// spread. A missing feature (NaN) counts as its mean. The same seed gives the same clusters on any number of threads.
/// Source: Lloyd, 1982; Arthur and Vassilvitskii, 2007, "k-means++: the advantages of careful seeding", section 2.2.
public struct KMeans: Codable, Sendable, Equatable {
    /// The number of clusters.
    public var clusters: Int
    /// The most rounds of assignment and averaging, of each restart.
    public var iterations: Int
    /// How often it starts anew; the best result is kept.
    public var restarts: Int
    /// Whether features are divided by their spread.
    public var standardises: Bool
    /// Seeds the starts.
    public var seed: UInt64

    /// A clustering.
    public init(
        clusters: Int, iterations: Int = 100, restarts: Int = 1, standardises: Bool = false, seed: UInt64 = 0
    ) {
        self.clusters = clusters
        self.iterations = iterations
        self.restarts = restarts
        self.standardises = standardises
        self.seed = seed
    }

    /// Clusters `points`, `[rows, features]` (NaN: missing).
    ///
    /// - Parameter weights: one weight a row, at least 0.
    /// - Throws: `LearnerError` for empty, mismatched or infinite input, and more clusters than rows of positive weight.
    public func fit(_ points: Matrix, weights: [Double]? = nil) throws -> KMeansModel {
        try LearnerInput.check(points, weights: weights)
        let weights = weights ?? [Double](repeating: 1, count: points.rows)
        let usable = weights.count { $0 > 0 }
        try LearnerInput.check(
            clusters >= 1 && clusters <= usable, "the number of clusters", Double(clusters),
            "from 1 to the number of rows of positive weight, \(usable)")
        try LearnerInput.check(iterations > 0, "the number of iterations", Double(iterations), "at least 1")
        try LearnerInput.check(restarts > 0, "the number of restarts", Double(restarts), "at least 1")
        let design = StandardisedDesign(points, weights: weights, indicators: false, divides: standardises)
        var search = Lloyd(points: design.values, dimension: points.columns, weights: weights, clusters: clusters)
        var random = SplitMix64(seed: seed)
        var best: (centroids: [Double], inertia: Double, iterations: Int)?
        for _ in 0..<restarts {
            search.start(&random)
            let used = search.run(iterations)
            let inertia = search.inertia()
            if inertia < best?.inertia ?? .infinity { best = (search.centroids, inertia, used) }
        }
        guard let best else {
            throw LearnerError.notConverged(learner: "k-means", iterations: iterations, gradient: .nan)
        }
        var centroids = Matrix(rows: clusters, columns: points.columns, storage: best.centroids)
        for cluster in 0..<clusters {
            for feature in 0..<points.columns {
                centroids[cluster, feature] =
                    design.means[feature] + design.scales[feature] * centroids[cluster, feature]
            }
        }
        return KMeansModel(
            centroids: centroids, means: design.means, multipliers: design.multipliers, inertia: best.inertia,
            iterations: best.iterations)
    }
}
