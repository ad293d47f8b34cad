import Cascades
import NumericalMethods
public import Probability

/// Learns when to defer from what the later stages turned out to add, for chains of any length.
///
/// The estimators of what is gained, as the paper calls them: `diff-01`, the difference in quality; `diff-prob`, the
/// difference in the probability of the true label; `max-prob`, the later stage's confidence, compared with the
/// confidence of the stage that has answered.
///
/// - Source: Jitkrittum et al. 2023, "When Does Confidence-Based Cascade Deferral Suffice?", sections 4.1 and 4.2.
public struct PostHocLearner: PolicyLearner {
    public let family: String
    public let summary: String
    let target: GainTarget
    /// The kinds of estimator that are tried; the one whose out-of-fold decisions are worth most is kept.
    public var kinds: [EstimatorKind]
    /// The longest chain to try.
    public var longestChain: Int
    /// The most chains that are all tried; longer ones are grown from the best of them.
    public var mostChains: Int
    /// Parts for out-of-fold estimates.
    public var folds: Int
    /// The most items on which chains and kinds of estimator are compared.
    public var mostCompared: Int

    private init(_ family: String, _ summary: String, _ target: GainTarget) {
        self.family = family
        self.summary = summary
        self.target = target
        kinds = [.ridge, .logistic, .boostedTrees]
        longestChain = 5
        mostChains = 64
        folds = 3
        mostCompared = 4000
    }

    /// Regression on 1[later stage right] - 1[this stage right], or the difference of any qualities.
    public static let difference = PostHocLearner(
        "diff-01", "defer where the estimated gain in quality exceeds its price", .difference)

    /// Regression on the difference of the probabilities of the true label, from evidence `label_probability`.
    public static let probability = PostHocLearner(
        "diff-prob", "defer where the estimated gain in the true label's probability exceeds its price", .probability)

    /// Regression on the later stage's confidence, compared with this stage's.
    public static let confidence = PostHocLearner(
        "max-prob", "defer where the estimated confidence of later stages exceeds this one's by its price", .confidence)

    public func obstacle(_ log: CostedLog) -> String? {
        let schema = log.log.schema
        if log.meanQuality.count(where: { !$0.isNaN }) < 2 { return "fewer than two stages answered anything" }
        // Without evidence an answer tells nothing, and the rule would be a router that pays for what it does not use.
        if schema.evidenceCount == 0 { return "no stage has evidence" }
        if target == .probability,
            !schema.stages.allSatisfy({ $0.evidence.contains(FeatureMap.labelProbability) })
        {
            return "not every stage has evidence '\(FeatureMap.labelProbability)'"
        }
        return nil
    }

    public func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        if let obstacle = obstacle(log) {
            throw DeferralError.unsuitableLog(
                family: family, reason: obstacle,
                remedy: target == .probability
                    ? "Log the probability that each stage gave to the true label."
                    : "Log evidence (margin, entropy, ...) with each answer.")
        }
        let costs = try CostEstimator(log, using: &random)
        // Chains and the kind of estimator are chosen on a part of a long log: a few thousand items tell them apart.
        guard log.count > mostCompared else { return try search(log, costs: costs, using: &random).path }
        let items = random.sample(mostCompared, outOf: log.count).sorted()
        let found = try search(log.subset(items), costs: costs, using: &random)
        let models = try models(found.path.chains, log: log, kind: found.kind, stream: random.fork())
        return PostHocPath(log: log, chains: found.path.chains, models: models, costs: costs, target: target)
    }

    /// The models of every set that has answered somewhere along `chains`. Every set draws from its own stream, so that
    /// the order of fitting doesn't matter.
    private func models(
        _ chains: [[Int]], log: CostedLog, kind: EstimatorKind, stream: Random, known: [StageSet: GainModel] = [:]
    ) throws -> [StageSet: GainModel] {
        var models = known
        for chain in chains {
            for length in 1..<chain.count {
                let set = StageSet(chain[..<length])
                if models[set] != nil { continue }
                var own = stream.split(set.bits)
                models[set] = try GainModel(log, answered: set, target: target, kind: kind, folds: folds, using: &own)
            }
        }
        return models
    }

    /// Tries every kind of estimator over all short chains, grows the winners, and keeps what is worth most out of fold.
    private func search(
        _ log: CostedLog, costs: CostEstimator, using random: inout Random
    ) throws -> (path: PostHocPath, kind: EstimatorKind) {
        let quality = log.meanQuality
        let stages = log.stagesByCost.filter { !quality[$0].isNaN }
        let prices = Self.prices(log)
        var best: (path: PostHocPath, kind: EstimatorKind)?
        var bestValue = -Double.infinity
        var candidates = ThresholdPath.chains(
            of: stages, canStop: { _ in true }, longest: longestChain, most: mostChains)
        let isLogistic = LogisticFit.suitsDifferences(log.log.quality) && !log.log.quality.contains { $0 < 0 }
        for kind in kinds where kind != .logistic || isLogistic {
            let stream = random.split(random.next())
            var models: [StageSet: GainModel] = [:]
            func path(_ chains: [[Int]]) throws -> PostHocPath {
                models = try self.models(chains, log: log, kind: kind, stream: stream, known: models)
                return PostHocPath(log: log, chains: chains, models: models, costs: costs, target: target)
            }
            var tried = try path(candidates)
            var choices = prices.map { tried.best(price: $0) }
            var length = candidates.map(\.count).max() ?? 1
            // Longer chains are grown from the winners, while they still win.
            while length < min(longestChain, stages.count) {
                let seeds = choices.map(\.chain).filter { $0.count == length }
                let grown = Set(
                    seeds.flatMap { seed in
                        stages.filter { !seed.contains($0) }.map { added in
                            stages.filter { seed.contains($0) || $0 == added }
                        }
                    }
                ).subtracting(candidates).sorted { $0.lexicographicallyPrecedes($1) }
                if grown.isEmpty { break }
                candidates += grown
                tried = try path(candidates)
                choices = prices.map { tried.best(price: $0) }
                length += 1
            }
            let value = choices.reduce(0) { $0 + $1.value } / Double(choices.count)
            // Only chains that win at some price are worth keeping, or trying with the next kind.
            var winners: [[Int]] = []
            for choice in choices where choice.chain.count > 1 && !winners.contains(choice.chain) {
                winners.append(choice.chain)
            }
            let kept = winners.isEmpty ? Array(candidates.prefix(1)) : winners
            if value > bestValue {
                bestValue = value
                best = (PostHocPath(log: log, chains: kept, models: models, costs: costs, target: target), kind)
            }
            candidates = kept
        }
        return best!
    }

    /// Prices from where cost hardly counts to where hardly anything else does.
    static func prices(_ log: CostedLog) -> [Double] {
        let quality = log.meanQuality
        let stages = quality.indices.filter { !quality[$0].isNaN }
        let costs = stages.map { log.meanCost[$0] }
        let spread = (costs.max() ?? 0) - (costs.min() ?? 0)
        guard spread > 0 else { return [0] }
        return [0] + (0..<12).map { 1 / spread / Double(1 << $0) }
    }
}
