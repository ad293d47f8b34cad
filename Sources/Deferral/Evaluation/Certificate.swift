public import Cascades
import Foundation
public import Probability

/// A policy that keeps what was asked of it on new items of the same law, with a stated confidence.
///
/// Learn then test: policies at many prices are put in order of how safe they look on the *training* items, before the
/// calibration items are looked at. In that order each is tested on the calibration items at level 1 - confidence, until
/// the first that fails. All that passed keep their promise together with the confidence; the one that serves the goal
/// best is taken.
///
///     keep s:    E[s · quality of the reference - quality of the policy] <= 0
///     budget b:  E[cost of the policy - b] <= 0
///
/// - Source: Angelopoulos et al. 2021, "Learn then Test", section 3 (fixed sequence testing); the order from other items
///   is that of Laufer-Goldshtein et al. 2023, "Efficiently Controlling Multiple Risks with Pareto Testing".
public struct Certificate: Sendable {
    /// What is promised, in a sentence.
    public var promise: String
    /// The confidence: the promise is broken for at most 1 - confidence of all calibration samples.
    public var confidence: Double
    /// The policy; nil where no policy, not even the safest, could be certified on so few items.
    public var policy: (any Policy)?
    /// The price at which the policy was made.
    public var price: Double?
    /// How many policies were tested and how many passed.
    public var tested: Int
    public var passed: Int
    /// The p-value of the policy taken, or of the safest one when none passed.
    public var pValue: Double
    /// The largest mean loss that the calibration items leave possible at the confidence; at most 0 when certified.
    public var lossBound: Double
    /// About how many calibration items would certify the policy that looks best on the training items; nil when no
    /// number would.
    public var itemsNeeded: Int?

    /// Certifies a policy of `path`.
    ///
    /// - Parameters:
    ///   - path: learned on items that are not in `calibration`.
    ///   - training: the items that the path was learned on; they decide the order of the tests only.
    ///   - calibration: items of the law that new items will have; every cell that the policies ask for must be there.
    ///   - reference: the stage whose quality is to be kept.
    ///   - goal: `keep` or `budget`.
    ///   - confidence: in (0, 1).
    ///   - bound: the test of the mean loss: betting adapts to its variance and is the sharpest for signed losses;
    ///     Hoeffding-Bentkus is sharp near 0; the binomial tail is exact and needs losses of two values.
    ///   - prices: the prices to try; by default a grid over all that matter.
    /// - Throws: ``DeferralError`` for a goal without a promise, or calibration items with missing cells.
    public static func certify(
        _ path: any PolicyPath, training: CostedLog, calibration: CostedLog, reference: Int, goal: Goal,
        confidence: Double, bound: RiskBound = .betting, prices: [Double]? = nil
    ) throws -> Certificate {
        guard confidence > 0, confidence < 1 else {
            throw DeferralError.badParameter(
                name: "guarantee", value: "\(confidence)", expected: "a number between 0 and 1")
        }
        guard calibration.isComplete else {
            throw DeferralError.unsuitableLog(
                family: "guarantee", reason: "cells are missing among the items that the guarantee is tested on",
                remedy: "A guarantee needs items that every stage answered; hold out such items.")
        }
        let loss = try Loss(goal: goal, reference: reference, training: training, calibration: calibration)
        let grid = prices ?? PriceGrid.coarse(for: training, count: 30)
        // The training items decide the order, and never the calibration items.
        let candidates = grid.map { price -> Candidate in
            let policy = path.policy(price: price)
            let outcomes = Replay.outcomes(of: policy, on: training)
            let losses = loss.values(outcomes, on: training)
            return Candidate(
                price: price, policy: policy, meanLoss: losses.reduce(0, +) / Double(losses.count),
                cost: outcomes.meanCost, quality: outcomes.meanQuality)
        }.sorted { ($0.meanLoss, $0.price) < ($1.meanLoss, $1.price) }

        let level = 1 - confidence
        var passed: [(candidate: Candidate, pValue: Double, losses: [Double])] = []
        var safest: (pValue: Double, losses: [Double])?
        var tested = 0
        for candidate in candidates {
            tested += 1
            let losses = loss.values(Replay.outcomes(of: candidate.policy, on: calibration), on: calibration)
            let pValue = try loss.pValue(losses, confidence: confidence, bound: bound)
            if safest == nil { safest = (pValue, losses) }
            if pValue > level { break }
            passed.append((candidate, pValue, losses))
        }
        let best = passed.min { a, b in
            if case .budget = goal {
                return (-a.candidate.quality, a.candidate.cost) < (-b.candidate.quality, b.candidate.cost)
            }
            return (a.candidate.cost, -a.candidate.quality) < (b.candidate.cost, -b.candidate.quality)
        }
        let shown = best.map { ($0.pValue, $0.losses) } ?? (safest!.pValue, safest!.losses)
        return Certificate(
            promise: loss.promise(calibration.log.schema), confidence: confidence, policy: best?.candidate.policy,
            price: best?.candidate.price, tested: tested, passed: passed.count, pValue: shown.0,
            lossBound: try loss.upperBound(shown.1, confidence: confidence, bound: bound),
            itemsNeeded: best == nil ? loss.itemsNeeded(shown.1, confidence: confidence) : nil)
    }

    private struct Candidate {
        var price: Double
        var policy: any Policy
        var meanLoss: Double
        var cost: Double
        var quality: Double
    }
}

extension Certificate {
    /// The loss whose mean must not exceed 0, and the bounds it lies in whatever the item.
    struct Loss {
        let goal: Goal
        let reference: Int
        let lower: Double
        let upper: Double

        init(goal: Goal, reference: Int, training: CostedLog, calibration: CostedLog) throws {
            self.goal = goal
            self.reference = reference
            switch goal {
            case .keep(let share):
                // Qualities lie in [0, 1] unless the logs show otherwise; then their range is taken as known.
                var (low, high) = (
                    min(0, training.objective.abstentionQuality), max(1, training.objective.abstentionQuality)
                )
                for value in training.log.quality where !value.isNaN {
                    (low, high) = (min(low, value), max(high, value))
                }
                for value in calibration.log.quality where !value.isNaN {
                    (low, high) = (min(low, value), max(high, value))
                }
                let scaled = [share * low, share * high].sorted()
                lower = scaled[0] - high
                upper = scaled[1] - low
            case .budget(let budget):
                let most = zip(training.largestCost, calibration.largestCost).reduce(0) { $0 + max($1.0, $1.1) }
                lower = -budget
                upper = max(most - budget, 0)
            case .price:
                throw DeferralError.badParameter(
                    name: "guarantee", value: "with a price",
                    expected: "a quality to keep or a budget, which can be promised")
            }
        }

        /// The loss of each item.
        func values(_ outcomes: ReplayedOutcomes, on log: CostedLog) -> [Double] {
            switch goal {
            case .keep(let share):
                outcomes.quality.indices.compactMap { item in
                    let loss = share * log.log.quality(item: item, stage: reference) - outcomes.quality[item]
                    return loss.isNaN ? nil : loss
                }
            case .budget(let budget): outcomes.cost.map { $0 - budget }
            case .price: []
            }
        }

        /// Losses in [0, 1]; rounding must not carry them out of it.
        private func scaled(_ losses: [Double]) -> [Double] {
            losses.map { min(max(($0 - lower) / (upper - lower), 0), 1) }
        }
        private var limit: Double { -lower / (upper - lower) }

        /// The p-value of the hypothesis that the mean loss exceeds 0.
        func pValue(_ losses: [Double], confidence: Double, bound: RiskBound) throws -> Double {
            if losses.isEmpty || limit <= 0 { return 1 }
            // The loss can't exceed 0 at all: nothing is to be tested.
            if limit >= 1 { return 0 }
            return try bound.pValue(losses: scaled(losses), risk: limit, confidence: confidence)
        }

        /// The largest mean loss that is not ruled out.
        func upperBound(_ losses: [Double], confidence: Double, bound: RiskBound) throws -> Double {
            if losses.isEmpty { return upper }
            let scaledBound = try bound.upperBound(losses: scaled(losses), confidence: confidence)
            return lower + (upper - lower) * scaledBound
        }

        /// About how many items would do, were their losses like these: by the normal approximation.
        func itemsNeeded(_ losses: [Double], confidence: Double) -> Int? {
            let count = Double(losses.count)
            let mean = losses.reduce(0, +) / count
            guard mean < 0, count > 1 else { return nil }
            let variance = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
            // Betting pays about two logarithms of 1 / level where the normal test pays its squared quantile.
            let needed = 2 * log(1 / (1 - confidence)) * max(variance / (mean * mean), (upper - lower) / -mean)
            return needed < 1e12 ? Int(needed.rounded(.up)) : nil
        }

        func promise(_ schema: LogSchema) -> String {
            switch goal {
            case .keep(let share):
                "mean quality is at least \(Number.short(100 * share)) % of \(schema.stages[reference].name)'s"
            case .budget(let budget): "mean cost is at most \(Number.short(budget))"
            case .price: ""
            }
        }
    }
}
