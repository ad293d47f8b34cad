import Cascades
import Probability

/// A learner on finitely many parameters, inputs and outputs that does something arbitrary.
func arbitraryLearner(
    parameters: Int, inputs: Int, outputs: Int, _ seed: UInt64
) -> FunctionLearner<Int, Int, Int> {
    var random = Random(seed: seed)
    func table(_ count: Int, _ bound: Int) -> [Int] { (0..<count).map { _ in random.integer(below: bound) } }
    let answers = table(parameters * inputs, outputs)
    let updates = table(parameters * inputs * outputs, parameters)
    let requests = table(parameters * inputs * outputs, inputs)
    return FunctionLearner(
        implement: { p, x in answers[p * inputs + x] },
        update: { p, x, y in updates[(p * inputs + x) * outputs + y] },
        request: { p, x, y in requests[(p * inputs + x) * outputs + y] })
}

/// Every function from 0 ..< `domain` to 0 ..< `range`.
func everyFunction(_ domain: Int, _ range: Int) -> [(Int) -> Int] {
    DecisionGame(observations: domain, moves: range).strategies.map { table in { table[$0] } }
}

/// A game on finitely many strategies, observations and moves, each 0 or 1, that does something arbitrary; its best
/// responses depend on everything that they may depend on.
struct ArbitraryGame: OpenGame {
    var seed: UInt64

    private func bit(_ numbers: Int...) -> Int {
        var random = Random(seed: numbers.reduce(seed) { $0 &* 31 &+ UInt64($1) &+ 7 })
        return random.integer(below: 2)
    }
    func play(_ strategy: Int, _ observation: Int) -> Int { bit(1, strategy, observation) }
    func coplay(_ strategy: Int, _ observation: Int, _ utility: Int) -> Int { bit(2, strategy, observation, utility) }
    func isBestResponse(_ next: Int, to strategy: Int, observing observation: Int, continuation: (Int) -> Int) -> Bool {
        bit(3, next, strategy, observation, continuation(0), continuation(1)) == 1
    }
}
