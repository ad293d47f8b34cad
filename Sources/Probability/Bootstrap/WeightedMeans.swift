internal import Foundation
internal import NumericalMethods

/// The bootstrap of means: every unit reduced to the sums of its columns and its size.
struct WeightedMeans: Sendable {
    let units: ResamplingUnits
    /// Number of columns, the size included.
    let width: Int
    /// `[units, width]`: the sums of the columns, then the number of items.
    let sums: [Double]

    init(_ columns: Matrix, _ units: ResamplingUnits) {
        self.units = units
        let statistics = columns.columns
        let width = statistics + 1
        self.width = width
        var sums = [Double](repeating: 0, count: units.count * width)
        for unit in 0..<units.count {
            for position in units.starts[unit]..<units.starts[unit + 1] {
                let row = units.order[position] * statistics
                for j in 0..<statistics { sums[unit * width + j] += columns.storage[row + j] }
                sums[unit * width + statistics] += 1
            }
        }
        self.sums = sums
    }

    /// Units of one block: their weights and sums stay in the second cache level.
    private static let block = 2048
    /// Replicates that pass over a block together.
    private static let batch = 8

    func bootstrap(
        _ replicates: Int, _ scheme: Bootstrap.Scheme, streams: Random
    ) throws(StatisticsError) -> BootstrapResult {
        let statistics = width - 1
        let totals = units.strata.map { stratum in total(of: stratum) { _ in 1 } }
        let items = totals.reduce(0) { $0 + $1[statistics] }
        let estimates = (0..<statistics).map { j in totals.reduce(0) { $0 + $1[j] } / items }
        let batches = (replicates + Self.batch - 1) / Self.batch
        let values = Parallel.map(count: batches) { index in
            let first = index * Self.batch
            return batchMeans(first..<min(first + Self.batch, replicates), scheme, streams, totals, items)
        }
        return BootstrapResult(
            estimates: estimates,
            replicates: Matrix(rows: replicates, columns: statistics, storage: Array(values.joined())),
            accelerations: accelerations(totals, items), count: units.count)
    }

    /// The means of some replicates, `[replicates, statistics]`.
    private func batchMeans(
        _ range: Range<Int>, _ scheme: Bootstrap.Scheme, _ streams: Random, _ totals: [[Double]], _ items: Double
    ) -> [Double] {
        let statistics = width - 1
        var means = [Double](repeating: 0, count: range.count * statistics)
        var randoms = range.map { streams.split(UInt64($0)) }
        for (s, stratum) in units.strata.enumerated() {
            var drawn = [[Double]](repeating: [], count: range.count)
            switch scheme {
            case .poisson:
                // A stratum that draws nothing draws again, on the same stream.
                var waiting = Array(range.indices.map { $0 - range.lowerBound })
                while !waiting.isEmpty {
                    for r in waiting { drawn[r] = [Double](repeating: 0, count: width) }
                    addPoisson(stratum, waiting, &randoms, &drawn)
                    waiting = waiting.filter { drawn[$0][statistics] == 0 }
                }
            case .multinomial:
                for r in 0..<range.count { drawn[r] = multinomial(stratum, &randoms[r]) }
            }
            let share = totals[s][statistics] / items
            for r in 0..<range.count {
                for j in 0..<statistics { means[r * statistics + j] += share * drawn[r][j] / drawn[r][statistics] }
            }
        }
        return means
    }

    private func addPoisson(
        _ stratum: Range<Int>, _ waiting: [Int], _ randoms: inout [Random], _ drawn: inout [[Double]]
    ) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.block) { weights in
            sums.withUnsafeBufferPointer { sums in
                var start = stratum.lowerBound
                while start < stratum.upperBound {
                    let count = min(Self.block, stratum.upperBound - start)
                    let bytes = UnsafeMutableBufferPointer(rebasing: weights[0..<count])
                    for r in waiting {
                        PoissonWeights.fill(bytes, using: &randoms[r])
                        if width == 2 {
                            let (sum, size) = addPairs(bytes, sums.baseAddress! + start * 2)
                            drawn[r][0] += sum
                            drawn[r][1] += size
                        } else {
                            drawn[r].withUnsafeMutableBufferPointer {
                                add(bytes, sums.baseAddress! + start * width, $0)
                            }
                        }
                    }
                    start += count
                }
            }
        }
    }

    /// One column and the size, in registers: two lanes, two sums at a time to overlap the additions.
    private func addPairs(_ weights: UnsafeMutableBufferPointer<UInt8>, _ rows: UnsafePointer<Double>) -> (
        Double, Double
    ) {
        var even = SIMD2<Double>()
        var odd = SIMD2<Double>()
        var i = 0
        while i + 1 < weights.count {
            even += Double(weights[i]) * SIMD2(rows[2 * i], rows[2 * i + 1])
            odd += Double(weights[i + 1]) * SIMD2(rows[2 * i + 2], rows[2 * i + 3])
            i += 2
        }
        if i < weights.count { even += Double(weights[i]) * SIMD2(rows[2 * i], rows[2 * i + 1]) }
        let sum = even + odd
        return (sum[0], sum[1])
    }

    private func add(
        _ weights: UnsafeMutableBufferPointer<UInt8>, _ rows: UnsafePointer<Double>,
        _ result: UnsafeMutableBufferPointer<Double>
    ) {
        for i in weights.indices where weights[i] > 0 {
            let w = Double(weights[i])
            let row = rows + i * width
            for j in 0..<width { result[j] += w * row[j] }
        }
    }

    private func multinomial(_ stratum: Range<Int>, _ random: inout Random) -> [Double] {
        var result = [Double](repeating: 0, count: width)
        sums.withUnsafeBufferPointer { sums in
            for _ in stratum {
                let row = (stratum.lowerBound + random.integer(below: stratum.count)) * width
                for j in 0..<width { result[j] += sums[row + j] }
            }
        }
        return result
    }

    private func total(of stratum: Range<Int>, weight: (Int) -> Double) -> [Double] {
        var result = [Double](repeating: 0, count: width)
        for unit in stratum {
            for j in 0..<width { result[j] += weight(unit) * sums[unit * width + j] }
        }
        return result
    }

    /// The skewness of the influence of units on each mean: unit i of stratum s moves it by about
    /// `share_s (sum_i − mean_s size_i) / items_s`.
    private func accelerations(_ totals: [[Double]], _ items: Double) -> [Double] {
        let statistics = width - 1
        return (0..<statistics).map { j in
            var influences: [Double] = []
            influences.reserveCapacity(units.count)
            for (s, stratum) in units.strata.enumerated() {
                let mean = totals[s][j] / totals[s][statistics]
                for unit in stratum {
                    influences.append((sums[unit * width + j] - mean * sums[unit * width + statistics]) / items)
                }
            }
            return BootstrapResult.acceleration(influences)
        }
    }
}
