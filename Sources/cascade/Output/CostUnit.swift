import Cascades
import Deferral

/// How costs are shown to people: money by the thousand items, the rest by the item.
struct CostUnit {
    /// What a scalar cost is multiplied by to be shown.
    let scale: Double
    /// The unit in a sentence.
    let name: String
    /// The unit above a column.
    let short: String

    init(_ objective: Objective) {
        let weights = objective.weights
        let isMoney = weights.money == 1 && weights.seconds == 0 && weights.operations == 0
        scale = isMoney ? 1000 : 1
        short = isMoney ? "$ per 1,000" : objective.unit
        name = isMoney ? "$ per 1,000 items" : "\(objective.unit) per item"
    }
}

extension Goal {
    /// The goal in words, on a log whose costs are shown in `unit`.
    func words(_ unit: CostUnit) -> String {
        switch self {
        case .keep(let share): "keep \(NumberWords.percent(share)) of the reference's quality at the least cost"
        case .budget(let budget): "the best quality for at most \(NumberWords.short(budget * unit.scale)) \(unit.name)"
        case .price(let price): "the largest quality less \(NumberWords.short(price)) times cost"
        }
    }
}
