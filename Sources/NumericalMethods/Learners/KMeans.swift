/// Clusters by Lloyd's algorithm from a k-means++ start.
///
/// Minimises Σᵢ wᵢ ‖xᵢ − c(i)‖² over centroids, to a local optimum. A missing feature (NaN) counts as its mean. The
/// same seed gives the same clusters on any number of threads.
/// Source: Lloyd, 1982; Arthur and Vassilvitskii, 2007, "k-means++: the advantages of careful seeding", section 2.2.
public struct KMeans: Codable, Sendable, Equatable {
    /// The number of clusters.
    public var clusters: Int
    /// The most rounds of assignment and averaging, of each restart.
    public var iterations: Int
    /// How often it starts anew; the best result is kept.
    public var restarts: Int
    /// Seeds the starts.
    public var seed: UInt64

    /// A clustering.
    public init(clusters: Int, iterations: Int = 100, restarts: Int = 1, seed: UInt64 = 0) {
        self.clusters = clusters
        self.iterations = iterations
        self.restarts = restarts
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
        let design = StandardisedDesign(points, weights: weights, indicators: false, divides: false)
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
            for feature in 0..<points.columns { centroids[cluster, feature] += design.means[feature] }
        }
        return KMeansModel(
            centroids: centroids, means: design.means, inertia: best.inertia, iterations: best.iterations)
    }
}

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

/// The state of one k-means search.
private struct Lloyd {
    let points: [Double]
    let dimension: Int
    let weights: [Double]
    let clusters: Int
    private(set) var centroids: [Double]
    private var assignments: [Int]

    init(points: [Double], dimension: Int, weights: [Double], clusters: Int) {
        self.points = points
        self.dimension = dimension
        self.weights = weights
        self.clusters = clusters
        centroids = [Double](repeating: 0, count: clusters * dimension)
        assignments = [Int](repeating: -1, count: weights.count)
    }

    private func squaredDistance(_ row: Int, _ cluster: Int) -> Double {
        var sum = 0.0
        for feature in 0..<dimension {
            let difference = points[row * dimension + feature] - centroids[cluster * dimension + feature]
            sum += difference * difference
        }
        return sum
    }

    private mutating func place(_ cluster: Int, at row: Int) {
        for feature in 0..<dimension { centroids[cluster * dimension + feature] = points[row * dimension + feature] }
    }

    /// k-means++: each centroid is a row drawn by its weighted squared distance to the nearest one before.
    mutating func start(_ random: inout SplitMix64) {
        assignments = [Int](repeating: -1, count: weights.count)
        var distances = [Double](repeating: 1, count: weights.count)
        for cluster in 0..<clusters {
            var masses = zip(weights, distances).map { $0 * $1 }
            // Fewer distinct rows than clusters: the rest of the centroids coincide with others.
            if !masses.contains(where: { $0 > 0 }) { masses = weights }
            var left = random.uniform() * masses.reduce(0, +)
            // Rounding may use up the total early: the last row that has mass is then drawn.
            var drawn = masses.lastIndex { $0 > 0 }!
            for (row, mass) in masses.enumerated() where mass > 0 {
                left -= mass
                if left < 0 {
                    drawn = row
                    break
                }
            }
            place(cluster, at: drawn)
            for row in weights.indices {
                let distance = squaredDistance(row, cluster)
                distances[row] = cluster == 0 ? distance : min(distances[row], distance)
            }
        }
    }

    /// Assigns and averages until no assignment changes; returns the number of rounds.
    mutating func run(_ iterations: Int) -> Int {
        for iteration in 1...iterations {
            let before = assignments
            let sums = assign()
            if assignments == before { return iteration }
            for cluster in 0..<clusters {
                let mass = sums[cluster * (dimension + 1) + dimension]
                guard mass > 0 else { continue }
                for feature in 0..<dimension {
                    centroids[cluster * dimension + feature] = sums[cluster * (dimension + 1) + feature] / mass
                }
            }
            reviveEmpty(sums)
        }
        return iterations
    }

    /// Finds each row's nearest centroid; returns the clusters' weighted sums and masses, `[clusters, dimension + 1]`.
    private mutating func assign() -> [Double] {
        let (points, weights, centroids, dimension, clusters) = (points, weights, centroids, dimension, clusters)
        let squares = (0..<clusters).map { cluster in
            (0..<dimension).reduce(0) { $0 + centroids[cluster * dimension + $1] * centroids[cluster * dimension + $1] }
        }
        return assignments.withUnsafeMutableBufferPointer { assignments in
            // Every block writes its own rows alone.
            nonisolated(unsafe) let assignments = assignments
            return BlockSum.over(rows: weights.count, width: clusters * (dimension + 1)) { range, partial in
                guard !range.isEmpty else { return }
                withUnsafeTemporaryAllocation(of: Double.self, capacity: range.count * clusters) { keys in
                    points.withUnsafeBufferPointer { points in
                        centroids.withUnsafeBufferPointer { centroids in
                            let rows = range.lowerBound * dimension..<range.upperBound * dimension
                            BLAS.gemm(
                                rows: range.count, columns: clusters, inner: dimension, alpha: -2,
                                UnsafeBufferPointer(rebasing: points[rows]), centroids, transposingB: true, into: keys)
                        }
                    }
                    for (offset, row) in range.enumerated() {
                        var best = 0
                        var least = Double.infinity
                        for cluster in 0..<clusters where keys[offset * clusters + cluster] + squares[cluster] < least {
                            least = keys[offset * clusters + cluster] + squares[cluster]
                            best = cluster
                        }
                        assignments[row] = best
                        let sum = partial.baseAddress! + best * (dimension + 1)
                        for feature in 0..<dimension {
                            sum[feature] += weights[row] * points[row * dimension + feature]
                        }
                        sum[dimension] += weights[row]
                    }
                }
            }
        }
    }

    /// Moves centroids without rows to the rows that are farthest from theirs.
    private mutating func reviveEmpty(_ sums: [Double]) {
        var taken = Set<Int>()
        for cluster in 0..<clusters where sums[cluster * (dimension + 1) + dimension] == 0 {
            var farthest = -1
            var most = 0.0
            for row in weights.indices where weights[row] > 0 && !taken.contains(row) {
                let distance = weights[row] * squaredDistance(row, assignments[row])
                if distance > most {
                    most = distance
                    farthest = row
                }
            }
            guard farthest >= 0 else { return }
            taken.insert(farthest)
            place(cluster, at: farthest)
        }
    }

    func inertia() -> Double {
        weights.indices.reduce(0) { sum, row in
            let least = (0..<clusters).reduce(Double.infinity) { min($0, squaredDistance(row, $1)) }
            return sum + weights[row] * least
        }
    }
}
