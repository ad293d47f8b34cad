/// A game whose ends are open: part of a larger one, from which it gets what to observe and what it is worth.
///
///     play:   Σ x X -> Y       what is done, by a profile of strategies, on what is observed
///     coplay: Σ x X x R -> S   what is passed back, of what it was worth
///     best responses: for h in X and k: Y -> R, a relation on Σ
///
/// `k`, the continuation, says what every move would be worth: it is the rest of the game, seen from here. Games compose
/// with `>>>`, where the second game, played on, is part of the first one's continuation, and with `***`, where each is
/// part of the other's. Both are associative with ``LensGame/identity`` as unit, up to the brackets of the strategies.
/// Source: Ghani, Hedges, Winschel and Zahn (2018), "Compositional game theory", arXiv 1603.04641.
public protocol OpenGame: Sendable {
    /// A profile of strategies, one for each player.
    associatedtype Strategy
    /// What is observed.
    associatedtype Observation
    /// What is passed back to whoever was observed.
    associatedtype Coutility
    /// What is done.
    associatedtype Move
    /// What it is worth.
    associatedtype Utility

    /// What is done on `observation`.
    func play(_ strategy: Strategy, _ observation: Observation) -> Move

    /// What is passed back when the move was worth `utility`.
    func coplay(_ strategy: Strategy, _ observation: Observation, _ utility: Utility) -> Coutility

    /// Whether `next` is a best response to `strategy`, each player changing only their own part.
    func isBestResponse(
        _ next: Strategy, to strategy: Strategy, observing observation: Observation,
        continuation: (_ move: Move) -> Utility
    ) -> Bool
}

extension OpenGame {
    /// Whether no player can do better alone: `strategy` is a best response to itself.
    @inlinable
    public func isEquilibrium(
        _ strategy: Strategy, observing observation: Observation, continuation: (_ move: Move) -> Utility
    ) -> Bool {
        isBestResponse(strategy, to: strategy, observing: observation, continuation: continuation)
    }
}

/// A game without players: it only passes on, and passes back.
public struct LensGame<Observation, Coutility, Move, Utility>: OpenGame {
    /// What is passed on.
    public var forward: @Sendable (Observation) -> Move
    /// What is passed back.
    public var backward: @Sendable (Observation, Utility) -> Coutility

    /// A game of two functions.
    @inlinable
    public init(
        play: @escaping @Sendable (Observation) -> Move, coplay: @escaping @Sendable (Observation, Utility) -> Coutility
    ) {
        forward = play
        backward = coplay
    }

    @inlinable public func play(_ strategy: Trivial, _ observation: Observation) -> Move { forward(observation) }

    @inlinable
    public func coplay(_ strategy: Trivial, _ observation: Observation, _ utility: Utility) -> Coutility {
        backward(observation, utility)
    }

    @inlinable
    public func isBestResponse(
        _ next: Trivial, to strategy: Trivial, observing observation: Observation, continuation: (Move) -> Utility
    ) -> Bool { true }
}

extension LensGame where Observation == Move, Coutility == Utility {
    /// The game that passes everything on and back: the unit of `>>>`.
    @inlinable
    public static var identity: LensGame { LensGame(play: { $0 }, coplay: { _, utility in utility }) }
}
