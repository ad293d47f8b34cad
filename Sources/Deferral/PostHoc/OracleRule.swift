import Cascades
import NumericalMethods

/// The best that any rule could reach who knew every stage's quality beforehand: a bound, not a policy.
///
/// For two stages it is the oracle of the paper: defer iff η₂ - η₁ > c, with what came true for η. Nothing forces a
/// clairvoyant to ask stages in between, so for any number of stages the best path is to ask one stage only:
///
///     mean over items of  max_k  quality_k - λ cost_k
///
/// Items of which no stage answered count nothing; a stage without a cell can't be chosen.
///
/// - Source: Jitkrittum et al. 2023, "When Does Confidence-Based Cascade Deferral Suffice?", Proposition 3.1.
public enum OracleRule {
    /// Mean cost and quality of the clairvoyant choice at each of `prices`.
    public static func sweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint] {
        Parallel.map(count: prices.count) { index in
            let choices = choices(log, price: prices[index])
            var (quality, cost, count) = (0.0, 0.0, 0.0)
            for (item, stage) in choices.enumerated() where stage >= 0 {
                quality += log.log.quality(item: item, stage: stage)
                cost += log.cost(item: item, stage: stage)
                count += 1
            }
            return FrontierPoint(
                price: prices[index], cost: count > 0 ? cost / count : .nan, quality: count > 0 ? quality / count : .nan
            )
        }
    }

    /// The stage that a clairvoyant asks about each item at `price`, `[items]`; -1 where no stage answered.
    /// Ties go to the cheaper stage.
    public static func choices(_ log: CostedLog, price: Double) -> [Int] {
        (0..<log.count).map { item in
            var best = -1
            var bestValue = -Double.infinity
            for stage in 0..<log.stageCount where log.log.isPresent(item: item, stage: stage) {
                let cost = log.cost(item: item, stage: stage)
                let value = price == .infinity ? -cost : log.log.quality(item: item, stage: stage) - price * cost
                if best < 0 || value > bestValue || (value == bestValue && cost < log.cost(item: item, stage: best)) {
                    (best, bestValue) = (stage, value)
                }
            }
            return best
        }
    }

    /// The clairvoyant of a cascade: stages must be asked in the order of `chain`, each paid for, until one is kept.
    /// Returns the position in `chain` to stop at for each item, `[items]`; -1 where a cell of the chain is missing.
    ///
    /// With two stages: go on iff quality₂ - quality₁ > λ cost₂.
    public static func stops(_ log: CostedLog, chain: [Int], price: Double) -> [Int] {
        (0..<log.count).map { item in
            var (best, bestValue, spent) = (-1, -Double.infinity, 0.0)
            for (position, stage) in chain.enumerated() {
                if !log.log.isPresent(item: item, stage: stage) { return -1 }
                spent += log.cost(item: item, stage: stage)
                let value = price == .infinity ? -spent : log.log.quality(item: item, stage: stage) - price * spent
                if value > bestValue { (best, bestValue) = (position, value) }
            }
            return best
        }
    }
}
