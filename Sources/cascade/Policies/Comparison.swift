import Cascades
import Deferral
import Probability
import Reports

/// Two policies on the same items, with paired intervals of their differences.
struct Comparison {
    /// One of the two.
    struct Side {
        var name: String
        var quality: MeanInterval
        var cost: MeanInterval
    }

    let first: Side
    let second: Side
    /// First less second, item by item.
    let quality: MeanInterval
    let cost: MeanInterval
    let items: JudgedItems
    /// How many items both could be replayed on.
    let count: Int
    let unit: CostUnit
    let unitName: String

    init(
        _ first: NamedPolicy, _ second: NamedPolicy, items: JudgedItems, objective: Objective,
        options: EvaluationOptions
    ) throws {
        let outcomes = try [first, second].map { try $0.outcomes(on: items.log, objective: objective) }
        let both = outcomes[0].quality.indices.map { !outcomes[0].quality[$0].isNaN && !outcomes[1].quality[$0].isNaN }
        count = both.count { $0 }
        guard count > 1 else {
            throw DeferralError.unsuitableLog(
                family: "compare", reason: "no two items hold the answers that both policies ask for",
                remedy: "Give a log of the same stages with more of their answers.")
        }
        let random = Random(seed: options.seed)
        // A run that both policies make is there with the larger of the two inverse propensities.
        let weights =
            outcomes[0].weights.isEmpty && outcomes[1].weights.isEmpty
            ? []
            : both.indices.map { item in
                both[item] ? outcomes.map { $0.weights.isEmpty ? 1 : $0.weights[item] }.max() ?? 1 : 0
            }
        func interval(_ value: (Int) -> Double) -> MeanInterval {
            MeanInterval(
                of: both.indices.map { both[$0] ? value($0) : .nan }, weights: weights, confidence: options.confidence,
                replicates: options.replicates, random: random)
        }
        let sides = zip([first, second], outcomes).map { named, outcomes in
            Side(name: named.name, quality: interval { outcomes.quality[$0] }, cost: interval { outcomes.cost[$0] })
        }
        self.first = sides[0]
        self.second = sides[1]
        quality = interval { outcomes[0].quality[$0] - outcomes[1].quality[$0] }
        cost = interval { outcomes[0].cost[$0] - outcomes[1].cost[$0] }
        self.items = items
        unit = CostUnit(objective)
        unitName = "\(objective.unit) per item"
    }

    /// What the intervals say, in words.
    var verdict: String {
        let share = cost.estimate / second.cost.estimate
        let price =
            cost.lower > 0
            ? "dearer (by \(NumberWords.percent(share)))"
            : cost.upper < 0 ? "cheaper (by \(NumberWords.percent(-share)))" : "not told apart in cost"
        if quality.estimate == 0, quality.lower == 0, quality.upper == 0, cost.estimate == 0 {
            return "\(first.name) and \(second.name) do the same on every item."
        }
        let worth =
            quality.lower > 0
            ? "better" : quality.upper < 0 ? "worse" : "not told apart in quality (\(interval(quality)))"
        return
            "\(first.name) is \(worth) and \(price) than \(second.name), at \(NumberWords.percent(quality.confidence)) confidence."
    }

    private func interval(_ interval: MeanInterval) -> String {
        "between \(NumberWords.signed(interval.lower)) and \(NumberWords.signed(interval.upper))"
    }

    func print(log: String) {
        Output.line(
            "On \(log): \(items.note)\(count == items.log.count ? "" : ", \(count) of which both can be replayed on").")
        Output.line()
        var table = TextTable(columns: ["", .init("quality"), .init("cost", unit: unit.name)])
        for side in [first, second] {
            table.add([.text(side.name), TableCell(side.quality, like: second.quality.estimate), cell(side.cost)])
        }
        table.add(
            ["difference", TableCell(quality, like: second.quality.estimate), cell(cost)], style: .best,
            startsGroup: true)
        Output.table(table)
        Output.line()
        Output.wrapped(verdict)
    }

    private func cell(_ interval: MeanInterval) -> TableCell {
        TableCell(
            MeanInterval(scaling: interval, by: unit.scale), like: second.cost.estimate * unit.scale)
    }

    var json: JSONValue {
        func side(_ side: Side) -> JSONValue {
            ["name": .string(side.name), "quality": JSONValue(side.quality), "cost": JSONValue(side.cost)]
        }
        return [
            "items": .integer(count), "itemsNote": .string(items.note), "costUnit": .string(unitName),
            "first": side(first), "second": side(second),
            "difference": ["quality": JSONValue(quality), "cost": JSONValue(cost)], "verdict": .string(verdict),
        ]
    }
}

extension MeanInterval {
    /// The same interval in another unit.
    init(scaling interval: MeanInterval, by factor: Double) {
        self = interval
        estimate *= factor
        lower *= factor
        upper *= factor
    }
}
