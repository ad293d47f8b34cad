/// A chart of series over two axes.
///
/// ```swift
/// let chart = Chart(
///     "Cost and quality", x: Axis("cost", unit: "$/1,000 items", scale: .logarithmic), y: Axis("quality", format: .percent),
///     series: [Series("thresholds", points: [ChartPoint(0.2, 0.91), ChartPoint(0.5, 0.94)])])
/// let text = chart.svg()
/// ```
public struct Chart: Figure, Equatable {
    /// A line across the plot at one value.
    public struct ReferenceLine: Sendable, Equatable {
        /// Where a reference line runs.
        public enum Place: Sendable, Equatable {
            /// Horizontal at a value of y, vertical at a value of x, or x = y.
            case y(Double), x(Double), diagonal

            var isVertical: Bool {
                if case .x = self { true } else { false }
            }
        }
        /// Where it runs.
        public var place: Place
        /// What it says; empty for nothing.
        public var label: String

        /// A line with its label.
        public init(_ place: Place, label: String = "") {
            self.place = place
            self.label = label
        }
    }

    /// What the figure shows, in a few words.
    public var title: String
    /// What it says in words; derived from the contents where it is empty.
    public var summary: String
    /// The axes.
    public var x: Axis, y: Axis
    /// The series; later ones are drawn above earlier ones.
    public var series: [Series]
    /// Lines across the plot, below the series.
    public var referenceLines: [ReferenceLine]
    /// Height divided by width of the drawing when laid out for 720 pixels.
    public var aspectRatio: Double

    /// A chart; axes and series are needed.
    public init(
        _ title: String, x: Axis, y: Axis, series: [Series], referenceLines: [ReferenceLine] = [], summary: String = "",
        aspectRatio: Double = 0.58
    ) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
        self.referenceLines = referenceLines
        self.summary = summary
        self.aspectRatio = aspectRatio
    }

    /// The values that have no place on the axes, and are left out.
    public var skippedValues: Int {
        series.reduce(0) { total, series in total + series.points.count { !canPlace($0) } }
    }

    func canPlace(_ point: ChartPoint) -> Bool { x.canPlace(point.x) && y.canPlace(point.y) }

    /// The points of a series that have a place.
    func placed(_ series: Series) -> [ChartPoint] { series.points.filter(canPlace) }

    /// The ends of the axes for what is drawn, intervals and horizontal or vertical reference lines included.
    func ranges() -> (x: ClosedRange<Double>, y: ClosedRange<Double>) {
        var xs: [Double] = []
        var ys: [Double] = []
        var standsOnZero = false
        for one in series {
            for point in placed(one) {
                xs.append(point.x)
                ys.append(point.y)
                if let interval = point.xInterval { xs += [interval.lowerBound, interval.upperBound] }
                if let interval = point.yInterval { ys += [interval.lowerBound, interval.upperBound] }
            }
            if one.kind == .area || one.kind == .bins { standsOnZero = true }
        }
        for line in referenceLines {
            switch line.place {
            case .x(let value): xs.append(value)
            case .y(let value): ys.append(value)
            case .diagonal: break
            }
        }
        var vertical = y
        vertical.includesZero = y.includesZero || standsOnZero
        let isHistogram = series.contains { $0.kind == .bins }
        return (x.bounds(of: xs, margin: isHistogram ? 0.01 : 0.04), vertical.bounds(of: ys))
    }

    /// What the drawing says in words, for those who can't see it.
    var describedContents: String {
        guard summary.isEmpty else { return summary }
        var sentences = ["Chart of \(y.title) against \(x.title)."]
        for one in series where one.isInLegend {
            let points = placed(one)
            guard let low = points.map(\.y).min(), let high = points.map(\.y).max() else { continue }
            sentences.append("\(one.name): \(points.count) points, \(y.label) \(y.text(low)) to \(y.text(high)).")
        }
        if let note = skippedNote { sentences.append(note + ".") }
        return sentences.joined(separator: " ")
    }
}
