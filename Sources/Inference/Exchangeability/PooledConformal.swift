public import Probability

/// Conformal sets that take the steps of a path for exchangeable, which they are not.
///
/// The last step's score is ranked among those of all steps before it, whatever state they end in. Exact for
/// independent data; on a path that is still drifting from its start, or at one end of a sticky chain, it misses more
/// often than it says. What ``MarkovConformal`` is compared with.
public struct PooledConformal<Score: NonconformityScore>: Sendable {
    /// The nonconformity score, which must look at the last step alone.
    public let score: Score
    /// The number of states.
    public let stateCount: Int
    /// The share of sets that may miss, in (0, 1).
    public let level: Double

    /// A predictor.
    /// - Throws: `InferenceError.improperParameter`.
    public init(score: Score, stateCount: Int, level: Double) throws {
        guard level > 0, level < 1 else {
            throw InferenceError.improperParameter(name: "the level", value: "\(level)", expected: "a number in (0, 1)")
        }
        self.score = score
        self.stateCount = stateCount
        self.level = level
    }

    /// The set of states for x_{T+1} given `[T]` states and `[T + 1]` symbols, with smoothed p-values.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.improperParameter`, `.unsupported` for a score that looks at
    ///   more than the last step.
    public func predict(states: [Int], symbols: [Score.Symbol], using random: inout Random) throws -> ConformalStateSet
    {
        guard !states.isEmpty else { throw InferenceError.empty(what: "the past of the path") }
        guard symbols.count == states.count + 1 else {
            throw InferenceError.wrongShape(
                what: "the number of symbols", found: "\(symbols.count)",
                expected: "\(states.count + 1), one more than the states")
        }
        try TransitionCounts.check(states, stateCount: stateCount)
        func stepScore(_ position: Int, state: Int) throws -> Double {
            guard let value = score.score(previous: states[position - 1], state: state, symbol: symbols[position])
            else {
                throw InferenceError.unsupported(
                    what: "ranking steps by a score of whole paths", place: "position \(position)",
                    remedy: "Use MarkovConformal, or a score of the last step.")
            }
            return value
        }
        let past = try (1..<states.count).map { try stepScore($0, state: states[$0]) }
        let standings = try (0..<stateCount).map { state in
            ConformalPValue(of: 0, among: [try stepScore(states.count, state: state)] + past)
        }
        return ConformalStateSet(standings, level: level, uniform: random.uniform())
    }
}
