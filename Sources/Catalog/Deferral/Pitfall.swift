import Cascades
import Deferral
import Foundation
import Probability

/// A mistake in a log, one for each of the nine tips: what it does to the log, while use stays what it is.
enum Pitfall: Int, CaseIterable, Sendable {
    /// The first stage gets worse month by month, and use begins where the log ends.
    case drift = 1
    /// The test split has the shorter, easier items.
    case unlikeSplits
    /// The margin is lost on most of the first stage's wrong answers, in the log only.
    case lostMargins
    /// 60 items and 20 numbers of context that mean nothing.
    case fewItems
    /// Two in five test items are copies of training items.
    case copies
    /// The first stage is hardly ever wrong.
    case rareFailures
    /// One class has nearly all items, and the first stage always names it; use counts all classes alike.
    case majorityClass
    /// A number of context was computed from the outcome; in use it says nothing.
    case shortcut
    /// The dearer stage is the worse one.
    case dominated

    /// The tip that warns of it.
    var tip: MachineLearningTip { MachineLearningTip(rawValue: rawValue)! }

    /// What is wrong, in a few words.
    var title: String {
        switch self {
        case .drift: "quality drifts with time"
        case .unlikeSplits: "test items are easier"
        case .lostMargins: "evidence lost on wrong answers"
        case .fewItems: "60 items, 22 numbers"
        case .copies: "copies across splits"
        case .rareFailures: "a stage that hardly ever fails"
        case .majorityClass: "accuracy of the majority class"
        case .shortcut: "context that knows the outcome"
        case .dominated: "a dearer, worse stage"
        }
    }

    /// Whether it makes what a log promises better than what use brings whatever is learned, rather than less certain or
    /// dearer. (Copies mislead only rules that memorise.)
    var misleads: Bool { [.drift, .unlikeSplits, .lostMargins, .majorityClass, .shortcut].contains(self) }
}

/// Logs of two stages with a known law, clean or with one ``Pitfall``.
///
/// Each item has a difficulty d; the stages are right with probabilities logistic(0.8 - 1.5 d) and logistic(2 - d). The
/// context holds a noisy view of d, the first stage's margin a noisy view of its chance. Costs are 0.2 and 1.
enum PitfallLog {
    /// What the log holds of `items`; a pitfall is in it.
    static func logged(_ pitfall: Pitfall?, items: Int, using random: inout Random) -> OutcomeLog {
        draw(pitfall, items: pitfall == .fewItems ? 60 : items, isUse: false, using: &random)
    }

    /// What use brings: fresh items, on which the pitfall's mistake is not made.
    static func used(_ pitfall: Pitfall?, items: Int, using random: inout Random) -> OutcomeLog {
        draw(pitfall, items: items, isUse: true, using: &random)
    }

    private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    private static func draw(_ pitfall: Pitfall?, items: Int, isUse: Bool, using random: inout Random) -> OutcomeLog {
        let extra = pitfall == .fewItems ? 20 : pitfall == .shortcut ? 1 : 0
        let schema = LogSchema(
            context: ["length", "words"] + (0..<extra).map { "extra \($0)" },
            stages: ["small", "large"].map { StageSchema(name: $0, evidence: ["margin"]) })
        var (quality, context, evidence, times) = ([Double](), [Double](), [Double](), [Double]())
        var answers = [[String]](repeating: [], count: 2)
        var splits: [String] = []
        for _ in 0..<items {
            let difficulty = random.normal()
            let length = 0.8 * difficulty + 0.6 * random.normal()
            // The log covers the first year, use the half year after it.
            let time = isUse ? 1 + random.uniform() / 2 : random.uniform()
            let isCommon = random.uniform() < (isUse ? 0.25 : 0.95)
            let label =
                pitfall == .majorityClass ? (isCommon ? 0 : 1 + random.integer(below: 3)) : random.integer(below: 4)
            var chances = [logistic(0.8 - 1.5 * difficulty), logistic(2 - difficulty)]
            switch pitfall {
            case .drift: chances[0] = logistic(1.8 - 1.5 * difficulty - 2 * time)
            case .rareFailures: chances[0] = 0.995
            case .majorityClass: chances[0] = label == 0 ? 0.99 : 0.02
            case .dominated: chances[1] = 0.7 * chances[0]
            default: break
            }
            let right = chances.map { random.bernoulli($0) }
            for stage in 0..<2 {
                let other =
                    pitfall == .majorityClass && stage == 0 && label > 0
                    ? 0 : (label + 1 + random.integer(below: 3)) % 4
                answers[stage].append("class \(right[stage] ? label : other)")
                let margin = logistic(log(chances[stage] / (1 - chances[stage])) + random.normal())
                let isLost = pitfall == .lostMargins && !isUse && stage == 0 && !right[0] && random.bernoulli(0.7)
                evidence.append(isLost ? .nan : margin)
            }
            quality += right.map { $0 ? 1 : 0 }
            context += [length, random.normal()]
            if pitfall == .shortcut {
                context.append(isUse ? random.uniform() : (right[0] ? 1 : 0) + 0.2 * random.uniform())
            } else {
                context += (0..<extra).map { _ in random.normal() }
            }
            times.append(time)
            splits.append((pitfall == .unlikeSplits ? length > 0 : random.bernoulli(0.5)) ? "train" : "test")
        }
        var log = OutcomeLog(schema: schema, ids: (0..<items).map { "item \($0)" }, quality: quality)
        log.context = context
        log.evidence = evidence
        log.money = (0..<items).flatMap { _ in [0.2, 1.0] }
        log.answers = answers.map { CodedColumn($0) }
        log.inputs = (0..<items).map { "question \($0)" }
        log.splits = CodedColumn(splits)
        log.times = times
        if pitfall == .copies && !isUse { copy(into: &log, using: &random) }
        return log
    }

    /// Makes two in five test items copies of training items, outcomes and all.
    private static func copy(into log: inout OutcomeLog, using random: inout Random) {
        let training = (0..<log.count).filter { log.splits[$0] == "train" }
        var sources = Array(0..<log.count)
        for item in 0..<log.count where log.splits[item] == "test" && random.bernoulli(0.4) {
            sources[item] = training[random.integer(below: training.count)]
        }
        let (ids, splits) = (log.ids, log.splits)
        log = log.subset(sources)
        log.ids = ids
        log.splits = splits
    }
}
