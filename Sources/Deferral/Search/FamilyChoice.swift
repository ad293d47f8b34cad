import Cascades
import Probability

/// Which family a search keeps: the best by cross-validation, if it beats the simple policy beyond noise.
///
/// All are compared by quality less a price times cost. Where all meet the goal exactly that is the same as comparing
/// costs (or, under a budget, qualities); where one misses or exceeds it, the difference is reckoned at the rate at which
/// the best single stages sell quality there.
struct FamilyChoice: Sendable {
    /// The place of the family kept; nil for the simple policy.
    var index: Int?
    /// The place of the best family and of the next best; nil where there is none.
    var best: Int?
    var runnerUp: Int?
    /// The best family's gain over the simple policy, at a confidence shared out over the families; nil without families.
    var gain: MeanInterval?
    /// Its gain over the runner-up.
    var lead: MeanInterval?
    /// The price at which gains are reckoned: the slope of the simple frontier at the goal.
    var price: Double

    init(
        simple: PolicySearch.Candidate, candidates: [PolicySearch.Candidate], goal: Goal, confidence: Double,
        replicates: Int, random: Random
    ) {
        let price: Double
        if case .price(let asked) = goal { price = asked } else { price = simple.mixture.slope }
        self.price = price
        func mean(_ candidate: PolicySearch.Candidate) -> Double {
            candidate.mixture.expected.quality - price * candidate.mixture.expected.cost
        }
        func difference(
            _ candidate: PolicySearch.Candidate, _ other: PolicySearch.Candidate, confidence: Double
        ) -> MeanInterval {
            func value(_ candidate: PolicySearch.Candidate, _ item: Int) -> Double {
                candidate.quality[item] - price * candidate.cost[item]
            }
            return MeanInterval(
                of: other.quality.indices.map { value(candidate, $0) - value(other, $0) }, confidence: confidence,
                replicates: replicates, random: random)
        }
        let ranked = candidates.indices.sorted {
            let (a, b) = (mean(candidates[$0]), mean(candidates[$1]))
            return a == b ? $0 < $1 : a > b
        }
        guard let best = ranked.first else { return }
        self.best = best
        let level = 1 - (1 - confidence) / Double(candidates.count)
        let gain = difference(candidates[best], simple, confidence: level)
        self.gain = gain
        if gain.lower > 0 { index = best }
        if ranked.count > 1 {
            runnerUp = ranked[1]
            lead = difference(candidates[best], candidates[ranked[1]], confidence: confidence)
        }
    }
}
