public import Cascades
import NumericalMethods
public import Probability

/// A family's whole frontier as measured on items that it was not learned on, beside every single stage on the same
/// items: what all published figures of a frontier are read off, each with an interval.
///
/// An interval says what other items would have given: a replicate of the bootstrap resamples the items, works out the
/// means of all prices and all stages anew, and reads the figure off those. What was learned stays as it is.
public struct MeasuredFrontier: Sendable {
    /// Mean cost and quality at each price, in the order of the prices.
    public let points: [FrontierPoint]
    /// The share of items on which each stage was asked, `[prices][stages]`.
    public let askedShares: [[Double]]
    /// Mean cost and quality of each stage alone, in the order of the schema.
    public let stages: [FrontierPoint]
    /// The stage that savings are reckoned against.
    public let reference: Int
    /// How many items were measured.
    public let itemCount: Int
    /// The confidence of all intervals.
    public let confidence: Double
    /// All means at once, as measured and in each replicate.
    let estimate: Sample
    let replicates: [Sample]

    /// Mean cost and quality of all prices and stages on one sample of items.
    struct Sample: Sendable {
        var points: [FrontierPoint]
        var stages: [FrontierPoint]
        /// With two stages: the share of items on which the stronger was asked, `[prices]`; else empty.
        var strongShares: [Double]
    }

    /// The outcomes of one policy on all items.
    struct Run: Sendable {
        var price: Double
        var quality: [Double]
        var cost: [Double]
        /// Empty where all items weigh the same.
        var weights: [Double]
        /// The share of items on which each stage was asked, `[stages]`.
        var askedShare: [Double]
        /// The stages asked, `[items]`; empty where chance decides.
        var asked: [StageSet]

        init(price: Double, _ outcomes: ReplayedOutcomes) {
            self.price = price
            quality = outcomes.quality
            cost = outcomes.cost
            weights = outcomes.weights
            askedShare = outcomes.askedShare
            asked = outcomes.asked
        }
    }

    /// The frontier of `path` on `log`.
    ///
    /// - Parameters:
    ///   - path: learned on other items.
    ///   - log: the items to measure on.
    ///   - reference: the stage that savings are reckoned against; nil is the best single stage of `log`.
    ///   - prices: where to look; nil is a grid over all prices that matter.
    ///   - mostItems: of more items this many are drawn at random: further ones would only add digits.
    ///   - confidence: of the intervals, in (0, 1).
    ///   - replicates: of the bootstrap.
    ///   - random: where chance comes from; not advanced.
    /// - Throws: ``DeferralError/unsuitableLog(family:reason:remedy:)`` where nothing can be replayed.
    public init(
        of path: any PolicyPath, on log: CostedLog, reference: Int? = nil, prices: [Double]? = nil,
        mostItems: Int = 10_000, confidence: Double = 0.95, replicates: Int = 1000, random: Random
    ) throws {
        let log = Self.sampled(log, most: mostItems, random: random.split(0))
        let prices = prices ?? Self.prices(for: log)
        let runs = prices.map { Run(price: $0, Replay.outcomes(of: path.policy(price: $0), on: log)) }
        try self.init(
            runs: runs, on: log, reference: reference, confidence: confidence, replicates: replicates,
            random: random.split(1))
    }

    /// One policy, as a frontier of one point.
    public init(
        of policy: any Policy, on log: CostedLog, reference: Int? = nil, confidence: Double = 0.95,
        replicates: Int = 1000, random: Random
    ) throws {
        try self.init(
            runs: [Run(price: 0, Replay.outcomes(of: policy, on: log))], on: log, reference: reference,
            confidence: confidence, replicates: replicates, random: random.split(1))
    }

    init(
        runs: [Run], on log: CostedLog, reference: Int?, confidence: Double, replicates: Int, random: Random
    ) throws {
        let singles = (0..<log.stageCount).map {
            Run(price: 0, Replay.outcomes(of: SingleStagePolicy(stage: $0), on: log))
        }
        let strong = log.stageCount == 2 ? log.bestStage : nil
        let all = runs + singles
        let table = Columns(all, items: log.count, strong: strong)
        var random = random
        guard log.count > 0, let result = try? Bootstrap(replicates: replicates).means(of: table.matrix, using: &random)
        else {
            throw DeferralError.unsuitableLog(
                family: "frontier", reason: "there are no items to measure it on",
                remedy: "Give a log with more items.")
        }
        @Sendable func sample(_ means: (Int) -> Double) -> Sample { table.sample(means, runs: all, points: runs.count) }
        let estimate = sample { result.estimates[$0] }
        guard estimate.points.contains(where: { $0.quality.isFinite }) else {
            throw DeferralError.unsuitableLog(
                family: "frontier", reason: "the log lacks the answers that the policies ask for on every item",
                remedy: "Give a log of the same stages with more of their answers.")
        }
        self.estimate = estimate
        self.replicates = Parallel.map(count: result.replicates.rows) { row in sample { result.replicates[row, $0] } }
        points = estimate.points
        stages = estimate.stages
        askedShares = runs.map(\.askedShare)
        self.reference = reference ?? log.bestStage
        itemCount = log.count
        self.confidence = confidence
    }

    /// The prices that matter, twice as close as those a search begins with.
    static func prices(for log: CostedLog) -> [Double] { PriceGrid.coarse(for: log, count: 28) }

    static func sampled(_ log: CostedLog, most: Int, random: Random) -> CostedLog {
        guard log.count > most else { return log }
        var random = random
        return log.subset(random.sample(most, outOf: log.count).sorted())
    }

    /// A figure with its interval: between quantiles of what the replicates give, without those where it has no value.
    func interval(_ figure: (Sample) -> Double) -> MeanInterval {
        let values = replicates.map(figure).filter(\.isFinite).sorted()
        func quantile(_ level: Double) -> Double {
            values.isEmpty ? .nan : values[Int((level * Double(values.count - 1)).rounded())]
        }
        return MeanInterval(
            estimate: figure(estimate), lower: quantile((1 - confidence) / 2), upper: quantile((1 + confidence) / 2),
            confidence: confidence)
    }
}

extension MeasuredFrontier {
    /// The outcomes of all runs as the columns that the bootstrap takes means of.
    private struct Columns: Sendable {
        let matrix: Matrix
        private let isWeighted: Bool
        private let strong: Int?
        /// The columns of one run.
        private var width: Int { 2 + (strong == nil ? 0 : 1) + (isWeighted ? 1 : 0) }

        init(_ runs: [Run], items: Int, strong: Int?) {
            self.strong = strong
            // An item that can't be replayed has no weight; others weigh by their inverse propensity.
            isWeighted = runs.contains { run in
                run.weights.contains { $0 != 1 } || run.quality.contains { $0.isNaN }
            }
            let width = 2 + (strong == nil ? 0 : 1) + (isWeighted ? 1 : 0)
            var matrix = Matrix(rows: items, columns: runs.count * width)
            for (number, run) in runs.enumerated() {
                for item in 0..<items where !run.quality[item].isNaN {
                    let weight = run.weights.isEmpty ? 1 : run.weights[item]
                    var column = number * width
                    var values = [run.cost[item], run.quality[item]]
                    if let strong {
                        values.append(
                            run.asked.isEmpty ? run.askedShare[strong] : run.asked[item].contains(strong) ? 1 : 0)
                    }
                    if isWeighted { values.append(1) }
                    for value in values {
                        matrix[item, column] = weight * value
                        column += 1
                    }
                }
            }
            self.matrix = matrix
        }

        /// The sample with these means; a run without any weight has no value.
        func sample(_ means: (Int) -> Double, runs: [Run], points: Int) -> Sample {
            func mean(_ run: Int, _ column: Int) -> Double {
                let value = means(run * width + column)
                return isWeighted ? value / means(run * width + width - 1) : value
            }
            let all = runs.indices.map {
                FrontierPoint(price: runs[$0].price, cost: mean($0, 0), quality: mean($0, 1))
            }
            return Sample(
                points: Array(all[..<points]), stages: Array(all[points...]),
                strongShares: strong == nil ? [] : (0..<points).map { mean($0, 2) })
        }
    }
}
