public import Probability

/// Conformal sets for the state of a hidden Markov model, with exact coverage whatever the model.
///
/// Past states x₁ … x_T and symbols y₁ … y_{T+1} are known; x_{T+1} is asked for. Each candidate state x is put at the
/// end. If it is the true one, the path that ends in x may be rearranged, by permuting its excursions from x or among
/// all paths with the same transitions, without changing its probability, so the rank of its score among those of its
/// rearrangements is uniform. The set holds the candidates whose p-value exceeds the level.
///
///     let method = try MarkovConformal(score: score, stateCount: 3, level: 0.1)
///     let set = try method.predict(states: past, symbols: symbols, using: &random)
///     print(set.members)
///
/// Coverage is 1 − level given the start, the counts of transitions and the true state, with smoothed p-values exactly
/// and with conservative ones at least.
///
/// - Source: Nettasinghe, Chatterjee, Tipireddy and Halappanavar, 2023, arXiv 2210.02271.
public struct MarkovConformal<Score: NonconformityScore>: Sendable {
    /// What is compared with the path as it is.
    public enum Randomization: Sendable, Equatable {
        /// All rotations of the blocks, which put each of them at the end once: exact, and without chance.
        case lastBlock
        /// This many random permutations of the blocks.
        case blocks(Int)
        /// This many paths drawn uniformly among all with the same transitions.
        case paths(Int)
    }

    /// The nonconformity score.
    public let score: Score
    /// The number of states.
    public let stateCount: Int
    /// The share of sets that may miss, in (0, 1).
    public let level: Double
    /// What is compared.
    public let randomization: Randomization
    /// Whether ties are broken at random, for exact coverage.
    public let isSmoothed: Bool

    /// A predictor.
    /// - Throws: `InferenceError.improperParameter`.
    public init(
        score: Score, stateCount: Int, level: Double, randomization: Randomization = .lastBlock, isSmoothed: Bool = true
    ) throws {
        guard stateCount > 0 else {
            throw InferenceError.improperParameter(
                name: "the number of states", value: "\(stateCount)", expected: "1 or more")
        }
        guard level > 0, level < 1 else {
            throw InferenceError.improperParameter(name: "the level", value: "\(level)", expected: "a number in (0, 1)")
        }
        switch randomization {
        case .blocks(let count), .paths(let count):
            guard count > 0 else {
                throw InferenceError.improperParameter(
                    name: "the number of randomisations", value: "\(count)", expected: "1 or more")
            }
        case .lastBlock: break
        }
        self.score = score
        self.stateCount = stateCount
        self.level = level
        self.randomization = randomization
        self.isSmoothed = isSmoothed
    }

    /// The standing of candidate `state` at the end of `states`.
    ///
    /// - Parameters:
    ///   - states: x₁ … x_T, `[T]`, at least one.
    ///   - symbols: y₁ … y_{T+1}, `[T + 1]`.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.improperParameter` for a state out of range, `.nonFinite` for
    ///   a score that is NaN.
    public func pValue(of state: Int, states: [Int], symbols: [Score.Symbol], using random: inout Random) throws
        -> ConformalPValue
    {
        guard !states.isEmpty else { throw InferenceError.empty(what: "the past of the path") }
        guard symbols.count == states.count + 1 else {
            throw InferenceError.wrongShape(
                what: "the number of symbols", found: "\(symbols.count)",
                expected: "\(states.count + 1), one more than the states")
        }
        let path = states + [state]
        try TransitionCounts.check(path, stateCount: stateCount)
        var scores: [Double] = []
        func add(_ positions: [Int]) {
            scores.append(score.score(states: positions.map { path[$0] }, symbols: positions.map { symbols[$0] }))
        }
        switch randomization {
        case .lastBlock: scores = lastBlockScores(path, symbols)
        case .blocks(let count):
            let blocks = ExcursionBlocks(path, anchor: state)
            add(Array(path.indices))
            for _ in 0..<count { add(blocks.shuffled(using: &random)) }
        case .paths(let count):
            let paths = try ExchangeablePaths(path, stateCount: stateCount)
            add(Array(path.indices))
            for _ in 0..<count { add(paths.sample(using: &random)) }
        }
        if let index = scores.firstIndex(where: \.isNaN) {
            throw InferenceError.nonFinite(
                what: "the nonconformity score", place: "candidate \(state), arrangement \(index)", value: scores[index]
            )
        }
        return ConformalPValue(of: 0, among: scores)
    }

    /// The set of states for x_{T+1}.
    /// - Throws: as ``pValue(of:states:symbols:using:)``.
    public func predict(states: [Int], symbols: [Score.Symbol], using random: inout Random) throws -> ConformalStateSet
    {
        let values = try (0..<stateCount).map {
            try pValue(of: $0, states: states, symbols: symbols, using: &random)
        }
        return ConformalStateSet(values, level: level, uniform: isSmoothed ? random.uniform() : nil)
    }

    /// The scores with each block in turn at the end, the path's own first. A path without a block is its only
    /// arrangement.
    private func lastBlockScores(_ path: [Int], _ symbols: [Score.Symbol]) -> [Double] {
        let last = path.count - 1
        let blocks = ExcursionBlocks(path, anchor: path[last])
        func stepScore(_ end: Int) -> Double? {
            score.score(previous: path[end - 1], state: path[end], symbol: symbols[end])
        }
        if let own = stepScore(last) {
            return [own] + blocks.blocks.dropLast().map { stepScore($0.upperBound - 1)! }
        }
        var scores = [score.score(states: path, symbols: symbols)]
        for block in blocks.blocks.indices.dropLast() {
            // Rotations, as they form a group: the rank is uniform for a score of any kind.
            let order = Array((block + 1)..<blocks.blocks.count) + Array(0...block)
            let positions = blocks.positions(in: order)
            scores.append(score.score(states: positions.map { path[$0] }, symbols: positions.map { symbols[$0] }))
        }
        return scores
    }
}

/// A set of states with the standing of each.
public struct ConformalStateSet: Sendable, Equatable {
    /// The standing of each state.
    public let standings: [ConformalPValue]
    /// The p-value of each state.
    public let pValues: [Double]
    /// The states in the set, in ascending order.
    public let members: [Int]

    /// The states whose p-value exceeds `level`, smoothed with `uniform` where it is given.
    init(_ standings: [ConformalPValue], level: Double, uniform: Double?) {
        self.standings = standings
        let values = standings.map { standing in uniform.map { standing.smoothed($0) } ?? standing.conservative }
        pValues = values
        members = values.indices.filter { values[$0] > level }
    }

    /// Whether `state` is in the set.
    public func contains(_ state: Int) -> Bool { members.contains(state) }
}
