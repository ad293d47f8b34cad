internal import Foundation

/// How well scores tell success from failure, whatever their scale.
public enum Discrimination {
    /// The area under the receiver operating characteristic: the probability that an item that succeeds scores above one
    /// that fails, ties counted half. Exact, in O(n log n).
    ///
    /// A soft target t makes an item a success of weight t and a failure of weight 1 − t.
    ///
    /// - Parameters: scores and targets, `[items]`.
    /// - Throws: ``StatisticsError``, also where no item succeeds or none fails.
    public static func areaUnderCurve(scores: [Double], targets: [Double]) throws(StatisticsError) -> Double {
        try Check.pairs(scores, targets, nil)
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        var failuresBelow = 0.0
        var successes = 0.0
        var area = 0.0
        var i = 0
        while i < order.count {
            let score = scores[order[i]]
            var high = 0.0
            var low = 0.0
            while i < order.count, scores[order[i]] == score {
                high += targets[order[i]]
                low += 1 - targets[order[i]]
                i += 1
            }
            area += high * (failuresBelow + 0.5 * low)
            failuresBelow += low
            successes += high
        }
        guard successes > 0, failuresBelow > 0 else {
            throw .undefined(
                what: "the area under the curve", reason: successes > 0 ? "no item fails" : "no item succeeds")
        }
        return area / (successes * failuresBelow)
    }
}
