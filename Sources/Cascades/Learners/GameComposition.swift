/// `first`, then `second` on what was done.
@inlinable
public func >>> <First: OpenGame, Second: OpenGame>(
    _ first: First, _ second: Second
) -> SequenceGame<First, Second> where First.Move == Second.Observation, First.Utility == Second.Coutility {
    SequenceGame(first, second)
}

/// Both games at once.
@inlinable
public func *** <First: OpenGame, Second: OpenGame>(
    _ first: First, _ second: Second
) -> ProductGame<First, Second> { ProductGame(first, second) }

/// One game after another: the second observes what was done in the first and passes back what it was worth.
public struct SequenceGame<First: OpenGame, Second: OpenGame>: OpenGame
where First.Move == Second.Observation, First.Utility == Second.Coutility {
    public typealias Strategy = Pair<First.Strategy, Second.Strategy>

    /// What is played first.
    public var first: First
    /// What is played on its moves.
    public var second: Second

    /// `first`, then `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func play(_ strategy: Strategy, _ observation: First.Observation) -> Second.Move {
        second.play(strategy.second, first.play(strategy.first, observation))
    }

    @inlinable
    public func coplay(
        _ strategy: Strategy, _ observation: First.Observation, _ utility: Second.Utility
    ) -> First.Coutility {
        let middle = first.play(strategy.first, observation)
        return first.coplay(strategy.first, observation, second.coplay(strategy.second, middle, utility))
    }

    @inlinable
    public func isBestResponse(
        _ next: Strategy, to strategy: Strategy, observing observation: First.Observation,
        continuation: (Second.Move) -> Second.Utility
    ) -> Bool {
        second.isBestResponse(
            next.second, to: strategy.second, observing: first.play(strategy.first, observation),
            continuation: continuation)
            && first.isBestResponse(next.first, to: strategy.first, observing: observation) { middle in
                second.coplay(strategy.second, middle, continuation(second.play(strategy.second, middle)))
            }
    }
}

/// Two games at once: each is worth what the continuation says of both moves.
public struct ProductGame<First: OpenGame, Second: OpenGame>: OpenGame {
    public typealias Strategy = Pair<First.Strategy, Second.Strategy>
    public typealias Observation = Pair<First.Observation, Second.Observation>
    public typealias Coutility = Pair<First.Coutility, Second.Coutility>
    public typealias Move = Pair<First.Move, Second.Move>
    public typealias Utility = Pair<First.Utility, Second.Utility>

    /// One game.
    public var first: First
    /// The other.
    public var second: Second

    /// `first` beside `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func play(_ strategy: Strategy, _ observation: Observation) -> Move {
        Pair(first.play(strategy.first, observation.first), second.play(strategy.second, observation.second))
    }

    @inlinable
    public func coplay(_ strategy: Strategy, _ observation: Observation, _ utility: Utility) -> Coutility {
        Pair(
            first.coplay(strategy.first, observation.first, utility.first),
            second.coplay(strategy.second, observation.second, utility.second))
    }

    @inlinable
    public func isBestResponse(
        _ next: Strategy, to strategy: Strategy, observing observation: Observation, continuation: (Move) -> Utility
    ) -> Bool {
        let moves = play(strategy, observation)
        return first.isBestResponse(next.first, to: strategy.first, observing: observation.first) { move in
            continuation(Pair(move, moves.second)).first
        }
            && second.isBestResponse(next.second, to: strategy.second, observing: observation.second) { move in
                continuation(Pair(moves.first, move)).second
            }
    }
}
