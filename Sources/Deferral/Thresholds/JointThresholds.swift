/// The thresholds of a chain that together maximise the total value on the log.
///
/// Item i, stopped at stage j, is worth v_j(i) (its quality less λ times all it cost up to there); it stops at the
/// first stage whose score reaches that stage's threshold, else at the last. The maximum over all thresholds at once:
///
/// - two stages: one pass over the sorted scores;
/// - three stages: the items move from "goes on" to "stops at 1" in order of score 1, and a tree of prefix sums holds
///   the best cut of score 2 for those that go on: O(n log n), exact over all pairs of cuts;
/// - four and more: exact over a grid of cuts (all of them where the log is small), then pairs of neighbouring
///   thresholds are re-chosen exactly over all cuts until no pair improves, then ``ThresholdProof`` looks for better
///   ones or proves that there are none, as far as its effort goes.
struct JointThresholds {
    /// The cut chosen for each stage but the last (``ScoreOrder``).
    var cuts: [Int]
    /// The total value.
    var value: Double
    /// No choice of thresholds has a larger value on the log than this.
    var bound: Double
    /// Whether no choice of thresholds has a larger value on the log.
    var isExact: Bool { bound <= value }

    /// The most cells that the grid for four and more stages may have.
    static let gridCells = 1 << 18

    /// - Parameters:
    ///   - values: v_j, `[stages][items]`.
    ///   - orders: the score orders of all stages but the last.
    ///   - proof: effort for chains of four and more: how many items the proof may look at, over all its nodes.
    init(values: [[Double]], orders: [ScoreOrder], proof: Int = 0) {
        switch orders.count {
        case 0:
            self.init(cuts: [], value: values[0].reduce(0, +))
        case 1:
            let best = Self.bestCut(stop: values[0], goOn: values[1], order: orders[0])
            self.init(cuts: [best.cut], value: best.value)
        case 2:
            let best = Self.bestPair(
                stopFirst: values[0], stopSecond: values[1], goOn: values[2], first: orders[0], second: orders[1])
            self.init(cuts: [best.first, best.second], value: best.value)
        default:
            let grid = ThresholdGrid(values: values, orders: orders, cells: Self.gridCells)
            self.init(cuts: grid.cuts, value: grid.value)
            if grid.coversAllCuts { return }
            improvePairs(values: values, orders: orders)
            bound = .infinity
            if proof >= values[0].count {
                let proof = ThresholdProof(
                    values: values, orders: orders, startingFrom: (cuts, value), nodes: proof / values[0].count)
                (cuts, value, bound) = (proof.cuts, proof.value, proof.bound)
            }
        }
    }

    private init(cuts: [Int], value: Double) {
        self.cuts = cuts
        self.value = value
        bound = value
    }

    /// The best cut of one score: the largest prefix sum of (stop - goOn) in falling order of score.
    static func bestCut(stop: [Double], goOn: [Double], order: ScoreOrder) -> (cut: Int, value: Double) {
        var value = goOn.reduce(0, +)
        var best = (cut: 0, value: value)
        for cut in 0..<order.cuts {
            for place in order.starts[cut]..<order.starts[cut + 1] {
                let item = Int(order.items[Int(place)])
                value += stop[item] - goOn[item]
            }
            if value > best.value { best = (cut + 1, value) }
        }
        return best
    }

    /// The best pair of cuts of two scores.
    static func bestPair(
        stopFirst: [Double], stopSecond: [Double], goOn: [Double], first: ScoreOrder, second: ScoreOrder
    ) -> (first: Int, second: Int, value: Double) {
        // Items without a second score are never stopped by it: they count in `rest` only.
        let missing = second.cuts < second.scores.count ? Int32(second.cuts) : -1
        var gains = [Double](repeating: 0, count: max(second.cuts, 1))
        var rest = 0.0
        for item in goOn.indices {
            rest += goOn[item]
            if second.group[item] != missing { gains[Int(second.group[item])] += stopSecond[item] - goOn[item] }
        }
        var tree = PrefixMaximumTree(gains)
        var stopped = 0.0
        var best = (first: 0, value: rest + tree.largestPrefix)
        for cut in 0..<first.cuts {
            for place in first.starts[cut]..<first.starts[cut + 1] {
                let item = Int(first.items[Int(place)])
                stopped += stopFirst[item]
                rest -= goOn[item]
                if second.group[item] != missing {
                    tree.add(goOn[item] - stopSecond[item], at: Int(second.group[item]))
                }
            }
            let value = stopped + rest + tree.largestPrefix
            if value > best.value { best = (cut + 1, value) }
        }
        // The second cut for the first one chosen, and the value summed afresh.
        var masked = stopSecond
        var maskedGoOn = goOn
        var value = 0.0
        for place in 0..<Int(first.starts[best.first]) {
            let item = Int(first.items[place])
            value += stopFirst[item]
            masked[item] = 0
            maskedGoOn[item] = 0
        }
        let cut = bestCut(stop: masked, goOn: maskedGoOn, order: second)
        return (best.first, cut.cut, value + cut.value)
    }

    /// Re-chooses neighbouring pairs of cuts exactly until no pair improves the value.
    private mutating func improvePairs(values: [[Double]], orders: [ScoreOrder]) {
        let items = values[0].count
        var improved = true
        while improved {
            improved = false
            for pair in 0..<(orders.count - 1) {
                // Items that an earlier stage stops are out; later stages decide what going on is worth.
                var before = 0.0
                var stopFirst = [Double](repeating: 0, count: items)
                var stopSecond = stopFirst
                var goOn = stopFirst
                for item in 0..<items {
                    if let stage = (0..<pair).first(where: { Int(orders[$0].group[item]) < cuts[$0] }) {
                        before += values[stage][item]
                        continue
                    }
                    let later = ((pair + 2)..<orders.count).first { Int(orders[$0].group[item]) < cuts[$0] }
                    stopFirst[item] = values[pair][item]
                    stopSecond[item] = values[pair + 1][item]
                    goOn[item] = values[later ?? orders.count][item]
                }
                let best = Self.bestPair(
                    stopFirst: stopFirst, stopSecond: stopSecond, goOn: goOn, first: orders[pair],
                    second: orders[pair + 1])
                if before + best.value > value + 1e-12 * max(abs(value), 1) {
                    cuts[pair] = best.first
                    cuts[pair + 1] = best.second
                    value = before + best.value
                    improved = true
                }
            }
        }
    }
}

/// A row of numbers that can be changed one at a time, with its largest prefix sum always known.
/// The empty prefix counts, so the largest is never below 0.
struct PrefixMaximumTree {
    /// Sum of each node's leaves; node 1 is the root, its children are 2 and 3.
    private var sums: [Double]
    /// Largest prefix sum within each node.
    private var prefixes: [Double]
    private let leaves: Int

    init(_ values: [Double]) {
        var leaves = 1
        while leaves < values.count { leaves *= 2 }
        self.leaves = leaves
        sums = [Double](repeating: 0, count: 2 * leaves)
        prefixes = sums
        for (index, value) in values.enumerated() {
            sums[leaves + index] = value
            prefixes[leaves + index] = max(value, 0)
        }
        for node in stride(from: leaves - 1, to: 0, by: -1) { pull(node) }
    }

    private mutating func pull(_ node: Int) {
        sums[node] = sums[2 * node] + sums[2 * node + 1]
        prefixes[node] = max(prefixes[2 * node], sums[2 * node] + prefixes[2 * node + 1])
    }

    var largestPrefix: Double { prefixes[1] }

    mutating func add(_ value: Double, at index: Int) {
        var node = leaves + index
        sums[node] += value
        prefixes[node] = max(sums[node], 0)
        node /= 2
        while node > 0 {
            pull(node)
            node /= 2
        }
    }
}
