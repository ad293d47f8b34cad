extension OpenLearner where Parameters: Equatable {
    /// This learner as an open game.
    @inlinable
    public var game: LearnerGame<Self> { LearnerGame(self) }
}

/// The open game of a learner: its parameters are the strategy, its answer the move, the right answer the utility.
///
///     play = implement, coplay = request
///     the one best response to p, observing a, with continuation k:  update(p, a, k(implement(p, a)))
///
/// The players of a composed learner, one for each part's parameters, learn when they respond best, and are in
/// equilibrium when nothing is left to learn. It is a functor: the game of `f >>> g` is the composition of the games of
/// `f` and `g`, and the same for `***`. Different learners have different games.
/// Source: Hedges (2019), "From open learners to open games", arXiv 1902.08666.
public struct LearnerGame<Learner: OpenLearner>: OpenGame where Learner.Parameters: Equatable {
    public typealias Strategy = Learner.Parameters
    public typealias Observation = Learner.Input
    public typealias Coutility = Learner.Input
    public typealias Move = Learner.Output
    public typealias Utility = Learner.Output

    /// The learner.
    public var learner: Learner

    /// The game of `learner`.
    @inlinable
    public init(_ learner: Learner) { self.learner = learner }

    @inlinable
    public func play(_ strategy: Learner.Parameters, _ observation: Learner.Input) -> Learner.Output {
        learner.implement(strategy, observation)
    }

    @inlinable
    public func coplay(
        _ strategy: Learner.Parameters, _ observation: Learner.Input, _ utility: Learner.Output
    ) -> Learner.Input {
        learner.request(strategy, observation, toward: utility)
    }

    /// The best response to `strategy`: the parameters after one lesson.
    @inlinable
    public func bestResponse(
        to strategy: Learner.Parameters, observing observation: Learner.Input,
        continuation: (Learner.Output) -> Learner.Output
    ) -> Learner.Parameters {
        learner.learn(strategy, observation, in: continuation).parameters
    }

    @inlinable
    public func isBestResponse(
        _ next: Learner.Parameters, to strategy: Learner.Parameters, observing observation: Learner.Input,
        continuation: (Learner.Output) -> Learner.Output
    ) -> Bool {
        next == bestResponse(to: strategy, observing: observation, continuation: continuation)
    }
}
