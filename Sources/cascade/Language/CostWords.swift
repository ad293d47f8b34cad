import Cascades
import Language
import Reports

/// What an answer took, in words.
enum CostWords {
    static func text(_ cost: Cost) -> String {
        var parts = ["\(Int(cost.tokensIn)) tokens read"]
        if cost.tokensOut > 0 { parts.append("\(Int(cost.tokensOut)) written") }
        var text = parts.joined(separator: ", ") + " in \(NumberText.significant(cost.seconds, digits: 2)) s"
        if cost.tokensOut > 1, cost.seconds > 0 {
            text += " (\(NumberText.significant(cost.tokensOut / cost.seconds, digits: 2)) tokens/s)"
        }
        return text + (cost.money > 0 ? ", $\(NumberText.significant(cost.money, digits: 2))" : ", no money")
    }

    static func json(_ cost: Cost) -> JSONValue {
        [
            "tokensIn": .number(cost.tokensIn), "tokensOut": .number(cost.tokensOut), "seconds": .number(cost.seconds),
            "money": .number(cost.money), "operations": .number(cost.operations),
        ]
    }
}
