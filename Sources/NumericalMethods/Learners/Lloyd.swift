/// The state of one k-means search.
struct Lloyd {
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
