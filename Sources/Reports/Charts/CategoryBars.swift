/// Bars by category: one or several series side by side or stacked, upright or lying.
///
/// Bars lie by default: names of models and policies are long, and lying bars leave room for them. Upright bars whose
/// names would not fit below them are drawn lying too.
public struct CategoryBars: Figure, Equatable {
    /// How the series of one category stand together.
    public enum Arrangement: Sendable, Equatable {
        /// Side by side, or one after another (values must then not be negative; negative ones are skipped).
        case grouped, stacked
    }

    /// The direction of the bars.
    public enum Direction: Sendable, Equatable {
        /// To the right, or upwards.
        case horizontal, vertical
    }

    /// One series: a value for each category.
    public struct Series: Sendable, Equatable {
        /// What the legend says.
        public var name: String
        /// One value for each category; NaN where there is none.
        public var values: [Double]
        /// One interval for each category, or nil; drawn for grouped bars.
        public var intervals: [ClosedRange<Double>?]
        /// The colour; by place if nil.
        public var color: ChartColor?

        /// A series; name and values are needed.
        public init(
            _ name: String, _ values: [Double], intervals: [ClosedRange<Double>?] = [], color: ChartColor? = nil
        ) {
            self.name = name
            self.values = values
            self.intervals = intervals
            self.color = color
        }
    }

    /// What the figure shows, in a few words.
    public var title: String
    /// What it says in words; derived from the contents where it is empty.
    public var summary: String
    /// The names of the categories.
    public var categories: [String]
    /// The axis of the values; linear, from zero.
    public var axis: Axis
    /// The series.
    public var series: [Series]
    /// How they stand together.
    public var arrangement: Arrangement
    /// The direction of the bars.
    public var direction: Direction
    /// Whether the end of each bar (or stack) says its value.
    public var showsValues: Bool

    /// Bars; categories, axis and series are needed, each series with one value for each category.
    public init(
        _ title: String, categories: [String], axis: Axis, series: [Series], arrangement: Arrangement = .grouped,
        direction: Direction = .horizontal, showsValues: Bool = true, summary: String = ""
    ) {
        for one in series {
            precondition(
                one.values.count == categories.count,
                "Series \(one.name) has \(one.values.count) values for \(categories.count) categories.")
            precondition(one.intervals.isEmpty || one.intervals.count == categories.count)
        }
        self.title = title
        self.categories = categories
        self.axis = axis
        self.axis.scale = .linear
        self.axis.includesZero = true
        self.series = series
        self.arrangement = arrangement
        self.direction = direction
        self.showsValues = showsValues
        self.summary = summary
    }

    /// The values that have no place on the axes, and are left out.
    public var skippedValues: Int {
        series.reduce(0) { $0 + $1.values.count { !canDraw($0) } }
    }

    func canDraw(_ value: Double) -> Bool { axis.canPlace(value) && (arrangement == .grouped || value >= 0) }

    /// One bar along the value axis: whose it is and from where to where it goes.
    struct Bar {
        var category: Int, series: Int
        var start: Double, end: Double
        var interval: ClosedRange<Double>?
    }

    /// All bars, by category, then by series.
    func bars() -> [Bar] {
        var result: [Bar] = []
        for category in categories.indices {
            var height = 0.0
            for (place, one) in series.enumerated() where canDraw(one.values[category]) {
                let value = one.values[category]
                switch arrangement {
                case .grouped:
                    let interval = one.intervals.isEmpty ? nil : one.intervals[category]
                    result.append(Bar(category: category, series: place, start: 0, end: value, interval: interval))
                case .stacked:
                    result.append(Bar(category: category, series: place, start: height, end: height + value))
                    height += value
                }
            }
        }
        return result
    }

    /// What the drawing says in words.
    var describedContents: String {
        guard summary.isEmpty else { return summary }
        var sentences = ["Bars of \(axis.title)."]
        for (place, category) in categories.enumerated().prefix(12) {
            let values = series.filter { canDraw($0.values[place]) }.map { one in
                series.count == 1 ? axis.text(one.values[place]) : "\(one.name) \(axis.text(one.values[place]))"
            }
            sentences.append("\(category): \(values.isEmpty ? "no value" : values.joined(separator: ", ")).")
        }
        return sentences.joined(separator: " ")
    }
}
