import Cascades
import NumericalMethods
public import Probability

/// Learns thresholds on confidence scores for chains of any length, jointly and exactly on the log.
///
/// At each price the chain (which stages, in order of cost) and all its thresholds are chosen together to maximise
/// mean quality less price times mean cost (``JointThresholds``). Which evidence number a stage is judged by is chosen
/// once: the one that ranks its right answers above its wrong ones best.
public struct ThresholdLearner: PolicyLearner {
    public let family = "thresholds"
    public let summary = "ask stages from cheap to dear until one is sure enough; all thresholds chosen jointly"

    /// The evidence to use, by name, for every stage that has it; nil chooses for each stage.
    public var scoreName: String?
    /// Calibrates the scores first, so that a threshold reads as a probability of being right.
    public var calibration: CalibrationMethod?
    /// The longest chain to try.
    public var longestChain: Int
    /// The most chains that are looked at coarsely at each price.
    public var mostChains: Int
    /// Effort to prove that thresholds of chains of four and more stages are the best: how many items may be looked at
    /// for each price and chain, over and over. A few dozen looks at the whole log prove it mostly.
    public var proof: Int

    /// A learner.
    public init(
        scoreName: String? = nil, calibration: CalibrationMethod? = nil, longestChain: Int = 5, mostChains: Int = 64,
        proof: Int = 1 << 16
    ) {
        self.scoreName = scoreName
        self.calibration = calibration
        self.longestChain = longestChain
        self.mostChains = mostChains
        self.proof = proof
    }

    public func obstacle(_ log: CostedLog) -> String? {
        if log.stageCount < 2 { return "there is one stage only" }
        return scores(log).allSatisfy { $0 == nil } ? "no stage has evidence that varies" : nil
    }

    public func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        if let obstacle = obstacle(log) {
            throw DeferralError.unsuitableLog(
                family: family, reason: obstacle, remedy: "Log evidence (margin, entropy, ...) with each answer.")
        }
        var scores = scores(log)
        if let calibration {
            for stage in scores.indices {
                guard let score = scores[stage] else { continue }
                let items = (0..<log.count).filter {
                    log.log.isPresent(item: $0, stage: stage) && !log.log.signal(item: $0, score.signal).isNaN
                }
                scores[stage]?.calibration = try Calibration.fit(
                    calibration, scores: items.map { score.sign * log.log.signal(item: $0, score.signal) },
                    targets: items.map { log.log.quality(item: $0, stage: stage) })
            }
        }
        return ThresholdPath(log: log, scores: scores, longestChain: longestChain, mostChains: mostChains, proof: proof)
    }

    /// For each stage, the score that ranks its good answers above its bad ones best; nil where it has none.
    func scores(_ log: CostedLog) -> [ConfidenceScore?] {
        let outcomes = log.log
        return (0..<log.stageCount).map { stage in
            let items = (0..<log.count).filter { outcomes.isPresent(item: $0, stage: stage) }
            let quality = items.map { outcomes.quality(item: $0, stage: stage) }
            var best: (score: ConfidenceScore, concordance: Double)?
            for (offset, name) in outcomes.schema.stages[stage].evidence.enumerated()
            // The probability of the true label is not known at run time, so no rule may be judged by it.
            where name != FeatureMap.labelProbability && (scoreName == nil || scoreName == name) {
                let signal = outcomes.schema.evidenceOffsets[stage] + offset
                let values = items.map { outcomes.signal(item: $0, signal) }
                guard let agreement = Concordance.probability(of: values, with: quality) else { continue }
                let strength = max(agreement, 1 - agreement)
                if strength > (best?.concordance ?? -1) {
                    best = (ConfidenceScore(signal: signal, sign: agreement >= 0.5 ? 1 : -1), strength)
                }
            }
            return best?.score
        }
    }
}

/// How often a score ranks the better of two answers higher: the area under the ROC curve, for any number of levels.
enum Concordance {
    /// P(score_i > score_j | quality_i > quality_j) + half the ties; nil when all scores or all qualities are equal.
    /// Qualities with many levels are split at their mean.
    static func probability(of scores: [Double], with quality: [Double]) -> Double? {
        let pairs = zip(scores, quality).filter { !$0.0.isNaN && !$0.1.isNaN }
        guard pairs.count > 1 else { return nil }
        let mean = pairs.reduce(0) { $0 + $1.1 } / Double(pairs.count)
        let sorted = pairs.sorted { $0.0 < $1.0 }
        guard sorted[0].0 < sorted[sorted.count - 1].0 else { return nil }
        let good = sorted.count { $0.1 > mean }
        guard good > 0, good < sorted.count else { return nil }
        // Sum of the mid-ranks of the good answers (Mann-Whitney).
        var rankSum = 0.0
        var start = 0
        while start < sorted.count {
            var end = start
            while end < sorted.count && sorted[end].0 == sorted[start].0 { end += 1 }
            let midRank = Double(start + end + 1) / 2
            rankSum += midRank * Double(sorted[start..<end].count { $0.1 > mean })
            start = end
        }
        let goods = Double(good)
        let bads = Double(sorted.count - good)
        return (rankSum - goods * (goods + 1) / 2) / (goods * bads)
    }
}
