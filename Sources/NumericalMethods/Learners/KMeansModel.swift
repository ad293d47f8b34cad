/// Fitted clusters.
public struct KMeansModel: Codable, Sendable, Hashable {
    /// The clusters' centres, `[clusters, features]`.
    public let centroids: Matrix
    /// What a missing feature counts as, `[features]`.
    public let means: [Double]
    /// What differences are multiplied by, `[features]`: 1, or 1 / spread and 0 for a feature that does not vary.
    let multipliers: [Double]
    /// Σᵢ wᵢ ‖xᵢ − c(i)‖² over the training rows.
    public let inertia: Double
    /// The rounds that the kept start took.
    public let iterations: Int

    init(centroids: Matrix, means: [Double], multipliers: [Double], inertia: Double, iterations: Int) {
        self.centroids = centroids
        self.means = means
        self.multipliers = multipliers
        self.inertia = inertia
        self.iterations = iterations
    }

    /// Reads a stored model; throws `LearnerError.badModel` when its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        centroids = try box.decode(Matrix.self, forKey: .centroids)
        means = try box.decode([Double].self, forKey: .means)
        multipliers = try box.decode([Double].self, forKey: .multipliers)
        inertia = try box.decode(Double.self, forKey: .inertia)
        iterations = try box.decode(Int.self, forKey: .iterations)
        guard centroids.rows > 0, centroids.columns == means.count, multipliers.count == means.count,
            centroids.storage.count == centroids.rows * means.count
        else { throw LearnerError.badModel("the centroids do not fit the features") }
    }

    /// The nearest cluster of one row, `[features]`; the first of equally near ones. Allocates nothing.
    public func predict(_ row: UnsafeBufferPointer<Double>) -> Int {
        precondition(row.count == means.count, "a row holds one number for each feature")
        var best = 0
        var least = Double.infinity
        means.withUnsafeBufferPointer { means in
            multipliers.withUnsafeBufferPointer { multipliers in
                centroids.storage.withUnsafeBufferPointer { centroids in
                    for cluster in 0..<centroids.count / row.count {
                        var sum = 0.0
                        for feature in 0..<row.count {
                            let value = row[feature].isNaN ? means[feature] : row[feature]
                            let away = (value - centroids[cluster * row.count + feature]) * multipliers[feature]
                            sum += away * away
                        }
                        if sum < least {
                            least = sum
                            best = cluster
                        }
                    }
                }
            }
        }
        return best
    }

    /// The nearest clusters of many rows, `[rows]` of `[rows, features]`, on all cores.
    public func predict(_ rows: Matrix) -> [Int] {
        Parallel.map(count: rows.rows, minimumChunk: 512) { row in
            rows.storage.withUnsafeBufferPointer {
                predict(UnsafeBufferPointer(rebasing: $0[row * rows.columns..<(row + 1) * rows.columns]))
            }
        }
    }
}
