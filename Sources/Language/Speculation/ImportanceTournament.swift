/// Chooses one of several drafts by importance weights, two at a time.
///
/// Of two drafts, or of two that have been chosen before, y stays against x with probability
///
///     u(y) / (u(y) + v(x)),   u = w p / law of y,   v = w p / law of x
///
/// where w = 1 are the normalised importance weights of two proposals. Weights w are tuned so that a draft is taken more
/// often: a token that is chosen more often than the target wants it loses weight, one that is chosen less often gains,
///
///     w(x) ← w(x) p(x) / m(x),   m the law of the one that is chosen
///
/// which ends where m / p is constant on sets of tokens that no weights can part: the law that overlaps the target most. Only
/// the tokens that matter are tuned, the others keep w = 1: the truncation of paper 215, whose weights are the solution of a
/// linear program. Whatever the weights, the law of the one that is chosen is carried along exactly: candidates squared a
/// match. Drafts of one distribution meet in pairs whose winners have one law, so that eight of them are three matches; the
/// winners of different distributions meet at last.
/// - Source: paper 215, the scheme with weights, truncated; the steps are iterative scaling (Zermelo, 1929, for the weights
///   of players in a tournament).
struct ImportanceTournament: Sendable {
    /// The law of the one that is chosen at the end, `[tokens + sources]`.
    let law: [Double]
    /// u and v of each kind of match, `[classes]`.
    private let weights: [MatchWeights]
    /// The matches in the order in which they are held.
    private let matches: [Match]

    /// - Parameters:
    ///   - draftRows: which of the candidates' drafts each draft is from.
    ///   - tuned: how many classes have their weights tuned; 0 for the plain importance weights.
    ///   - steps: how often in the last match; half as often in those before it.
    init(_ candidates: DraftCandidates, draftRows: [Int], tuned: Int = 32, steps: Int = 8) {
        var maker = MatchMaker(candidates, rows: draftRows, tuned: tuned, steps: steps)
        let order = draftRows.indices.sorted {
            draftRows[$0] == draftRows[$1] ? $0 < $1 : draftRows[$0] < draftRows[$1]
        }
        law = maker.winner(of: order[...])
        weights = maker.weights
        matches = maker.matches
    }

    /// The probability that each draft is chosen, given their classes.
    func probabilities(_ classes: [Int]) -> [Double] {
        var result = [Double](repeating: 1, count: classes.count)
        for match in matches {
            let (u, v) = (weights[match.kind].first, weights[match.kind].second)
            let before = result
            for one in match.first { result[one] = 0 }
            for other in match.second { result[other] = 0 }
            for one in match.first {
                let own = u[classes[one]]
                for other in match.second {
                    let both = before[one] * before[other]
                    let share = own / (own + v[classes[other]])
                    result[one] += both * share
                    result[other] += both * (1 - share)
                }
            }
        }
        return result
    }
}

/// Two groups of drafts whose winners meet, and by which weights.
private struct Match: Sendable {
    var first: [Int]
    var second: [Int]
    var kind: Int
}

/// u and v, `[classes]`.
private struct MatchWeights: Sendable {
    var first: [Double]
    var second: [Double]
}

/// Lays out a tournament, tunes its weights and carries its laws along.
private struct MatchMaker {
    private(set) var weights: [MatchWeights] = []
    private(set) var matches: [Match] = []
    private let candidates: DraftCandidates
    private let rows: [Int]
    private let head: [Int]
    private let steps: Int
    /// What has been worked out for groups of drafts: their rows, the winner's law and the kind of its match.
    private var known: [(rows: [Int], law: [Double], kind: Int)] = []

    init(_ candidates: DraftCandidates, rows: [Int], tuned: Int, steps: Int) {
        self.candidates = candidates
        self.rows = rows
        self.steps = steps
        head = Self.largest(tuned, candidates)
    }

    /// The law of the winner among `drafts`, which are ordered by rows; its matches are added.
    mutating func winner(of drafts: ArraySlice<Int>) -> [Double] {
        if drafts.count == 1 { return candidates.drafts[rows[drafts.first!]] }
        let split = self.split(drafts)
        let (first, second) = (drafts[..<split], drafts[split...])
        let (law, other) = (winner(of: first), winner(of: second))
        let group = drafts.map { rows[$0] }
        if let old = known.first(where: { $0.rows == group }) {
            matches.append(Match(first: Array(first), second: Array(second), kind: old.kind))
            return old.law
        }
        let isAlike = first.map { rows[$0] } == second.map { rows[$0] }
        let isLast = drafts.count == rows.count
        let result = meet(law, other, isAlike: isAlike, steps: isLast ? steps : (steps + 1) / 2)
        known.append((group, result, weights.count - 1))
        matches.append(Match(first: Array(first), second: Array(second), kind: weights.count - 1))
        return result
    }

    /// Where a group is parted: in the middle, or where the rows change nearest to it.
    private func split(_ drafts: ArraySlice<Int>) -> Int {
        let middle = (drafts.startIndex + drafts.endIndex) / 2
        let changes = drafts.indices.dropFirst().filter { rows[drafts[$0]] != rows[drafts[$0 - 1]] }
        return changes.min { abs($0 - middle) < abs($1 - middle) } ?? middle
    }

    /// Lets one with law `l` meet one with law `q`; the law of the winner.
    private mutating func meet(_ l: [Double], _ q: [Double], isAlike: Bool, steps: Int) -> [Double] {
        let p = candidates.target
        var u = Self.ratios(p, l)
        var v = isAlike ? u : Self.ratios(p, q)
        if !head.isEmpty { tune(l, &u, q, &v, isAlike: isAlike, steps: steps) }
        weights.append(MatchWeights(first: u, second: v))
        // Each pair once: what does not go to one goes to the other.
        let count = p.count
        return [Double](unsafeUninitializedCapacity: count) { law, filled in
            law.initialize(repeating: 0)
            filled = count
            for x in 0..<count where l[x] > 0 {
                // Of two alike, a class and another one meet in either order, and a class with itself wins.
                let twice = isAlike ? 2.0 : 1
                let others = Self.pairs(twice * l[x], u[x], q, v, from: isAlike ? x + 1 : 0, into: law)
                law[x] += l[x] * (twice * others + (isAlike ? l[x] : 0))
            }
        }
    }

    /// Adds to `law` what the classes from `start` on win against one with probability `mass` and weight `weight`; what that one
    /// wins against them, over its own probability.
    private static func pairs(
        _ mass: Double, _ weight: Double, _ q: [Double], _ v: [Double], from start: Int,
        into law: UnsafeMutableBufferPointer<Double>
    ) -> Double {
        q.withUnsafeBufferPointer { q in
            v.withUnsafeBufferPointer { v in
                guard let masses = q.baseAddress, let theirs = v.baseAddress, let target = law.baseAddress else {
                    return 0
                }
                var lanes = VectorSums.Lane()
                var place = start
                while place + 8 <= q.count {
                    let share = weight / (VectorSums.load(theirs + place) + weight)
                    let other = VectorSums.load(masses + place)
                    lanes += other * share
                    let gained = VectorSums.load(target + place) + other * mass * (1 - share)
                    UnsafeMutableRawPointer(target + place).storeBytes(of: gained, as: VectorSums.Lane.self)
                    place += 8
                }
                var sum = lanes.sum()
                while place < q.count {
                    let share = weight / (theirs[place] + weight)
                    sum += masses[place] * share
                    target[place] += masses[place] * mass * (1 - share)
                    place += 1
                }
                return sum
            }
        }
    }

    /// Scales the weights of the classes of the head. Four digits are enough for weights, whose law is worked out afterwards.
    private func tune(
        _ law: [Double], _ u: inout [Double], _ q: [Double], _ v: inout [Double], isAlike: Bool, steps: Int
    ) {
        func short(_ values: [Double]) -> [Float] { values.map { Float(min(max($0, 1e-18), 1e18)) } }
        let p = candidates.target
        var (ours, theirs) = (short(u), short(v))
        let (ourLaw, theirLaw) = (law.map { Float($0) }, q.map { Float($0) })
        var factors = [Float](repeating: 1, count: head.count)
        for _ in 0..<steps {
            for (place, x) in head.enumerated() {
                var m = ourLaw[x] * Self.chance(ours[x], against: isAlike ? ours : theirs, theirLaw)
                m += isAlike ? m : theirLaw[x] * Self.chance(theirs[x], against: ours, ourLaw)
                factors[place] = m > 0 ? min(max(Float(p[x]) / m, 1e-3), 1e3) : 1
            }
            for (place, x) in head.enumerated() {
                ours[x] = min(max(ours[x] * factors[place], 1e-18), 1e18)
                if !isAlike { theirs[x] = min(max(theirs[x] * factors[place], 1e-18), 1e18) }
            }
        }
        for x in head {
            u[x] = Double(ours[x])
            v[x] = isAlike ? u[x] : Double(theirs[x])
        }
    }

    /// Σ over the other's classes of their probability times weight / (weight + its weight).
    private static func chance(_ weight: Float, against weights: [Float], _ probabilities: [Float]) -> Float {
        weights.withUnsafeBufferPointer { weights in
            probabilities.withUnsafeBufferPointer { probabilities in
                let count = weights.count
                var lanes = SIMD8<Float>()
                var place = 0
                if let base = UnsafeRawPointer(weights.baseAddress),
                    let masses = UnsafeRawPointer(probabilities.baseAddress)
                {
                    while place + 8 <= count {
                        let other = base.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
                        let mass = masses.loadUnaligned(fromByteOffset: place * 4, as: SIMD8<Float>.self)
                        lanes += mass / (other + weight)
                        place += 8
                    }
                }
                var sum = lanes.sum()
                while place < count {
                    sum += probabilities[place] / (weights[place] + weight)
                    place += 1
                }
                return sum * weight
            }
        }
    }

    /// The classes with the largest probability under the target or a draft, `count` at most.
    private static func largest(_ count: Int, _ candidates: DraftCandidates) -> [Int] {
        let classes = candidates.target.indices
        if count >= classes.count { return Array(classes) }
        if count == 0 { return [] }
        // Positive numbers in single precision are in the order of their bits.
        var keys = classes.map { index in
            let height = candidates.drafts.reduce(candidates.target[index]) { max($0, $1[index]) }
            return UInt64(~Float(height).bitPattern) << 32 | UInt64(index)
        }
        keys.sort()
        return keys.prefix(count).map { Int($0 & 0xFFFF_FFFF) }.sorted()
    }

    /// Weights within what divisions bear; none is 0, so that of two that never should win each has a half.
    private static func ratios(_ p: [Double], _ q: [Double]) -> [Double] {
        zip(p, q).map { $1 > 0 ? min(max($0 / $1, 1e-150), 1e150) : 1e-150 }
    }
}
