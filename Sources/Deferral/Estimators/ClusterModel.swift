import NumericalMethods
import Probability

/// Shrunk mean targets of the cluster whose center is nearest.
///
/// Clusters come from k-means on standardised features (k-means++ start, fixed seed); their number is the one with the
/// smallest squared error on a held-out fold.
public struct ClusterModel: Codable, Sendable, Hashable {
    let scale: Standardisation
    /// Centers of the standardised features, `[clusters, width]`.
    let centers: [Double]
    /// Targets, `[clusters, outputs]`.
    let values: [Double]
    let outputs: Int

    /// How many clusters there are.
    public var clusters: Int { outputs > 0 ? values.count / outputs : 0 }

    init(_ rows: TrainingRows) {
        let scale = Standardisation(rows)
        let z = Self.standardised(rows, scale: scale)
        let outputs = rows.outputs
        let heldFold = rows.heldFold
        var best: (error: Double, centers: [Double])?
        for clusters in [2, 4, 8, 16, 32, 64] where clusters * 4 <= max(8, rows.count) {
            let centers = Self.centers(z, width: rows.width, clusters: clusters)
            let nearest = Self.assign(z, width: rows.width, centers: centers)
            let table = Self.table(nearest, rows: rows, clusters: centers.count / max(1, rows.width)) { $0 != heldFold }
            var error = 0.0
            for index in 0..<rows.count where rows.fold[index] == heldFold {
                for output in 0..<outputs {
                    let miss =
                        rows.targets[index * outputs + output] - table.values[Int(nearest[index]) * outputs + output]
                    if !miss.isNaN { error += miss * miss }
                }
            }
            if error < (best?.error ?? .infinity) { best = (error, centers) }
        }
        self.scale = scale
        self.outputs = outputs
        centers = best!.centers
        let nearest = Self.assign(z, width: rows.width, centers: centers)
        values = Self.table(nearest, rows: rows, clusters: centers.count / max(1, rows.width)) { _ in true }.values
    }

    /// Shrunk means of the rows whose fold is `included`.
    private static func table(
        _ nearest: [Int32], rows: TrainingRows, clusters: Int, included: (Int32) -> Bool
    ) -> GroupTable {
        var targets = rows.targets
        for index in 0..<rows.count where !included(rows.fold[index]) {
            for output in 0..<rows.outputs { targets[index * rows.outputs + output] = .nan }
        }
        return GroupTable(
            names: (0..<clusters).map(String.init), groups: nearest, targets: targets, outputs: rows.outputs)
    }

    private static func standardised(_ rows: TrainingRows, scale: Standardisation) -> [Double] {
        (0..<rows.features.count).map { cell in
            let feature = cell % rows.width
            let away =
                scale.deviations[feature] > 0
                ? (rows.features[cell] - scale.means[feature]) / scale.deviations[feature] : 0
            return away.isNaN ? 0 : away
        }
    }

    /// k-means on up to 20,000 rows, taken evenly.
    private static func centers(_ z: [Double], width: Int, clusters: Int) -> [Double] {
        let rows = z.count / width
        let kept = min(rows, 20_000)
        var sample: [Double] = []
        for index in 0..<kept {
            let row = index * rows / kept
            sample.append(contentsOf: z[row * width..<(row + 1) * width])
        }
        var random = Random(seed: UInt64(clusters))
        var centers = Array(sample[0..<width])
        var distances = [Double](repeating: .infinity, count: kept)
        while centers.count < clusters * width {
            let last = centers.count - width
            var total = 0.0
            for row in 0..<kept {
                distances[row] = min(distances[row], squared(sample, row * width, centers, last, width))
                total += distances[row]
            }
            // All rows are centers already.
            if total <= 0 { break }
            var left = random.uniform() * total
            var chosen = kept - 1
            for row in 0..<kept {
                left -= distances[row]
                if left < 0 {
                    chosen = row
                    break
                }
            }
            centers += sample[chosen * width..<(chosen + 1) * width]
        }
        for _ in 0..<25 {
            let nearest = assign(sample, width: width, centers: centers)
            var sums = [Double](repeating: 0, count: centers.count)
            var counts = [Double](repeating: 0, count: centers.count / width)
            for row in 0..<kept {
                counts[Int(nearest[row])] += 1
                for feature in 0..<width { sums[Int(nearest[row]) * width + feature] += sample[row * width + feature] }
            }
            var moved = centers
            for cell in moved.indices where counts[cell / width] > 0 { moved[cell] = sums[cell] / counts[cell / width] }
            if moved == centers { break }
            centers = moved
        }
        return centers
    }

    private static func assign(_ z: [Double], width: Int, centers: [Double]) -> [Int32] {
        Parallel.map(count: z.count / width, minimumChunk: 1024) { row in
            Int32(
                z.withUnsafeBufferPointer { z in
                    nearest(UnsafeBufferPointer(rebasing: z[row * width..<(row + 1) * width]), centers)
                })
        }
    }

    @inline(__always)
    private static func nearest(_ row: UnsafeBufferPointer<Double>, _ centers: [Double]) -> Int {
        var (best, bestDistance) = (0, Double.infinity)
        centers.withUnsafeBufferPointer { centers in
            for cluster in 0..<centers.count / row.count {
                var distance = 0.0
                for feature in 0..<row.count {
                    let away = row[feature] - centers[cluster * row.count + feature]
                    distance += away * away
                }
                if distance < bestDistance { (best, bestDistance) = (cluster, distance) }
            }
        }
        return best
    }

    private static func squared(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int, _ width: Int) -> Double {
        var sum = 0.0
        for feature in 0..<width {
            let away = a[i + feature] - b[j + feature]
            sum += away * away
        }
        return sum
    }

    /// Writes the outputs of `row`, `[width]`, which is overwritten.
    func predict(_ row: UnsafeMutableBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        let width = scale.means.count
        for feature in 0..<width {
            let deviation = scale.deviations[feature]
            let away = deviation > 0 ? (row[feature] - scale.means[feature]) / deviation : 0
            row[feature] = away.isNaN ? 0 : away
        }
        let cluster = Self.nearest(UnsafeBufferPointer(rebasing: row[0..<width]), centers)
        for output in 0..<outputs { result[output] = values[cluster * outputs + output] }
    }
}
