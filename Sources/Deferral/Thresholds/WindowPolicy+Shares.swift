public import Cascades
import Probability

extension WindowPolicy {
    /// Windows that hold equal shares of items on both sides of each stage's own boundary.
    ///
    ///     q_j = share of scores of stage k_j below t_j
    ///     window of k_j = from its score quantile q_j - h to its quantile q_j + h
    ///
    /// On every stage but the last about a share 2 h of `log` goes on, of what reaches it.
    ///
    /// - Parameters:
    ///   - boundaries: t_j, the score from which on stage k_j would answer if it had to decide, `[stages]`, by order asked.
    ///   - stages: k_j, in the order asked; the last one decides at its boundary.
    ///   - scores: how each of `stages` is judged.
    ///   - halfWidth: h, from 0 to 1.
    ///   - log: items with no score missing, to take quantiles on.
    /// - Throws: ``DeferralError`` for numbers of boundaries and scores other than that of stages, a half width out of
    ///   range, and a missing score.
    /// - Source: Xia and Bouganis 2023, section 4 and, for shares on both sides of a boundary, section 5.
    public static func around(
        _ boundaries: [Double], stages: [Int], scores: [ConfidenceScore], halfWidth: Double, on log: OutcomeLog
    ) throws -> WindowPolicy {
        guard !stages.isEmpty, boundaries.count == stages.count, scores.count == stages.count else {
            throw DeferralError.badParameter(
                name: "stages", value: "\(stages)", expected: "one stage or more, with a boundary and a score for each")
        }
        guard 0...1 ~= halfWidth else {
            throw DeferralError.badParameter(name: "halfWidth", value: "\(halfWidth)", expected: "a share from 0 to 1")
        }
        var steps: [Step] = []
        for (place, stage) in stages.enumerated() {
            let (boundary, score) = (boundaries[place], scores[place])
            if place == stages.count - 1 {
                steps.append(Step(stage: stage, score: score, lower: boundary, upper: boundary))
                continue
            }
            let values = (0..<log.count).map { item in
                let raw = score.sign * log.signal(item: item, score.signal)
                return score.calibration?.calibrate(raw) ?? raw
            }.sorted()
            guard !values.isEmpty, !values.contains(where: \.isNaN) else {
                throw DeferralError.unsuitableLog(
                    family: kind, reason: "the score of \(log.schema.stages[stage].name) is missing on some item, or there is none",
                    remedy: "Take quantiles on items that every stage answered.")
            }
            let count = Double(values.count)
            let share = Double(values.count { $0 < boundary }) / count
            // Rounding would move a quantile that falls on an item; 1e-9 of an item doesn't matter.
            let from = Int(((share - halfWidth) * count + 1e-9).rounded(.down))
            let to = Int(((share + halfWidth) * count - 1e-9).rounded(.up))
            steps.append(
                Step(
                    stage: stage, score: score, lower: from <= 0 ? -.infinity : values[from],
                    upper: to >= values.count ? .infinity : values[to]))
        }
        return WindowPolicy(steps: steps)
    }
}
