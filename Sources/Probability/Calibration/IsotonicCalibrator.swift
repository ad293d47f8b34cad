internal import Foundation

/// The non-decreasing function of the score closest to the targets in least squares.
///
/// Items of equal score are pooled first; neighbouring blocks that are out of order are then pooled into their weighted
/// mean until none are. Between the ends of blocks the function is linear, and constant beyond the outermost scores.
///
/// - Source: M. Ayer et al., "An empirical distribution function for sampling with incomplete information", 1955 (pool
///   adjacent violators); B. Zadrozny and C. Elkan, 2002, for calibration.
public struct IsotonicCalibrator: Calibrator {
    /// Scores at the ends of the blocks, increasing.
    public let scores: [Double]
    /// Values at those scores, non-decreasing.
    public let values: [Double]

    /// The exact fit, in O(n log n).
    public static func fit(
        scores: [Double], targets: [Double], weights: [Double]? = nil
    ) throws(StatisticsError) -> IsotonicCalibrator {
        try Check.pairs(scores, targets, weights)
        struct Block {
            var first: Double
            var last: Double
            var weight: Double
            var sum: Double
            var mean: Double { sum / weight }
        }
        let order = scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] < scores[$1] }
        var blocks: [Block] = []
        var i = 0
        while i < order.count {
            let score = scores[order[i]]
            var block = Block(first: score, last: score, weight: 0, sum: 0)
            while i < order.count, scores[order[i]] == score {
                let w = weights?[order[i]] ?? 1
                block.weight += w
                block.sum += w * targets[order[i]]
                i += 1
            }
            guard block.weight > 0 else { continue }
            while let previous = blocks.last, previous.mean >= block.mean {
                block.first = previous.first
                block.weight += previous.weight
                block.sum += previous.sum
                blocks.removeLast()
            }
            blocks.append(block)
        }
        var knots: [Double] = []
        var values: [Double] = []
        for block in blocks {
            let value = min(1, max(0, block.mean))
            knots.append(block.first)
            values.append(value)
            if block.last > block.first {
                knots.append(block.last)
                values.append(value)
            }
        }
        return IsotonicCalibrator(scores: knots, values: values)
    }

    /// The value at a score, by bisection.
    public func calibrate(_ score: Double) -> Double {
        if score.isNaN { return .nan }
        guard score > scores[0] else { return values[0] }
        guard score < scores[scores.count - 1] else { return values[values.count - 1] }
        var low = 0
        var high = scores.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if scores[middle] <= score { low = middle } else { high = middle }
        }
        let share = (score - scores[low]) / (scores[high] - scores[low])
        return values[low] + share * (values[high] - values[low])
    }
}

extension IsotonicCalibrator {
    enum CodingKeys: CodingKey { case scores, values }

    /// Reads a fit, and refuses one that is not a non-decreasing function.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        scores = try container.decode([Double].self, forKey: .scores)
        values = try container.decode([Double].self, forKey: .values)
        let ordered =
            zip(scores, scores.dropFirst()).allSatisfy { $0 < $1 }
            && zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }
        guard !scores.isEmpty, scores.count == values.count, ordered, values.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .scores, in: container,
                debugDescription:
                    "an isotonic calibration needs increasing scores and as many non-decreasing values in [0, 1]")
        }
    }
}
