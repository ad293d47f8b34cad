import Language
import Probability

/// A sum of three numbers, or of some added and some taken away, with the work that leads to its answer.
struct SumItem: Sendable {
    /// The first number and those that follow.
    var numbers: [Int]
    /// Whether each of those that follow is added, or else taken away.
    var isPlus: [Bool]

    /// The totals after each step.
    var totals: [Int] {
        var totals: [Int] = []
        for (number, isPlus) in zip(numbers.dropFirst(), isPlus) {
            let before = totals.last ?? numbers[0]
            totals.append(isPlus ? before + number : before - number)
        }
        return totals
    }

    /// The answer.
    var answer: String { "\(totals.last ?? numbers[0])" }

    /// `15 + 6 - 7`.
    var inSigns: String {
        zip(numbers.dropFirst(), isPlus).reduce("\(numbers[0])") { "\($0) \($1.1 ? "+" : "-") \($1.0)" }
    }

    /// `What is 15 plus 6 minus 7?`
    var inWords: String {
        "What is "
            + zip(numbers.dropFirst(), isPlus).reduce("\(numbers[0])") { "\($0) \($1.1 ? "plus" : "minus") \($1.0)" }
            + "?"
    }

    /// The steps: `15 + 6 = 21`, `21 - 7 = 14`.
    var work: [String] {
        let befores = [numbers[0]] + totals
        return isPlus.indices.map {
            "\(befores[$0]) \(isPlus[$0] ? "+" : "-") \(numbers[$0 + 1]) = \(totals[$0])"
        }
    }

    /// `count` sums without a total below 1.
    static func draw(
        _ count: Int, first: ClosedRange<Int>, rest: ClosedRange<Int>, terms: Int = 2, takesAway: Bool,
        using random: inout Random
    ) -> [SumItem] {
        var items: [SumItem] = []
        while items.count < count {
            var item = SumItem(numbers: [first.lowerBound + random.integer(below: first.count)], isPlus: [])
            for _ in 0..<terms {
                item.numbers.append(rest.lowerBound + random.integer(below: rest.count))
                item.isPlus.append(takesAway ? random.bernoulli(0.5) : true)
            }
            if item.totals.allSatisfy({ $0 > 0 }) { items.append(item) }
        }
        return items
    }
}

extension Field {
    /// The question `text`.
    static func question(_ text: String) -> Field { Field(FieldName.question, text) }
    /// The answer `text`.
    static func answer(_ text: String) -> Field { Field(FieldName.answer, text) }
}
