import Foundation

/// How often what was predicted came true, by bins of the prediction: the data of a reliability diagram.
public struct CalibrationCurve: Sendable, Equatable {
    /// One bin: the mean prediction, the share that came true with its interval, and how many items it holds.
    public struct Bin: Sendable, Equatable {
        /// The mean prediction and the mean outcome, both in 0...1.
        public var predicted: Double, observed: Double
        /// The ends of the interval of the observed share.
        public var low: Double, high: Double
        /// The items.
        public var count: Int

        /// A bin whose interval the caller knows.
        public init(predicted: Double, observed: Double, low: Double, high: Double, count: Int) {
            self.predicted = predicted
            self.observed = observed
            self.low = low
            self.high = high
            self.count = count
        }
    }

    /// Whose predictions these are.
    public var name: String
    /// The bins, by prediction.
    public var bins: [Bin]
    /// The pairs that were not finite or not in 0...1, and were left out.
    public var skipped: Int

    /// A curve from bins that the caller has.
    public init(_ name: String, bins: [Bin]) {
        self.name = name
        self.bins = bins
        self.skipped = 0
    }

    /// A curve from predictions and outcomes, in bins of equally many items.
    ///
    /// Equal predictions are never split between bins, so there may be fewer bins than asked for. The interval is
    /// Wilson's score interval (1927); for outcomes between 0 and 1 it is wider than needed, never narrower.
    /// - Parameters:
    ///   - predictions: `[items]`, in 0...1.
    ///   - outcomes: `[items]`, in 0...1: 1 for what came true.
    ///   - count: The bins wanted.
    ///   - z: The standard normal quantile of the interval; 1.96 for 95 percent.
    public init(_ name: String, predictions: [Double], outcomes: [Double], bins count: Int = 10, z: Double = 1.959964) {
        precondition(predictions.count == outcomes.count, "One outcome for each prediction.")
        precondition(count > 0, "A curve needs at least one bin.")
        let valid = predictions.indices.filter { (0...1).contains(predictions[$0]) && (0...1).contains(outcomes[$0]) }
        let order = valid.sorted { (predictions[$0], $0) < (predictions[$1], $1) }
        var bins: [Bin] = []
        var start = 0
        while start < order.count {
            // Where this bin should end for the rest to be shared equally among the bins that are left.
            let left = max(1, count - bins.count)
            var end = start + max(1, Int((Double(order.count - start) / Double(left)).rounded()))
            end = min(end, order.count)
            while end < order.count, predictions[order[end]] == predictions[order[end - 1]] { end += 1 }
            let items = order[start..<end]
            let size = Double(items.count)
            let predicted = items.reduce(0) { $0 + predictions[$1] } / size
            let observed = items.reduce(0) { $0 + outcomes[$1] } / size
            let (low, high) = Self.wilson(share: observed, count: size, z: z)
            bins.append(Bin(predicted: predicted, observed: observed, low: low, high: high, count: items.count))
            start = end
        }
        self.name = name
        self.bins = bins
        self.skipped = predictions.count - valid.count
    }

    /// Wilson's score interval of a share of `count` trials.
    static func wilson(share: Double, count: Double, z: Double) -> (low: Double, high: Double) {
        let square = z * z / count
        let center = (share + square / 2) / (1 + square)
        let half = z / (1 + square) * (share * (1 - share) / count + square / (4 * count)).squareRoot()
        return (max(0, center - half), min(1, center + half))
    }
}

extension Chart {
    /// The reliability diagram: the share that came true against the prediction, on a diagonal if calibrated.
    public static func calibration(
        _ title: String, curves: [CalibrationCurve], predicted: String = "predicted", observed: String = "came true"
    ) -> Chart {
        let series = curves.map { curve in
            let points = curve.bins.map { bin in
                ChartPoint(
                    bin.predicted, bin.observed, low: bin.low, high: bin.high,
                    tooltip: "\(curve.name), \(bin.count) items")
            }
            let skipped = Array(repeating: ChartPoint(.nan, .nan), count: curve.skipped)
            return Series(curve.name, .line, points: points + skipped, showsDots: true)
        }
        return Chart(
            title, x: Axis(predicted, format: .percent, range: 0...1),
            y: Axis(observed, format: .percent, range: 0...1),
            series: series, referenceLines: [ReferenceLine(.diagonal, label: "calibrated")], aspectRatio: 0.7)
    }
}
