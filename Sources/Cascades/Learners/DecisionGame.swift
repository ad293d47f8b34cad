/// One player who observes one of finitely many things, chooses one of finitely many moves, and wants the most utility.
///
/// A strategy says the move for each observation, `[observations]`. It is a best response when its move on what is
/// observed is worth as much as any other; a utility of `NaN` is never best.
public struct DecisionGame: OpenGame, Hashable, Codable {
    /// How many things can be observed.
    public let observations: Int
    /// How many moves there are.
    public let moves: Int

    /// A player's decision.
    public init(observations: Int = 1, moves: Int) {
        precondition(observations > 0 && moves > 0, "a player has something to observe and a move to choose")
        self.observations = observations
        self.moves = moves
    }

    /// Every strategy, `moves^observations` of them.
    public var strategies: [[Int]] {
        (0..<observations).reduce([[]]) { strategies, _ in
            strategies.flatMap { strategy in (0..<moves).map { strategy + [$0] } }
        }
    }

    public func play(_ strategy: [Int], _ observation: Int) -> Int { strategy[observation] }

    public func coplay(_ strategy: [Int], _ observation: Int, _ utility: Double) -> Trivial { Trivial() }

    public func isBestResponse(
        _ next: [Int], to strategy: [Int], observing observation: Int, continuation: (Int) -> Double
    ) -> Bool {
        let value = continuation(next[observation])
        return (0..<moves).allSatisfy { value >= continuation($0) }
    }
}
