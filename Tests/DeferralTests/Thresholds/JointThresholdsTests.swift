import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `joint thresholds` {
    /// Values and scores of a chain, with ties and missing scores among the scores.
    func problem(items: Int, stages: Int, levels: Int, random: inout Random) -> (
        values: [[Double]], orders: [ScoreOrder]
    ) {
        let values = (0..<stages).map { _ in (0..<items).map { _ in random.uniform() - 0.3 } }
        let orders = (0..<stages - 1).map { _ in
            ScoreOrder(
                (0..<items).map { _ in
                    random.uniform() < 0.1 ? .nan : (random.uniform() * Double(levels)).rounded(.down)
                })
        }
        return (values, orders)
    }

    func value(_ cuts: [Int], values: [[Double]], orders: [ScoreOrder]) -> Double {
        values[0].indices.reduce(0.0) { sum, item in
            let stage = orders.indices.first { Int(orders[$0].group[item]) < cuts[$0] } ?? orders.count
            return sum + values[stage][item]
        }
    }

    /// The best value over all combinations of cuts, by trying every one.
    func bruteForce(values: [[Double]], orders: [ScoreOrder]) -> Double {
        var best = -Double.infinity
        func recurse(_ cuts: [Int]) {
            if cuts.count == orders.count {
                best = max(best, value(cuts, values: values, orders: orders))
                return
            }
            for cut in 0...orders[cuts.count].cuts { recurse(cuts + [cut]) }
        }
        recurse([])
        return best
    }

    @Test(arguments: [(2, 40, 1000), (2, 25, 4), (3, 30, 1000), (3, 30, 5), (4, 15, 1000), (4, 20, 3), (5, 9, 4)])
    func `equal the best of all combinations`(stages: Int, items: Int, levels: Int) {
        var random = Random(seed: UInt64(stages * 1000 + items))
        for _ in 0..<20 {
            let (values, orders) = problem(items: items, stages: stages, levels: levels, random: &random)
            let joint = JointThresholds(values: values, orders: orders)
            #expect(joint.isExact)
            #expect(abs(joint.value - bruteForce(values: values, orders: orders)) < 1e-9)
            #expect(abs(joint.value - value(joint.cuts, values: values, orders: orders)) < 1e-9)
        }
    }

    @Test func `are never worse than the grid when the log is too large for all combinations`() {
        var random = Random(seed: 5)
        let (values, orders) = problem(items: 400, stages: 4, levels: 1_000_000, random: &random)
        let joint = JointThresholds(values: values, orders: orders)
        let grid = ThresholdGrid(values: values, orders: orders, cells: 4096)
        #expect(!joint.isExact)
        #expect(joint.value >= grid.value - 1e-9)
        #expect(abs(joint.value - value(joint.cuts, values: values, orders: orders)) < 1e-9)
    }

    @Test(arguments: [(4, 60), (4, 150), (5, 40), (6, 25)])
    func `are proven to be the best, or mended, where the effort allows`(stages: Int, items: Int) {
        var random = Random(seed: UInt64(31 * stages + items))
        for _ in 0..<5 {
            let (values, orders) = problem(items: items, stages: stages, levels: 1_000_000, random: &random)
            let quick = JointThresholds(values: values, orders: orders)
            let proof = ThresholdProof(
                values: values, orders: orders, startingFrom: (quick.cuts, quick.value), nodes: 1_000_000)
            #expect(proof.bound == proof.value)
            #expect(proof.value >= quick.value)
            #expect(abs(proof.value - value(proof.cuts, values: values, orders: orders)) < 1e-9)
        }
    }

    @Test(arguments: [(4, 14), (5, 9), (6, 7)])
    func `proven from a bad start equal the best of all combinations`(stages: Int, items: Int) {
        var random = Random(seed: UInt64(7 * stages + items))
        for _ in 0..<20 {
            let (values, orders) = problem(items: items, stages: stages, levels: 1000, random: &random)
            let zeros = orders.map { _ in 0 }
            let start = (cuts: zeros, value: value(zeros, values: values, orders: orders))
            let proof = ThresholdProof(values: values, orders: orders, startingFrom: start, nodes: 1_000_000)
            let best = bruteForce(values: values, orders: orders)
            #expect(abs(proof.value - best) < 1e-9)
            #expect(proof.bound == proof.value)
            // A proof cut short still bounds the best from above.
            let cut = ThresholdProof(values: values, orders: orders, startingFrom: start, nodes: 5)
            #expect(cut.bound >= best - 1e-9)
        }
    }

    @Test func `a cut's threshold stops exactly the items above the cut`() {
        let scores = [0.5, 0.1, .nan, 0.9, 0.5, 0.3, 0.3.nextUp]
        let order = ScoreOrder(scores)
        for cut in 0...order.cuts {
            let threshold = order.threshold(cut: cut)
            for item in scores.indices {
                #expect((scores[item] >= threshold) == (Int(order.group[item]) < cut))
            }
        }
    }

    @Test func `a tree of prefix sums knows the largest after every change`() {
        var random = Random(seed: 9)
        var numbers = (0..<13).map { _ in random.uniform() - 0.5 }
        var tree = PrefixMaximumTree(numbers)
        for _ in 0..<200 {
            let index = Int(random.uniform() * 13)
            let change = random.uniform() - 0.5
            numbers[index] += change
            tree.add(change, at: index)
            var sum = 0.0
            let largest = numbers.reduce(0.0) { best, number in
                sum += number; return max(best, sum)
            }
            #expect(abs(tree.largestPrefix - largest) < 1e-12)
        }
    }
}
