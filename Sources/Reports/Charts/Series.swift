/// One point of a series, with what is known around it.
public struct ChartPoint: Sendable, Equatable {
    /// The place, in the axes' units.
    public var x: Double, y: Double
    /// The vertical interval, drawn as an error bar or as the edge of a band.
    public var yInterval: ClosedRange<Double>?
    /// The horizontal interval, drawn as an error bar.
    public var xInterval: ClosedRange<Double>?
    /// A name written beside the point; empty for none.
    public var label: String
    /// What a pointer resting on the point reads before its values; the label or the series' name if empty.
    public var tooltip: String

    /// A point; only its place is needed.
    public init(
        _ x: Double, _ y: Double, yInterval: ClosedRange<Double>? = nil, xInterval: ClosedRange<Double>? = nil,
        label: String = "", tooltip: String = ""
    ) {
        self.x = x
        self.y = y
        self.yInterval = yInterval
        self.xInterval = xInterval
        self.label = label
        self.tooltip = tooltip
    }

    /// A point with the ends of its vertical interval, which is left out where the ends are no interval (NaN, or the wrong
    /// way round).
    public init(_ x: Double, _ y: Double, low: Double, high: Double, label: String = "", tooltip: String = "") {
        self.init(x, y, yInterval: low <= high ? low...high : nil, label: label, tooltip: tooltip)
    }
}

/// Points that belong together, and how they are drawn.
public struct Series: Sendable, Equatable {
    /// What is drawn for the points; intervals are drawn by every kind that has a place for them.
    public enum Kind: Sendable, Equatable {
        /// A line from point to point, with a band over the points' vertical intervals.
        case line
        /// A line that keeps its value until the next point (a step at the right end).
        case step
        /// Symbols, with error bars over the points' intervals.
        case points(Symbol)
        /// A line with the area down to zero (to the lower edge on a logarithmic axis).
        case area
        /// Bars down to zero over the points' horizontal intervals, which a histogram has.
        case bins
    }

    /// The shape of a point.
    public enum Symbol: Int, Sendable, Equatable, CaseIterable {
        case circle, square, triangle, diamond, cross, star
    }

    /// What the legend says.
    public var name: String
    /// How it is drawn.
    public var kind: Kind
    /// The points, in drawing order.
    public var points: [ChartPoint]
    /// The colour; by its place among the series if nil.
    public var color: ChartColor?
    /// Whether a line is dashed, as baselines are.
    public var isDashed: Bool
    /// Whether a line also has a dot at each point.
    public var showsDots: Bool
    /// Whether the legend lists it.
    public var isInLegend: Bool

    /// A series; name, kind and points are needed.
    public init(
        _ name: String, _ kind: Kind = .line, points: [ChartPoint], color: ChartColor? = nil, isDashed: Bool = false,
        showsDots: Bool = false, isInLegend: Bool = true
    ) {
        self.name = name
        self.kind = kind
        self.points = points
        self.color = color
        self.isDashed = isDashed
        self.showsDots = showsDots
        self.isInLegend = isInLegend
    }

    /// The histogram of `values` in `count` equal bins over their range; values that are not finite make one skipped point
    /// each, so that they are counted.
    /// - Parameter density: Whether heights are densities (area one) instead of counts.
    public static func histogram(
        _ name: String, of values: [Double], bins count: Int, density: Bool = false, color: ChartColor? = nil
    ) -> Series {
        precondition(count > 0, "A histogram needs at least one bin.")
        let finite = values.filter(\.isFinite)
        let skipped = Array(repeating: ChartPoint(.nan, .nan), count: values.count - finite.count)
        guard let low = finite.min(), let high = finite.max() else {
            return Series(name, .bins, points: skipped, color: color)
        }
        let start = low == high ? low - 0.5 : low
        let width = low == high ? 1 / Double(count) : (high - low) / Double(count)
        var counts = [Int](repeating: 0, count: count)
        for value in finite { counts[min(count - 1, max(0, Int((value - start) / width)))] += 1 }
        let scale = density ? 1 / (Double(finite.count) * width) : 1
        let points = counts.enumerated().map { index, count in
            let left = start + Double(index) * width
            return ChartPoint(left + width / 2, Double(count) * scale, xInterval: left...(left + width))
        }
        return Series(name, .bins, points: points + skipped, color: color)
    }
}
