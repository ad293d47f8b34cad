import Cascades
import Deferral
import Probability
import Reports

/// Items to learn on and others to test on, at random.
struct Split: Sendable {
    let training: [Int]
    let test: [Int]

    /// Two halves of `items` out of `count`.
    init(of count: Int, items: Int, using random: inout Random) {
        let order = random.sample(items, outOf: count)
        training = order[..<(items / 2)].sorted()
        test = order[(items / 2)...].sorted()
    }
}

/// What a path of policies reaches on items that it was not learned on, price by price.
struct FrontierTest: Sendable {
    /// Mean cost and quality at each price, by cost.
    let points: [FrontierPoint]
    /// Mean quality over all budgets between the cheapest and the dearest stage, mixing neighbouring points at random.
    let area: Double

    /// Nothing is chosen by what is measured: every price of `prices`, which end at infinity, makes a point.
    init(_ path: any PolicyPath, test: CostedLog, prices: [Double]) {
        points = path.sweep(test, prices: prices).sorted { ($0.cost, $0.quality) < ($1.cost, $1.quality) }
        let costs = CostedLog(test.log, objective: test.objective).meanCost
        area = FrontierArea.meanQuality(unhulled: points, from: costs.min()!, to: costs.max()!)
    }

    static func cell(_ areas: [Double]) -> TableCell {
        let summary = Comparison(areas)
        return .percentInterval(summary.mean, low: summary.low, high: summary.high, decimals: 2)
    }

    static func chart(_ title: String, _ tests: [FrontierTest], names: [String]) -> Chart {
        Chart(
            title, x: Axis("mean cost", unit: "$/item"), y: Axis("quality", format: .percent),
            series: zip(tests, names).map { test, name in
                Series(
                    name, points: test.points.map { ChartPoint($0.cost, $0.quality) },
                    isDashed: name.hasPrefix("single"), showsDots: true)
            })
    }
}
