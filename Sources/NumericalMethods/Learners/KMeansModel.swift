/// Fitted clusters.
public struct KMeansModel: Codable, Sendable, Equatable {
    /// The clusters' centres, `[clusters, features]`.
    public let centroids: Matrix
    /// What a missing feature counts as, `[features]`.
    public let means: [Double]
    /// Σᵢ wᵢ ‖xᵢ − c(i)‖² over the training rows.
    public let inertia: Double
    /// The rounds that the kept start took.
    public let iterations: Int

    init(centroids: Matrix, means: [Double], inertia: Double, iterations: Int) {
        self.centroids = centroids
        self.means = means
        self.inertia = inertia
        self.iterations = iterations
    }

    /// Reads a stored model; throws `LearnerError.badModel` when its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        centroids = try box.decode(Matrix.self, forKey: .centroids)
        means = try box.decode([Double].self, forKey: .means)
        inertia = try box.decode(Double.self, forKey: .inertia)
        iterations = try box.decode(Int.self, forKey: .iterations)
        guard centroids.rows > 0, centroids.columns == means.count,
            centroids.storage.count == centroids.rows * means.count
        else { throw LearnerError.badModel("the centroids do not fit the features") }
    }

    /// The nearest cluster of one row, `[features]`; the first of equally near ones. Allocates nothing.
    public func predict(_ row: UnsafeBufferPointer<Double>) -> Int {
        precondition(row.count == means.count, "a row holds one number for each feature")
        var best = 0
        var least = Double.infinity
        for cluster in 0..<centroids.rows {
            var sum = 0.0
            for feature in 0..<row.count {
                let value = row[feature].isNaN ? means[feature] : row[feature]
                let difference = value - centroids.storage[cluster * row.count + feature]
                sum += difference * difference
            }
            if sum < least {
                least = sum
                best = cluster
            }
        }
        return best
    }

    /// The nearest clusters of many rows, `[rows]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> [Int] {
        rows.mapRows(to: 1) { row, result in result[0] = Double(predict(row)) }.storage.map { Int($0) }
    }
}
