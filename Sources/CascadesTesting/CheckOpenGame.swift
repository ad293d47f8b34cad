public import Cascades

/// Where games are compared: strategies, what is observed, what moves may be worth, and continuations.
public struct GameSetting<Game: OpenGame> {
    /// Profiles of strategies.
    public var strategies: [Game.Strategy]
    /// What is observed.
    public var observations: [Game.Observation]
    /// Utilities to play back.
    public var utilities: [Game.Utility]
    /// What moves are worth.
    public var continuations: [(Game.Move) -> Game.Utility]

    /// A setting for `game`.
    public init(
        _ game: Game, strategies: [Game.Strategy], observations: [Game.Observation], utilities: [Game.Utility],
        continuations: [(Game.Move) -> Game.Utility]
    ) {
        self.strategies = strategies
        self.observations = observations
        self.utilities = utilities
        self.continuations = continuations
    }
}

/// Checks that `left` and `right` are one game in `setting`, up to renaming the strategies by `rename`: the same plays,
/// coplays and best responses.
public func checkSameGame<L: OpenGame, R: OpenGame>(
    _ law: String, _ left: L, _ right: R, in setting: GameSetting<L>, rename: (L.Strategy) -> R.Strategy
) -> [LawViolation]
where
    L.Observation == R.Observation, L.Coutility == R.Coutility, L.Move == R.Move, L.Utility == R.Utility,
    L.Move: Equatable, L.Coutility: Equatable
{
    var violations: [LawViolation] = []
    for strategy in setting.strategies {
        for observation in setting.observations {
            if left.play(strategy, observation) != right.play(rename(strategy), observation) {
                violations.append(LawViolation(law, "the moves at \(strategy), \(observation)"))
            }
            for utility in setting.utilities
            where left.coplay(strategy, observation, utility) != right.coplay(rename(strategy), observation, utility) {
                violations.append(LawViolation(law, "the coutilities at \(strategy), \(observation), \(utility)"))
            }
            for (index, continuation) in setting.continuations.enumerated() {
                for next in setting.strategies
                where left.isBestResponse(
                    next, to: strategy, observing: observation, continuation: continuation)
                    != right.isBestResponse(
                        rename(next), to: rename(strategy), observing: observation, continuation: continuation)
                {
                    violations.append(
                        LawViolation(
                            law, "the response \(next) to \(strategy), observing \(observation), continuation \(index)")
                    )
                }
            }
        }
    }
    return violations
}

/// Checks that `>>>` of three games that follow one another is associative with the identity as unit, by going through
/// every combination of `strategies` in the setting of the whole.
public func checkGameComposition<A: OpenGame, B: OpenGame, C: OpenGame>(
    _ a: A, _ b: B, _ c: C, strategies: ([A.Strategy], [B.Strategy], [C.Strategy]), observations: [A.Observation],
    utilities: [C.Utility], continuations: [(C.Move) -> C.Utility]
) -> [LawViolation]
where
    A.Move == B.Observation, A.Utility == B.Coutility, B.Move == C.Observation, B.Utility == C.Coutility,
    C.Move: Equatable, A.Coutility: Equatable
{
    let whole = (a >>> b) >>> c
    let triples = strategies.0.flatMap { s in
        strategies.1.flatMap { t in strategies.2.map { u in Pair(Pair(s, t), u) } }
    }
    let setting = GameSetting(
        whole, strategies: triples, observations: observations, utilities: utilities, continuations: continuations)
    var violations = checkSameGame("composition is associative", whole, a >>> (b >>> c), in: setting) {
        Pair($0.first.first, Pair($0.first.second, $0.second))
    }
    let before = LensGame<A.Observation, A.Coutility, A.Observation, A.Coutility>.identity
    let after = LensGame<C.Move, C.Utility, C.Move, C.Utility>.identity
    violations += checkSameGame(
        "the identity is the unit of composition", whole, before >>> whole >>> after, in: setting
    ) { Pair(Pair(Trivial(), $0), Trivial()) }
    return violations
}

/// Checks that `(f *** g) >>> (h *** k)` is `(f >>> h) *** (g >>> k)` in `setting`.
public func checkGameInterchange<F: OpenGame, G: OpenGame, H: OpenGame, K: OpenGame>(
    _ f: F, _ g: G, _ h: H, _ k: K, in setting: GameSetting<SequenceGame<ProductGame<F, G>, ProductGame<H, K>>>
) -> [LawViolation]
where
    F.Move == H.Observation, F.Utility == H.Coutility, G.Move == K.Observation, G.Utility == K.Coutility,
    H.Move: Equatable, K.Move: Equatable, F.Coutility: Equatable, G.Coutility: Equatable
{
    checkSameGame(
        "sequence and product interchange", (f *** g) >>> (h *** k), (f >>> h) *** (g >>> k), in: setting
    ) { Pair(Pair($0.first.first, $0.second.first), Pair($0.first.second, $0.second.second)) }
}

/// Checks that learners go to games as a functor: the game of `f >>> g` is the game of `f`, then that of `g`; and that a
/// profile is an equilibrium exactly where the update leaves it as it is.
public func checkLearnerGame<F: OpenLearner, G: OpenLearner>(
    _ f: F, _ g: G, parameters: ([F.Parameters], [G.Parameters]), inputs: [F.Input], targets: [G.Output],
    contexts: [(G.Output) -> G.Output]
) -> [LawViolation]
where
    F.Output == G.Input, F.Parameters: Equatable, G.Parameters: Equatable, F.Input: Equatable, G.Output: Equatable
{
    let learner = f >>> g
    // Every pair, and where each leads, so that best responses are among them.
    var pairs = parameters.0.flatMap { p in parameters.1.map { q in Pair(p, q) } }
    for pair in pairs {
        for input in inputs {
            for context in contexts { pairs.append(learner.learn(pair, input, in: context).parameters) }
        }
    }
    let game = learner.game
    let setting = GameSetting(
        game, strategies: pairs, observations: inputs, utilities: targets, continuations: contexts)
    var violations = checkSameGame(
        "the game of a composition is the composition of the games", game, f.game >>> g.game, in: setting
    ) { $0 }
    for pair in pairs {
        for input in inputs {
            for (index, context) in contexts.enumerated() {
                let target = context(learner.implement(pair, input))
                let rests = learner.update(pair, input, toward: target) == pair
                if rests != (f.game >>> g.game).isEquilibrium(pair, observing: input, continuation: context) {
                    violations.append(
                        LawViolation("equilibria are where the update rests", "\(pair), \(input), context \(index)"))
                }
            }
        }
    }
    return violations
}

/// Checks that the game of `f *** g` is the product of their games in `setting`.
public func checkLearnerGameProduct<F: OpenLearner, G: OpenLearner>(
    _ f: F, _ g: G, in setting: GameSetting<LearnerGame<ProductLearner<F, G>>>
) -> [LawViolation]
where
    F.Parameters: Equatable, G.Parameters: Equatable, F.Input: Equatable, G.Input: Equatable, F.Output: Equatable,
    G.Output: Equatable
{
    checkSameGame("the game of a product is the product of the games", (f *** g).game, f.game *** g.game, in: setting) {
        $0
    }
}
