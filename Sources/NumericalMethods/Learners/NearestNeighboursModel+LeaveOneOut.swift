extension NearestNeighboursModel {
    /// Summed squared leave-one-out errors over all targets by weighting and k of `counts` (ascending): items taken
    /// evenly, at most `queries`, are predicted from the others.
    func leaveOneOut(_ counts: [Int], queries: Int) -> [[Double]] {
        let weightings = NearestNeighbours.Weighting.allCases
        let cells = weightings.count * counts.count
        guard items > 1 else { return weightings.map { _ in counts.map { _ in .infinity } } }
        let tried = min(items, queries)
        let wanted = min(counts[counts.count - 1] + 1, items - 1)
        let sums =
            Parallel.reduce(count: tried, minimumChunk: 32) { range in
                var errors = [Double](repeating: 0, count: cells)
                // The means so far of one query: sums and masses, `[outputs]`.
                var sums = [Double](repeating: 0, count: outputs)
                var masses = sums
                let own = range.map { $0 * items / tried }
                let rows = own.flatMap { points.values[$0 * features..<($0 + 1) * features] }
                rows.withUnsafeBufferPointer { rows in
                    points.nearest(wanted, toAll: rows, excluding: { own[$0] }) { query, found in
                        let order = (0..<found.count).sorted {
                            (found.squares[$0], found.items[$0]) < (found.squares[$1], found.items[$1])
                        }
                        for (index, weighting) in weightings.enumerated() {
                            for (place, k) in counts.enumerated() {
                                let reach = found.squares[order[min(k, order.count - 1)]]
                                for target in 0..<outputs { (sums[target], masses[target]) = (0, 0) }
                                for near in order.prefix(k) {
                                    let weight = Self.weight(found.squares[near], reach: reach, weighting)
                                    let row = Int(found.items[near]) * outputs
                                    for target in 0..<outputs where !targets.storage[row + target].isNaN {
                                        sums[target] += weight * targets.storage[row + target]
                                        masses[target] += weight
                                    }
                                }
                                for target in 0..<outputs {
                                    let mean =
                                        masses[target] > 0 ? sums[target] / masses[target] : targetMeans[target]
                                    let miss = targets[own[query], target] - mean
                                    if !miss.isNaN { errors[index * counts.count + place] += miss * miss }
                                }
                            }
                        }
                    }
                }
                return errors
            } combine: {
                zip($0, $1).map(+)
            } ?? []
        return weightings.indices.map { Array(sums[$0 * counts.count..<($0 + 1) * counts.count]) }
    }
}
