import Foundation
import Inference
import Probability
import Testing

/// A tiny hidden Markov model, sampled and enumerated.
struct TinyHiddenChain {
    let start: [Double], transition: [Double], emission: [Double]
    var states: Int { start.count }
    var symbols: Int { emission.count / start.count }

    static let two = TinyHiddenChain(
        start: [0.9, 0.1], transition: [0.7, 0.3, 0.45, 0.55], emission: [0.8, 0.2, 0.35, 0.65])

    func probability(_ path: [Int], _ emitted: [Int]) -> Double {
        var result = start[path[0]]
        for t in path.indices {
            if t > 0 { result *= transition[path[t - 1] * states + path[t]] }
            result *= emission[path[t] * symbols + emitted[t]]
        }
        return result
    }

    func sample(_ count: Int, using random: inout Random) throws -> (states: [Int], symbols: [Int]) {
        var (path, emitted): ([Int], [Int]) = ([], [])
        for t in 0..<count {
            let row = t == 0 ? start : Array(transition[path[t - 1] * states..<(path[t - 1] + 1) * states])
            path.append(try random.choose(weights: row))
            emitted.append(try random.choose(weights: Array(emission[path[t] * symbols..<(path[t] + 1) * symbols])))
        }
        return (path, emitted)
    }
}

@Suite struct `conformal sets of hidden Markov data` {
    let chain = TinyHiddenChain.two
    /// A model that is wrong, on purpose.
    func wrongScore() throws -> PosteriorScore {
        try PosteriorScore(transition: [0.5, 0.5, 0.2, 0.8], emission: [0.6, 0.4, 0.5, 0.5], stateCount: 2)
    }

    @Test(arguments: [0.05, 0.1, 0.3]) func `cover with exactly the probability asked for, by enumeration`(
        level: Double
    ) throws {
        // All 2^6 paths times 2^6 emissions, with the chance that breaks ties integrated out.
        func coverage<Score: NonconformityScore<Int>>(_ score: Score, pooled: Bool) throws -> Double {
            let method = try MarkovConformal(score: score, stateCount: 2, level: level)
            let wrong = try PooledConformal(score: score, stateCount: 2, level: level)
            var random = Random(seed: 1)
            var total = 0.0
            for path in sequences(6, below: 2) {
                for emitted in sequences(6, below: 2) {
                    let past = Array(path.dropLast())
                    let standing =
                        pooled
                        ? try wrong.predict(states: past, symbols: emitted, using: &random).standings[path[5]]
                        : try method.pValue(of: path[5], states: past, symbols: emitted, using: &random)
                    total += chain.probability(path, emitted) * standing.inclusionProbability(level: level)
                }
            }
            return total
        }
        #expect(abs(try coverage(wrongScore(), pooled: false) - (1 - level)) < 1e-12)
        #expect(abs(try coverage(FrequencyScore(stateCount: 2, symbolCount: 2), pooled: false) - (1 - level)) < 1e-12)
        #expect(abs(try coverage(OrderedScore(), pooled: false) - (1 - level)) < 1e-12)
        // Pooling the steps is not exact, so the check above can fail.
        #expect(abs(try coverage(wrongScore(), pooled: true) - (1 - level)) > 1e-4)
    }

    @Test func `cover exactly given the true state and the counts of transitions`() throws {
        let method = try MarkovConformal(score: wrongScore(), stateCount: 2, level: 0.2)
        var random = Random(seed: 1)
        var sums: [TransitionCounts: (covered: Double, total: Double)] = [:]
        for path in sequences(6, below: 2) {
            for emitted in sequences(6, below: 2) {
                let standing = try method.pValue(
                    of: path[5], states: Array(path.dropLast()), symbols: emitted, using: &random)
                let weight = chain.probability(path, emitted)
                let counts = try TransitionCounts(path, stateCount: 2)
                sums[counts, default: (0, 0)].covered += weight * standing.inclusionProbability(level: 0.2)
                sums[counts, default: (0, 0)].total += weight
            }
        }
        #expect(sums.count > 10)
        for part in sums.values { #expect(abs(part.covered / part.total - 0.8) < 1e-12) }
    }

    // Three z-tests at 6.
    @Test(arguments: [
        MarkovConformal<PosteriorScore>.Randomization.lastBlock, .blocks(19), .paths(19),
    ]) func `cover as often as they say by simulation`(
        randomization: MarkovConformal<PosteriorScore>.Randomization
    ) throws {
        let method = try MarkovConformal(
            score: wrongScore(), stateCount: 2, level: 0.1, randomization: randomization)
        var random = Random(seed: 177)
        let runs = 20_000
        var covered = 0
        for _ in 0..<runs {
            let (path, emitted) = try chain.sample(25, using: &random)
            let set = try method.predict(states: Array(path.dropLast()), symbols: emitted, using: &random)
            if set.contains(path[24]) { covered += 1 }
        }
        let error = (0.1 * 0.9 / Double(runs)).squareRoot()
        #expect(abs(Double(covered) / Double(runs) - 0.9) < 6 * error)
    }

    @Test func `without smoothing only ever grow`() throws {
        var random = Random(seed: 4)
        let smoothed = try MarkovConformal(score: wrongScore(), stateCount: 2, level: 0.2)
        let full = try MarkovConformal(score: wrongScore(), stateCount: 2, level: 0.2, isSmoothed: false)
        var isLarger = false
        for _ in 0..<200 {
            let (path, emitted) = try chain.sample(12, using: &random)
            let past = Array(path.dropLast())
            let small = try smoothed.predict(states: past, symbols: emitted, using: &random)
            let large = try full.predict(states: past, symbols: emitted, using: &random)
            #expect(Set(small.members).isSubset(of: large.members))
            if small.members.count < large.members.count { isLarger = true }
        }
        #expect(isLarger)
    }

    @Test func `keep a state that was never seen`() throws {
        let score = try PosteriorScore(
            transition: .init(repeating: 1, count: 9), emission: .init(repeating: 1, count: 3), stateCount: 3)
        let method = try MarkovConformal(score: score, stateCount: 3, level: 0.1, isSmoothed: false)
        var random = Random(seed: 5)
        let set = try method.predict(states: [0, 1, 0, 1], symbols: [0, 0, 0, 0, 0], using: &random)
        #expect(set.standings[2] == ConformalPValue(greater: 0, equal: 1, total: 1) && set.contains(2))
    }

    @Test func `say what is wrong with their data`() throws {
        let method = try MarkovConformal(score: wrongScore(), stateCount: 2, level: 0.1)
        var random = Random(seed: 6)
        #expect(throws: InferenceError.empty(what: "the past of the path")) {
            try method.predict(states: [], symbols: [0], using: &random)
        }
        #expect(throws: InferenceError.self) { try method.predict(states: [0, 1], symbols: [0, 1], using: &random) }
        #expect(throws: InferenceError.self) {
            try method.predict(states: [0, 2], symbols: [0, 1, 0], using: &random)
        }
        #expect(throws: InferenceError.self) { try MarkovConformal(score: wrongScore(), stateCount: 2, level: 1) }
        #expect(throws: InferenceError.self) {
            try MarkovConformal(score: wrongScore(), stateCount: 2, level: 0.1, randomization: .paths(0))
        }
        #expect(throws: InferenceError.self) {
            try PosteriorScore(transition: [1, 0, 0], emission: [1, 1], stateCount: 2)
        }
        #expect(throws: InferenceError.self) {
            try PosteriorScore(transition: [1, 0, 0, -1], emission: [1, 1], stateCount: 2)
        }
        let frequency = FrequencyScore(stateCount: 2, symbolCount: 2)
        #expect(throws: InferenceError.self) {
            try PooledConformal(score: frequency, stateCount: 2, level: 0.1)
                .predict(states: [0, 1], symbols: [0, 1, 0], using: &random)
        }
        #expect {
            try MarkovConformal(score: NaNScore(), stateCount: 2, level: 0.1)
                .predict(states: [0, 1], symbols: [0, 1, 0], using: &random)
        } throws: {
            if case InferenceError.nonFinite(_, "candidate 0, arrangement 0", _) = $0 { true } else { false }
        }
    }

    @Test func `standings turn into p-values and the chance of being in`() {
        let standing = ConformalPValue(greater: 2, equal: 3, total: 10)
        #expect(standing.conservative == 0.5 && abs(standing.smoothed(0.5) - 0.35) < 1e-15)
        #expect(abs(standing.inclusionProbability(level: 0.35) - 0.5) < 1e-12)
        #expect(standing.inclusionProbability(level: 0.1) == 1 && standing.inclusionProbability(level: 0.6) == 0)
    }
}

/// Depends on the order of the whole path, not on its last step alone.
private struct OrderedScore: NonconformityScore {
    func score(states: [Int], symbols: [Int]) -> Double {
        zip(states, symbols).enumerated().reduce(0) {
            $0 + sin(Double($1.offset * 7 + $1.element.0 * 3 + $1.element.1))
        }
    }
}

private struct NaNScore: NonconformityScore {
    func score(states: [Int], symbols: [Int]) -> Double { .nan }
}
