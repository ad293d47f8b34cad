import ArgumentParser
import Cascades
import Deferral

/// What is asked of the policy: a quality to keep, a budget or a price.
struct GoalOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Find the cheapest policy that keeps this share of the reference's quality, such as 0.98 or 98%. (default: 0.98)",
            valueName: "share"))
    var keep: Share?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Find the best policy whose mean cost an item is at most this: an amount, or a share of the reference's cost such as 30%.",
            valueName: "amount|share%"))
    var budget: Budget?

    @Option(name: .long, help: "Find the policy with the largest mean quality less this price times the mean cost.")
    var price: Double?

    /// A share, as a number or in per cent.
    struct Share: ExpressibleByArgument, Equatable {
        var value: Double

        init?(argument: String) {
            let isPercent = argument.hasSuffix("%")
            guard let number = Double(isPercent ? String(argument.dropLast()) : argument) else { return nil }
            value = isPercent ? number / 100 : number
        }
    }

    /// A budget: an amount, or a share of the reference's cost.
    enum Budget: ExpressibleByArgument, Equatable {
        case amount(Double)
        case share(Double)

        init?(argument: String) {
            if argument.hasSuffix("%") {
                guard let percent = Double(argument.dropLast()), percent > 0, percent.isFinite else { return nil }
                self = .share(percent / 100)
            } else {
                guard let amount = Double(argument), amount >= 0, amount.isFinite else { return nil }
                self = .amount(amount)
            }
        }
    }

    func validate() throws {
        if [keep != nil, budget != nil, price != nil].count(where: { $0 }) > 1 {
            throw ValidationError("Ask for one of --keep, --budget and --price.")
        }
        if let share = keep?.value, !(share > 0 && share <= 2) {
            throw ValidationError("--keep \(share): expected a share of the reference's quality, such as 0.98 or 98%.")
        }
        if let price, !(price >= 0 && price < .infinity) {
            throw ValidationError(
                "--price \(price): expected a number of at least 0: units of quality for a unit of cost.")
        }
    }

    /// Whether nothing was asked, so that a default applies.
    var isDefault: Bool { keep == nil && budget == nil && price == nil }

    /// The goal on `log`, whose reference is the stage `reference`.
    func goal(on log: CostedLog, reference: Int?) -> Goal {
        if let budget {
            switch budget {
            case .amount(let amount): return .budget(amount)
            case .share(let share): return .budget(share * log.meanCost[reference ?? log.bestStage])
            }
        }
        if let price { return .price(price) }
        return .keep(keep?.value ?? 0.98)
    }
}
