import Cascades
import CascadesTesting
import Probability
import Testing

@Suite struct `open games` {
    @Test(arguments: 0..<20) func `compose by the laws, whatever they do`(seed: Int) {
        let games = (0..<4).map { ArbitraryGame(seed: UInt64(seed * 4 + $0)) }
        #expect(
            checkGameComposition(
                games[0], games[1], games[2], strategies: ([0, 1], [0, 1], [0, 1]), observations: [0, 1],
                utilities: [0, 1], continuations: everyFunction(2, 2)) == [])
        let whole = (games[0] *** games[1]) >>> (games[2] *** games[3])
        let bits = grid(2, 2)
        let profiles = bits.flatMap { one in bits.map { Pair(one, $0) } }
        let worth = everyFunction(4, 4).enumerated().filter { $0.offset.isMultiple(of: 16) }.map { $0.element }
        let setting = GameSetting(
            whole, strategies: profiles, observations: bits, utilities: bits,
            continuations: worth.map { function in { move in bits[function(2 * move.first + move.second)] } })
        #expect(checkGameInterchange(games[0], games[1], games[2], games[3], in: setting) == [])
    }

    @Test func `that differ are told apart`() {
        let (a, b) = (ArbitraryGame(seed: 1), ArbitraryGame(seed: 2))
        let setting = GameSetting(
            a, strategies: [0, 1], observations: [0, 1], utilities: [0, 1], continuations: everyFunction(2, 2))
        #expect(checkSameGame("these two are the same", a, a, in: setting) { $0 } == [])
        let places = Set(checkSameGame("these two are the same", a, b, in: setting) { $0 }.map { $0.detail.prefix(12) })
        #expect(places == ["the moves at", "the coutilit", "the response"])
    }

    @Test(arguments: 0..<10) func `played at once have the Nash equilibria of their matrix`(seed: Int) {
        var random = Random(seed: UInt64(seed))
        // Few values, so that ties happen.
        let worth = (0..<9).map { _ in Pair(Double(random.integer(below: 4)), Double(random.integer(below: 4))) }
        let player = DecisionGame(moves: 3)
        for i in 0..<3 {
            for j in 0..<3 {
                let nash =
                    (0..<3).allSatisfy { worth[3 * i + j].first >= worth[3 * $0 + j].first }
                    && (0..<3).allSatisfy { worth[3 * i + j].second >= worth[3 * i + $0].second }
                let found = (player *** player).isEquilibrium(Pair([i], [j]), observing: Pair(0, 0)) {
                    worth[3 * $0.first + $0.second]
                }
                #expect(found == nash)
            }
        }
    }

    @Test(arguments: 0..<10) func `played in turn have the Nash equilibria of their tree`(seed: Int) {
        var random = Random(seed: UInt64(100 + seed))
        let worth = (0..<6).map { _ in Pair(Double(random.integer(below: 4)), Double(random.integer(below: 4))) }
        // The leader moves, everyone sees it, the follower moves; the leader's utility passes the follower by.
        let (leader, follower) = (DecisionGame(moves: 2), DecisionGame(observations: 2, moves: 3))
        let seen = LensGame<Int, Double, Pair<Int, Int>, Pair<Double, Trivial>>(
            play: { Pair($0, $0) }, coplay: { _, utility in utility.first })
        let passing = LensGame<Int, Double, Int, Double>.identity
        let game = leader >>> seen >>> (passing *** follower)
        for lead in leader.strategies {
            for follow in follower.strategies {
                func value(_ lead: Int, _ follow: [Int]) -> Pair<Double, Double> { worth[3 * lead + follow[lead]] }
                let nash =
                    leader.strategies.allSatisfy { value(lead[0], follow).first >= value($0[0], follow).first }
                    && follower.strategies.allSatisfy { value(lead[0], follow).second >= value(lead[0], $0).second }
                let profile = Pair(Pair(lead, Trivial()), Pair(Trivial(), follow))
                #expect(
                    game.isEquilibrium(profile, observing: 0) { worth[3 * $0.first + $0.second] } == nash)
            }
        }
    }

    @Test func `have no best response of unknown worth`() {
        #expect(!DecisionGame(moves: 2).isEquilibrium([0], observing: 0) { $0 == 0 ? .nan : 1 })
        #expect(DecisionGame(observations: 2, moves: 3).strategies.count == 9)
    }
}

@Suite struct `the game of a learner` {
    @Test(arguments: 0..<20) func `respects composition, and rests where the learner does`(seed: Int) {
        let seed = UInt64(200 + 2 * seed)
        let (f, g) = (
            arbitraryLearner(parameters: 2, inputs: 2, outputs: 3, seed),
            arbitraryLearner(parameters: 3, inputs: 3, outputs: 2, seed + 1)
        )
        #expect(
            checkLearnerGame(
                f, g, parameters: ([0, 1], [0, 1, 2]), inputs: [0, 1], targets: [0, 1], contexts: everyFunction(2, 2))
                == [])
        let (pairs, inputs, outputs) = (grid(2, 3), grid(2, 3), grid(3, 2))
        let contexts: [(Pair<Int, Int>) -> Pair<Int, Int>] = (0..<8).map { shift in
            { move in outputs[(2 * move.first + move.second + shift) % 6] }
        }
        let setting = GameSetting(
            (f *** g).game, strategies: pairs, observations: inputs, utilities: outputs, continuations: contexts)
        #expect(checkLearnerGameProduct(f, g, in: setting) == [])
    }

    @Test func `of gradient descent respects composition exactly on numbers that don't round`() {
        let (f, g) = (AffineMap(inputs: 1, outputs: 2), AffineMap(inputs: 2, outputs: 1))
        #expect(
            checkLearnerGame(
                GradientLearner(f, rate: 0.25), GradientLearner(g, rate: 0.25),
                parameters: ([[1, 2, 0, -1], [0, 0, 0, 0]], [[1, -1, 2], [0, 0, 4]]), inputs: [[1], [-2]],
                targets: [[0], [3]], contexts: [{ _ in [4] }, { $0 }, { [$0[0] - 1] }]) == [])
    }

    @Test func `in general is another for another learner`() {
        // Faithful: one changed entry of the update changes the best responses, one of the request the coutilities.
        let base = arbitraryLearner(parameters: 2, inputs: 2, outputs: 2, 5)
        let (update, request) = (base.updating, base.requesting)
        var (forgetful, modest) = (base, base)
        forgetful.updating = { p, x, y in p + x + y == 0 ? 1 - update(p, x, y) : update(p, x, y) }
        modest.requesting = { p, x, y in p + x + y == 0 ? 1 - request(p, x, y) : request(p, x, y) }
        let setting = GameSetting(
            base.game, strategies: [0, 1], observations: [0, 1], utilities: [0, 1], continuations: everyFunction(2, 2))
        for other in [forgetful, modest] {
            #expect(checkSameGame("these two are the same", base.game, other.game, in: setting) { $0 } != [])
        }
    }
}

/// Every pair of numbers below `rows` and `columns`.
private func grid(_ rows: Int, _ columns: Int) -> [Pair<Int, Int>] {
    (0..<rows * columns).map { Pair($0 / columns, $0 % columns) }
}
