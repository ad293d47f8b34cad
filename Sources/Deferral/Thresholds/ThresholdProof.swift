/// Proves that thresholds are the best of all, or finds better ones: branch and bound over all thresholds of a chain but
/// the last two.
///
/// A node is a range of cuts for each of these. Within it an item may be sure to stop at a stage, sure to go on, or
/// either; one that may do either is given what is best for it. With that, the best last two thresholds
/// (``JointThresholds/bestPair(stopFirst:stopSecond:goOn:first:second:)``) bound every choice in the node from above, and
/// where each range is one cut the bound is the value itself. The node with the largest bound is split first, so the
/// largest bound left over is a bound on the whole.
struct ThresholdProof {
    /// The best cuts found.
    private(set) var cuts: [Int]
    /// Their total value.
    private(set) var value: Double
    /// No cuts have a larger total value than this.
    private(set) var bound: Double

    private struct Node {
        /// The least and the greatest cut of each stage but the last two that can stop.
        var ranges: [ClosedRange<Int>]
        var bound: Double
        /// The best last two cuts, given the ranges.
        var last: (first: Int, second: Int)
    }

    /// - Parameters:
    ///   - found: cuts to start from, and their value.
    ///   - nodes: how many nodes may be looked at.
    init(
        values: [[Double]], orders: [ScoreOrder], startingFrom found: (cuts: [Int], value: Double), nodes: Int
    ) {
        (cuts, value) = found
        let tolerance = 1e-12 * max(abs(found.value), 1)
        let outer = orders.count - 2
        var left = nodes
        func node(_ ranges: [ClosedRange<Int>]) -> Node {
            left -= 1
            return Self.node(ranges, values: values, orders: orders)
        }
        // In rising order of bound.
        var open = [node((0..<outer).map { 0...orders[$0].cuts })]
        while let top = open.last, top.bound > value + tolerance {
            guard let split = top.ranges.indices.max(by: { top.ranges[$0].count < top.ranges[$1].count }),
                top.ranges[split].count > 1
            else {
                // Every range is one cut: the bound is reached.
                open.removeLast()
                (cuts, value) = (top.ranges.map(\.lowerBound) + [top.last.first, top.last.second], top.bound)
                continue
            }
            if left < 2 { break }
            open.removeLast()
            let range = top.ranges[split]
            let middle = (range.lowerBound + range.upperBound) / 2
            for half in [range.lowerBound...middle, (middle + 1)...range.upperBound] {
                var ranges = top.ranges
                ranges[split] = half
                let child = node(ranges)
                if child.bound <= value + tolerance { continue }
                let place = open.firstIndex { $0.bound > child.bound } ?? open.count
                open.insert(child, at: place)
            }
        }
        bound = max(value, open.last?.bound ?? value)
        if bound <= value + tolerance { bound = value }
    }

    private static func node(_ ranges: [ClosedRange<Int>], values: [[Double]], orders: [ScoreOrder]) -> Node {
        let items = values[0].count
        let outer = ranges.count
        var before = 0.0
        var stopFirst = [Double](repeating: 0, count: items)
        var stopSecond = stopFirst
        var goOn = stopFirst
        for item in 0..<items {
            // The best of the stages at which the item may stop before the last two.
            var best = -Double.infinity
            var isStopped = false
            for stage in 0..<outer {
                let group = Int(orders[stage].group[item])
                if group >= ranges[stage].upperBound { continue }
                best = max(best, values[stage][item])
                if group < ranges[stage].lowerBound {
                    isStopped = true
                    break
                }
            }
            if isStopped {
                before += best
                continue
            }
            stopFirst[item] = max(best, values[outer][item])
            stopSecond[item] = max(best, values[outer + 1][item])
            goOn[item] = max(best, values[outer + 2][item])
        }
        let last = JointThresholds.bestPair(
            stopFirst: stopFirst, stopSecond: stopSecond, goOn: goOn, first: orders[outer], second: orders[outer + 1])
        return Node(ranges: ranges, bound: before + last.value, last: (last.first, last.second))
    }
}
