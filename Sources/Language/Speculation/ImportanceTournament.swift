/// Chooses one of several drafts by importance weights, one against the next.
///
/// The first draft stands. Each further one x meets the one y that stands, and y stays with probability
///
///     u(y) / (u(y) + v(x)),   u = w p / law of y,   v = w p / q
///
/// where w = 1 are the normalised importance weights of two proposals. Weights w are tuned so that a draft is taken more
/// often: a token that is chosen more often than the target wants it loses weight, one that is chosen less often gains,
///
///     w(x) ← w(x) p(x) / m(x),   m the law of the one that stands after this round
///
/// which ends where m / p is constant on sets of tokens that no weights can part: the law that overlaps the target most. Only
/// the tokens that matter are tuned, the others keep w = 1: the truncation of paper 215, whose weights are the solution of a
/// linear program. Whatever the weights, the law of the one that stands is carried along exactly: candidates squared a step.
/// - Source: paper 215, the scheme with weights, truncated; the steps are iterative scaling (Zermelo, 1929, for the weights
///   of players in a tournament).
struct ImportanceTournament: Sendable {
    /// The law of the one that stands at the end, `[classes]`.
    private(set) var law: [Double]
    /// u of the one that stands before each round, and v of the one that comes, `[rounds][classes]`.
    private var standing: [[Double]] = []
    private var coming: [[Double]] = []

    /// - Parameters:
    ///   - draftRows: which of the candidates' drafts each draft is from.
    ///   - tuned: how many classes have their weights tuned; 0 for the plain importance weights.
    ///   - steps: how often in the last round; half as often in those before it.
    init(_ candidates: DraftCandidates, draftRows: [Int], tuned: Int = 32, steps: Int = 8) {
        let p = candidates.target
        law = candidates.drafts[draftRows[0]]
        let head = Self.largest(tuned, p, candidates.drafts[draftRows[0]])
        for (round, row) in draftRows.dropFirst().enumerated() {
            let q = candidates.drafts[row]
            // Before the first round both have one law where they are from one row.
            let isAlike = round == 0 && row == draftRows[0]
            var u = Self.ratios(p, law)
            var v = isAlike ? u : Self.ratios(p, q)
            if !head.isEmpty {
                let isLast = round + 2 == draftRows.count
                Self.tune(head, p, law, &u, q, &v, isAlike: isAlike, steps: isLast ? steps : (steps + 1) / 2)
            }
            law = p.indices.map { Self.law(of: $0, law, u, q, v, isAlike: isAlike) }
            standing.append(u)
            coming.append(v)
        }
    }

    /// Scales the weights of the classes of `head`. Four digits are enough for weights, whose law is worked out afterwards.
    private static func tune(
        _ head: [Int], _ p: [Double], _ law: [Double], _ u: inout [Double], _ q: [Double], _ v: inout [Double],
        isAlike: Bool, steps: Int
    ) {
        func short(_ values: [Double]) -> [Float] { values.map { Float(min(max($0, 1e-18), 1e18)) } }
        var (ours, theirs) = (short(u), short(v))
        let (ourLaw, theirLaw, target) = (law.map { Float($0) }, q.map { Float($0) }, p.map { Float($0) })
        var factors = [Float](repeating: 1, count: head.count)
        for _ in 0..<steps {
            for (place, x) in head.enumerated() {
                var m = ourLaw[x] * chance(ours[x], against: theirs, theirLaw)
                m += isAlike ? m : theirLaw[x] * chance(theirs[x], against: ours, ourLaw)
                factors[place] = m > 0 ? min(max(target[x] / m, 1e-3), 1e3) : 1
            }
            for (place, x) in head.enumerated() {
                ours[x] = min(max(ours[x] * factors[place], 1e-18), 1e18)
                theirs[x] = min(max(theirs[x] * factors[place], 1e-18), 1e18)
            }
        }
        for x in head {
            u[x] = Double(ours[x])
            v[x] = isAlike ? u[x] : Double(theirs[x])
        }
    }

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

    /// The probability that class `x` stands after a round of one with law `law` and weights u against one with law `q` and
    /// weights v.
    private static func law(
        of x: Int, _ law: [Double], _ u: [Double], _ q: [Double], _ v: [Double], isAlike: Bool
    ) -> Double {
        let stays = law[x] > 0 ? law[x] * chance(u[x], against: v, q) : 0
        if isAlike { return 2 * stays }
        return stays + (q[x] > 0 ? q[x] * chance(v[x], against: u, law) : 0)
    }

    /// Σ over the other's classes of their probability times weight / (weight + its weight).
    @inline(__always)
    private static func chance(_ weight: Double, against weights: [Double], _ probabilities: [Double]) -> Double {
        weights.withUnsafeBufferPointer { weights in
            probabilities.withUnsafeBufferPointer { probabilities in
                let count = weights.count
                var lanes = SIMD4<Double>()
                var place = 0
                while place + 4 <= count {
                    let theirs = SIMD4(
                        weights[place], weights[place + 1], weights[place + 2], weights[place + 3])
                    let masses = SIMD4(
                        probabilities[place], probabilities[place + 1], probabilities[place + 2],
                        probabilities[place + 3])
                    lanes += masses / (theirs + weight)
                    place += 4
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

    /// The classes with the largest probability under either law, `count` at most.
    private static func largest(_ count: Int, _ p: [Double], _ q: [Double]) -> [Int] {
        if count >= p.count { return Array(p.indices) }
        if count == 0 { return [] }
        return Array(p.indices.sorted { max(p[$0], q[$0]) > max(p[$1], q[$1]) }.prefix(count)).sorted()
    }

    /// Weights within what divisions bear; none is 0, so that of two that never should win each has a half.
    private static func clamped(_ weight: Double) -> Double { min(max(weight, 1e-150), 1e150) }

    private static func ratios(_ p: [Double], _ q: [Double]) -> [Double] {
        zip(p, q).map { $1 > 0 ? clamped($0 / $1) : 1e-150 }
    }

    /// The probability that each draft is chosen, given their classes.
    func probabilities(_ classes: [Int]) -> [Double] {
        var result = [1.0]
        for round in standing.indices where round + 1 < classes.count {
            let newcomer = coming[round][classes[round + 1]]
            var won = 0.0
            for index in result.indices {
                let own = standing[round][classes[index]]
                let share = own / (own + newcomer)
                won += result[index] * (1 - share)
                result[index] *= share
            }
            result.append(won)
        }
        return result
    }
}
