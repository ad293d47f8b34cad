/// Chooses one of several drafts by importance weights, one against the next.
///
/// The first draft stands. Each further one x meets the one y that stands, and y stays with probability
///
///     u(y) / (u(y) + v(x)),   u = p / law of y,   v = p / q
///
/// which are the normalised importance weights of two proposals. The law of the one that stands is carried along exactly:
/// candidates squared a step.
/// - Source: paper 215 for the scheme with weights; for two drafts this is it with weights p / q.
struct ImportanceTournament: Sendable {
    /// The law of the one that stands at the end, `[classes]`.
    private(set) var law: [Double]
    /// p / law of the one that stands before each round, and p / q of the one that comes, `[rounds][classes]`.
    private var standing: [[Double]] = []
    private var coming: [[Double]] = []

    /// - Parameter draftRows: which of the candidates' drafts each draft is from.
    init(_ candidates: DraftCandidates, draftRows: [Int]) {
        let p = candidates.target
        law = candidates.drafts[draftRows[0]]
        for row in draftRows.dropFirst() {
            let q = candidates.drafts[row]
            let u = Self.ratios(p, law)
            let v = Self.ratios(p, q)
            var next = [Double](repeating: 0, count: p.count)
            var beaten = [Double](repeating: 0, count: p.count)
            for y in p.indices where law[y] > 0 {
                var stays = 0.0
                for x in p.indices where q[x] > 0 {
                    let share = Self.share(u[y], v[x])
                    stays += q[x] * share
                    beaten[x] += law[y] * (1 - share)
                }
                next[y] += law[y] * stays
            }
            for x in p.indices { next[x] += q[x] * beaten[x] }
            standing.append(u)
            coming.append(v)
            law = next
        }
    }

    private static func ratios(_ p: [Double], _ q: [Double]) -> [Double] {
        zip(p, q).map { $1 > 0 ? min($0 / $1, 1e300) : 0 }
    }

    private static func share(_ u: Double, _ v: Double) -> Double { u + v > 0 ? u / (u + v) : 0.5 }

    /// The probability that each draft is chosen, given their classes.
    func probabilities(_ classes: [Int]) -> [Double] {
        var result = [1.0]
        for round in standing.indices where round + 1 < classes.count {
            let newcomer = coming[round][classes[round + 1]]
            var won = 0.0
            for index in result.indices {
                let share = Self.share(standing[round][classes[index]], newcomer)
                won += result[index] * (1 - share)
                result[index] *= share
            }
            result.append(won)
        }
        return result
    }
}
