internal import Foundation
internal import NumericalMethods

/// Predicted probabilities against what happened, in bins: is 0.8 right in 8 of 10?
public struct ReliabilityCurve: Sendable, Hashable {
    /// How predictions are put in bins.
    public enum Binning: String, Sendable, CaseIterable, Codable {
        /// Bins of equal width on [0, 1].
        case equalWidth
        /// Bins of as equal a number of items as ties allow: equal predictions stay together.
        case equalMass
    }

    /// One bin that holds items.
    public struct Point: Sendable, Hashable {
        /// Mean prediction in the bin.
        public let prediction: Double
        /// Mean target in the bin.
        public let target: Double
        /// Wilson's interval of the mean target.
        public let interval: Interval
        /// Number of items.
        public let count: Int
        /// Variance of the mean target, s² / n; nil for a single item.
        let targetVariance: Double?
    }

    /// The bins that hold items, by rising prediction.
    public let points: [Point]
    /// Number of items.
    public let count: Int

    /// The curve of `probabilities` against `targets` in [0, 1], both `[items]`.
    ///
    /// - Throws: ``StatisticsError``.
    public init(
        probabilities: [Double], targets: [Double], bins: Int = 15, binning: Binning = .equalMass,
        confidence: Double = 0.95
    ) throws(StatisticsError) {
        try Check.pairs(probabilities, targets, nil, scores: "probability")
        try Check.values(probabilities, in: 0...1, "probability")
        try Check.count(bins, atLeast: 1, "bins")
        var points: [Point] = []
        for members in Self.bins(probabilities, bins: bins, binning: binning) {
            let n = Double(members.count)
            var prediction = 0.0
            var target = 0.0
            for i in members {
                prediction += probabilities[i]
                target += targets[i]
            }
            prediction /= n
            target = min(1, target / n)
            var squares = 0.0
            for i in members { squares += (targets[i] - target) * (targets[i] - target) }
            points.append(
                Point(
                    prediction: prediction, target: target,
                    interval: try Interval.wilson(mean: target, count: members.count, confidence: confidence),
                    count: members.count, targetVariance: members.count > 1 ? squares / (n - 1) / n : nil))
        }
        self.points = points
        count = probabilities.count
    }

    /// The items of each bin that holds any, by rising prediction.
    static func bins(_ probabilities: [Double], bins: Int, binning: Binning) -> [[Int]] {
        switch binning {
        case .equalWidth:
            var members = [[Int]](repeating: [], count: bins)
            for (i, p) in probabilities.enumerated() { members[min(bins - 1, Int(p * Double(bins)))].append(i) }
            return members.filter { !$0.isEmpty }
        case .equalMass:
            let order = probabilities.indices.sorted {
                probabilities[$0] == probabilities[$1] ? $0 < $1 : probabilities[$0] < probabilities[$1]
            }
            var members: [[Int]] = []
            var start = 0
            for bin in 1...bins {
                // Ties move the border up.
                var end = max(start, order.count * bin / bins)
                while end > start, end < order.count, probabilities[order[end]] == probabilities[order[end - 1]] {
                    end += 1
                }
                if end > start { members.append(Array(order[start..<end])) }
                start = end
            }
            return members
        }
    }

    /// Expected calibration error: the mean over items of |mean prediction − mean target| of their bin.
    ///
    /// Too high on average even for perfect predictions, the more so the fewer items a bin holds.
    ///
    /// - Source: M. Naeini, G. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", 2015.
    public var expectedCalibrationError: Double {
        points.reduce(0) { $0 + Double($1.count) * abs($1.prediction - $1.target) } / Double(count)
    }

    /// ``expectedCalibrationError`` less what chance adds to it: in each bin the mean of |N(gap, variance)| less |gap|, in
    /// closed form; not below 0. A single item in a bin tells nothing of its spread, and takes that of a fair coin.
    ///
    /// - Source: A. Kumar, P. Liang, T. Ma, "Verified uncertainty calibration", 2019, section 5 and appendix E, with the
    ///   mean of a folded normal in place of their simulation.
    public var debiasedCalibrationError: Double {
        var sum = 0.0
        for point in points {
            let gap = abs(point.prediction - point.target)
            let deviation = (point.targetVariance ?? 0.25).squareRoot()
            var folded = gap
            if deviation > 0 {
                let z = gap / deviation
                folded = deviation * (2 / Double.pi).squareRoot() * exp(-0.5 * z * z) + gap * (1 - 2 * normalCDF(-z))
            }
            sum += Double(point.count) * (gap - (folded - gap))
        }
        return max(0, sum / Double(count))
    }

    /// The mean squared calibration error of the bins, without bias: (gap² − variance of the mean target), so that it can
    /// be slightly negative for perfect predictions. Bins of one item are left out.
    ///
    /// - Source: Kumar, Liang, Ma, 2019, definition 5.1.
    public var debiasedSquaredCalibrationError: Double {
        var sum = 0.0
        var items = 0
        for point in points {
            guard let variance = point.targetVariance else { continue }
            let gap = point.prediction - point.target
            sum += Double(point.count) * (gap * gap - variance)
            items += point.count
        }
        return items > 0 ? sum / Double(items) : 0
    }

    /// The largest gap of any bin.
    public var maximumCalibrationError: Double { points.reduce(0) { max($0, abs($1.prediction - $1.target)) } }
}
