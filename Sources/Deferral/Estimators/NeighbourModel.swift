import Foundation
import NumericalMethods

/// The weighted mean over the nearest remembered rows.
///
///     output = sum over the k nearest of w_i y_i / sum of w_i
///
/// Features are standardised, missing ones at their mean. How many neighbours, which distance and which weights are
/// chosen by leave-one-out squared error over up to 1000 of the remembered rows.
public struct NeighbourModel: Codable, Sendable, Hashable {
    /// How far two rows are from each other.
    public enum Distance: String, Codable, Sendable, CaseIterable {
        /// The square root of the summed squared differences.
        case euclidean
        /// The same between rows scaled to length 1: large where they point apart.
        case cosine
    }

    /// How neighbours count.
    public enum Weighting: String, Codable, Sendable, CaseIterable {
        /// All alike.
        case uniform
        /// (1 - (d / d_{k+1})²): none at the first neighbour left out.
        case epanechnikov
    }

    /// How many neighbours count.
    public let neighbours: Int
    /// The distance.
    public let distance: Distance
    /// The weights.
    public let weighting: Weighting
    let scale: Standardisation
    /// Standardised rows, `[memory, width]`.
    let memory: [Double]
    /// Their targets, `[memory, outputs]`, with the overall mean where one is missing.
    let targets: [Double]
    let outputs: Int

    /// The most rows that are remembered; more are thinned out evenly.
    static let largestMemory = 4096

    init(_ rows: TrainingRows) {
        let (width, outputs) = (rows.width, rows.outputs)
        let scale = Standardisation(rows)
        let kept = min(rows.count, Self.largestMemory)
        let indices = (0..<kept).map { $0 * rows.count / kept }
        let means = EstimatorKind.means(rows)
        var targets = [Double](repeating: 0, count: kept * outputs)
        for (row, index) in indices.enumerated() {
            for output in 0..<outputs {
                let target = rows.targets[index * outputs + output]
                targets[row * outputs + output] = target.isNaN ? means[output] : target
            }
        }
        var best = (error: Double.infinity, k: 1, distance: Distance.euclidean, weighting: Weighting.uniform)
        var memories: [[Double]] = []
        for distance in Distance.allCases {
            var memory = [Double](repeating: 0, count: kept * width)
            memory.withUnsafeMutableBufferPointer { memory in
                for (row, index) in indices.enumerated() {
                    let target = UnsafeMutableBufferPointer(rebasing: memory[row * width..<(row + 1) * width])
                    for feature in 0..<width { target[feature] = rows.features[index * width + feature] }
                    Self.standardise(target, scale: scale, distance: distance)
                }
            }
            memories.append(memory)
            let errors = Self.leaveOneOut(memory: memory, targets: targets, width: width, outputs: outputs)
            for (weighting, column) in zip(Weighting.allCases, errors) {
                for (k, error) in zip(Self.candidates(kept), column) where error < best.error {
                    best = (error, k, distance, weighting)
                }
            }
        }
        neighbours = best.k
        distance = best.distance
        weighting = best.weighting
        self.scale = scale
        memory = memories[Distance.allCases.firstIndex(of: best.distance)!]
        self.targets = targets
        self.outputs = outputs
    }

    /// The numbers of neighbours that are tried, given how many rows are remembered.
    static func candidates(_ memory: Int) -> [Int] {
        let all = [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256].filter { $0 < memory - 1 }
        return all.isEmpty ? [1] : all
    }

    private static func standardise(
        _ row: UnsafeMutableBufferPointer<Double>, scale: Standardisation, distance: Distance
    ) {
        var length = 0.0
        for feature in 0..<row.count {
            let deviation = scale.deviations[feature]
            let away = deviation > 0 ? (row[feature] - scale.means[feature]) / deviation : 0
            row[feature] = away.isNaN ? 0 : away
            length += row[feature] * row[feature]
        }
        if distance == .cosine && length > 0 {
            let factor = 1 / length.squareRoot()
            for feature in 0..<row.count { row[feature] *= factor }
        }
    }

    /// Leave-one-out squared errors by weighting and number of neighbours.
    private static func leaveOneOut(memory: [Double], targets: [Double], width: Int, outputs: Int) -> [[Double]] {
        let kept = targets.count / outputs
        let candidates = candidates(kept)
        let queries = min(kept, 1000)
        let largest = min(candidates[candidates.count - 1] + 1, max(1, kept - 1))
        let parts: [[Double]] = Parallel.map(count: queries, minimumChunk: 32) { query in
            let own = query * kept / queries
            var errors = [Double](repeating: 0, count: 2 * candidates.count)
            guard kept > 1 else { return errors }
            var nearest = NearestRows(capacity: largest)
            memory.withUnsafeBufferPointer { memory in
                let row = UnsafeBufferPointer(rebasing: memory[own * width..<(own + 1) * width])
                nearest.search(row, memory: memory, skipping: own)
            }
            let found = nearest.sorted()
            for (place, k) in candidates.enumerated() {
                let count = min(k, found.count)
                let reach = count < found.count ? found[count].distance : found[count - 1].distance
                for (index, weighting) in Weighting.allCases.enumerated() {
                    var total = 0.0
                    var sums = [Double](repeating: 0, count: outputs)
                    for neighbour in found[..<count] {
                        let weight = Self.weight(neighbour.distance, reach: reach, weighting)
                        total += weight
                        for output in 0..<outputs { sums[output] += weight * targets[neighbour.row * outputs + output] }
                    }
                    for output in 0..<outputs {
                        let miss = targets[own * outputs + output] - sums[output] / total
                        errors[index * candidates.count + place] += miss * miss
                    }
                }
            }
            return errors
        }
        var sums = [Double](repeating: 0, count: 2 * candidates.count)
        for part in parts { for index in sums.indices { sums[index] += part[index] } }
        return [Array(sums[..<candidates.count]), Array(sums[candidates.count...])]
    }

    /// The weight of a neighbour at squared distance `squared`, where the first one left out is at `reach` (squared).
    @inline(__always)
    private static func weight(_ squared: Double, reach: Double, _ weighting: Weighting) -> Double {
        switch weighting {
        case .uniform: 1
        // A little more than 0 keeps the sum positive where all are equally far.
        case .epanechnikov: reach > 0 ? max(1 - squared / reach, 0) + 1e-9 : 1
        }
    }

    /// Writes the outputs of `row`, `[width]`, which is overwritten.
    func predict(_ row: UnsafeMutableBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        let width = scale.means.count
        let used = UnsafeMutableBufferPointer(rebasing: row[0..<width])
        Self.standardise(used, scale: scale, distance: distance)
        var nearest = NearestRows(capacity: neighbours + 1)
        memory.withUnsafeBufferPointer { nearest.search(UnsafeBufferPointer(used), memory: $0, skipping: -1) }
        let found = nearest.sorted()
        let count = min(neighbours, found.count)
        let reach = found[min(count, found.count - 1)].distance
        for output in 0..<outputs { result[output] = 0 }
        var total = 0.0
        for neighbour in found[..<count] {
            let weight = Self.weight(neighbour.distance, reach: reach, weighting)
            total += weight
            for output in 0..<outputs { result[output] += weight * targets[neighbour.row * outputs + output] }
        }
        for output in 0..<outputs { result[output] /= total }
    }
}

/// The nearest rows found so far: a heap whose top is the farthest of them.
struct NearestRows {
    struct Entry {
        /// Squared.
        var distance: Double
        var row: Int
    }

    private let capacity: Int
    private var heap: [Entry] = []
    /// What is farther is not among the nearest.
    private var limit = Double.infinity

    init(capacity: Int) {
        self.capacity = capacity
        heap.reserveCapacity(capacity)
    }

    /// Nearest first; the earlier row first in a tie.
    func sorted() -> [Entry] { heap.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) } }

    mutating func search(_ query: UnsafeBufferPointer<Double>, memory: UnsafeBufferPointer<Double>, skipping own: Int) {
        let width = query.count
        let rows = width > 0 ? memory.count / width : 0
        for row in 0..<rows where row != own {
            // Four sums, so that the additions need not wait for each other.
            var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
            let base = row * width
            var feature = 0
            while feature + 4 <= width {
                let (p, q) = (query[feature] - memory[base + feature], query[feature + 1] - memory[base + feature + 1])
                let (r, s) = (
                    query[feature + 2] - memory[base + feature + 2], query[feature + 3] - memory[base + feature + 3]
                )
                a += p * p
                b += q * q
                c += r * r
                d += s * s
                feature += 4
            }
            while feature < width {
                let p = query[feature] - memory[base + feature]
                a += p * p
                feature += 1
            }
            let distance = (a + b) + (c + d)
            if distance <= limit { offer(Entry(distance: distance, row: row)) }
        }
    }

    @inline(__always)
    private mutating func offer(_ entry: Entry) {
        if heap.count < capacity {
            heap.append(entry)
            var child = heap.count - 1
            while child > 0, Self.isFarther(heap[child], heap[(child - 1) / 2]) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if Self.isFarther(heap[0], entry) {
            heap[0] = entry
            var parent = 0
            while true {
                var child = 2 * parent + 1
                if child >= heap.count { break }
                if child + 1 < heap.count, Self.isFarther(heap[child + 1], heap[child]) { child += 1 }
                if !Self.isFarther(heap[child], heap[parent]) { break }
                heap.swapAt(child, parent)
                parent = child
            }
        }
        if heap.count == capacity { limit = heap[0].distance }
    }

    @inline(__always)
    private static func isFarther(_ a: Entry, _ b: Entry) -> Bool {
        a.distance > b.distance || (a.distance == b.distance && a.row > b.row)
    }
}
