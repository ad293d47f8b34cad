public import NumericalMethods

/// Shrunk mean targets of the cluster whose center is nearest.
///
/// Clusters come from k-means on standardised features; their number is the one with the smallest squared error on a
/// held-out fold.
public struct ClusterModel: Codable, Sendable, Hashable {
    /// The clusters.
    public let clusters: KMeansModel
    /// Targets, `[clusters, outputs]`.
    let values: [Double]
    let outputs: Int

    init(_ rows: TrainingRows) throws {
        let (features, outputs, heldFold) = (rows.featureMatrix, rows.outputs, rows.heldFold)
        let sample = features.rows(TrainingRows.thinned(rows.count, to: 20_000))
        var best: (error: Double, clusters: KMeansModel, nearest: [Int32])?
        for count in [2, 4, 8, 16, 32, 64] where count * 4 <= max(8, rows.count) {
            let clusters = try KMeans(
                clusters: min(count, rows.count), iterations: 25, standardises: true, seed: UInt64(count)
            ).fit(sample)
            let nearest = clusters.predict(features).map { Int32($0) }
            let values = Self.values(nearest, rows: rows, clusters: clusters) { $0 != heldFold }
            var error = 0.0
            for index in 0..<rows.count where rows.fold[index] == heldFold {
                for output in 0..<outputs {
                    let miss = rows.targets[index * outputs + output] - values[Int(nearest[index]) * outputs + output]
                    if !miss.isNaN { error += miss * miss }
                }
            }
            if error < best?.error ?? .infinity { best = (error, clusters, nearest) }
        }
        self.outputs = outputs
        clusters = best!.clusters
        values = Self.values(best!.nearest, rows: rows, clusters: clusters) { _ in true }
    }

    /// Shrunk means of the rows whose fold is `included`, `[clusters, outputs]`.
    private static func values(
        _ nearest: [Int32], rows: TrainingRows, clusters: KMeansModel, included: (Int32) -> Bool
    ) -> [Double] {
        var targets = rows.targets
        for index in 0..<rows.count where !included(rows.fold[index]) {
            for output in 0..<rows.outputs { targets[index * rows.outputs + output] = .nan }
        }
        return GroupTable(
            names: (0..<clusters.centroids.rows).map(String.init), groups: nearest, targets: targets,
            outputs: rows.outputs
        ).values
    }

    /// Writes the outputs of `row`, `[width]`. Allocates nothing.
    func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        let cluster = clusters.predict(row)
        for output in 0..<outputs { result[output] = values[cluster * outputs + output] }
    }
}
