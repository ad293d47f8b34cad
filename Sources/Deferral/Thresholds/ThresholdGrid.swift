/// The best thresholds of a chain of any length over a grid of cuts: every combination is looked at.
///
/// Each score is cut into bins of nearly equal counts. For each stage a table over the cuts of the stages up to it
/// holds, by inclusive prefix sums, the total value of the items that stop there; the value of a combination is the
/// sum of one cell from each table.
struct ThresholdGrid {
    /// The best combination of cuts.
    var cuts: [Int]
    /// Its value.
    var value: Double
    /// Whether the grid holds every cut of every score.
    var coversAllCuts: Bool

    /// - Parameters:
    ///   - values: `[stages][items]`.
    ///   - orders: score orders of all stages but the last.
    ///   - cells: about how many combinations the grid may have.
    init(values: [[Double]], orders: [ScoreOrder], cells: Int) {
        let axes = orders.count
        let items = values[0].count
        // Spend the cells evenly; scores with few cuts leave more to the others.
        var widths = [Int](repeating: 0, count: axes)
        var left = Double(cells)
        let ascending = (0..<axes).sorted { orders[$0].cuts < orders[$1].cuts }
        for (done, axis) in ascending.enumerated() {
            let share = Int(left.nthRoot(axes - done))
            widths[axis] = max(1, min(orders[axis].cuts, share - 1))
            left /= Double(widths[axis] + 1)
        }
        // gridCuts[axis][bin] is the cut that stops bins 0..<bin.
        let gridCuts = (0..<axes).map { Self.evenCuts(orders[$0], bins: widths[$0]) }
        coversAllCuts = (0..<axes).allSatisfy { widths[$0] == orders[$0].cuts }
        let bins: [[Int32]] = (0..<axes).map { axis in
            var binOfGroup = [Int32](repeating: Int32(widths[axis]), count: orders[axis].scores.count)
            for bin in 0..<widths[axis] {
                for group in gridCuts[axis][bin]..<gridCuts[axis][bin + 1] { binOfGroup[group] = Int32(bin) }
            }
            return orders[axis].group.map { binOfGroup[Int($0)] }
        }
        // Each axis has widths + 1 positions: as a cut 0...width, as an item's bin 0...width (the last never stops).
        let sizes = widths.map { $0 + 1 }
        var tables: [[Double]] = []
        for stage in 0...axes {
            let dimensions = min(stage + 1, axes)
            var strides = [Int](repeating: 1, count: dimensions)
            for axis in stride(from: dimensions - 2, through: 0, by: -1) {
                strides[axis] = strides[axis + 1] * sizes[axis + 1]
            }
            var table = [Double](repeating: 0, count: sizes[0..<dimensions].reduce(1, *))
            for item in 0..<items {
                var cell = 0
                for axis in 0..<dimensions { cell += Int(bins[axis][item]) * strides[axis] }
                table[cell] += values[stage][item]
            }
            // Going past axis at cut c: bins >= c. Stopping at axis at cut c: bins < c.
            for axis in 0..<dimensions {
                Self.accumulate(&table, size: sizes[axis], stride: strides[axis], stops: axis == stage)
            }
            tables.append(table)
        }
        var best = -Double.infinity
        var bestCombination = [Int](repeating: 0, count: axes)
        var combination = bestCombination
        let count = sizes.reduce(1, *)
        for flat in 0..<count {
            // The table of stage j is indexed by the leading j + 1 cuts: divide away the trailing axes.
            var sum = tables[axes][flat]
            var index = flat
            for stage in stride(from: axes - 1, through: 0, by: -1) {
                sum += tables[stage][index]
                index /= sizes[stage]
            }
            if sum > best {
                best = sum
                bestCombination = combination
            }
            var axis = axes - 1
            while axis >= 0 {
                combination[axis] += 1
                if combination[axis] < sizes[axis] { break }
                combination[axis] = 0
                axis -= 1
            }
        }
        value = best
        cuts = (0..<axes).map { gridCuts[$0][bestCombination[$0]] }
    }

    /// Cuts 0 = c_0 < c_1 < ... that part the items with a score into `bins` nearly equal parts.
    static func evenCuts(_ order: ScoreOrder, bins: Int) -> [Int] {
        if bins >= order.cuts { return Array(0...order.cuts) }
        var cuts = [0]
        let scored = Int(order.starts[order.cuts])
        for bin in 1..<max(bins, 1) {
            let target = Int32(scored * bin / bins)
            var low = cuts[bin - 1] + 1
            // Leave a cut for each bin to come.
            let high = order.cuts - (bins - bin)
            while low < high && order.starts[low] < target { low += 1 }
            cuts.append(low)
        }
        cuts.append(order.cuts)
        return cuts
    }

    /// Replaces counts by bin with sums over bins: below each cut where the axis stops, else at and above it.
    private static func accumulate(_ table: inout [Double], size: Int, stride: Int, stops: Bool) {
        var block = 0
        while block < table.count {
            for offset in block..<(block + stride) {
                if stops {
                    var sum = 0.0
                    for position in 0..<size {
                        let cell = offset + position * stride
                        let own = table[cell]
                        table[cell] = sum
                        sum += own
                    }
                } else {
                    var sum = 0.0
                    for position in Swift.stride(from: size - 1, through: 0, by: -1) {
                        let cell = offset + position * stride
                        sum += table[cell]
                        table[cell] = sum
                    }
                }
            }
            block += size * stride
        }
    }
}

extension Double {
    /// The `n`-th root, n >= 1.
    fileprivate func nthRoot(_ n: Int) -> Double {
        var root = 1.0
        // Small integers only: the largest r with r^n <= self.
        while true {
            var power = 1.0
            for _ in 0..<n { power *= root + 1 }
            if power > self { return root }
            root += 1
        }
    }
}
