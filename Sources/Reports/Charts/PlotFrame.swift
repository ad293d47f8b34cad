import Foundation

/// A rectangle in pixels.
struct Box: Equatable {
    var x: Double, y: Double, width: Double, height: Double

    func overlaps(_ other: Box) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    func contains(_ other: Box) -> Bool {
        other.x >= x && other.y >= y && other.x + other.width <= x + width && other.y + other.height <= y + height
    }
}

/// One axis laid out along pixels.
struct AxisPlacement {
    var axis: Axis
    var range: ClosedRange<Double>
    /// The pixels of the range's lower and upper end.
    var start: Double, end: Double

    /// The pixel of a value; one that is outside stays within a distance that a drawing can hold.
    func pixel(_ value: Double) -> Double {
        let share: Double
        switch axis.scale {
        case .linear: share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        case .logarithmic: share = log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
        }
        return start + min(max(share, -20), 20) * (end - start)
    }

    /// The pixel of a value that may have no place, as the end of an interval: such a one lies at the axis' end.
    func edgePixel(_ value: Double) -> Double {
        axis.canPlace(value) ? pixel(value) : value > range.lowerBound ? end : start
    }

    /// Where an area or a bar stands: at zero if the axis has it, else at its lower end.
    var base: Double {
        axis.scale == .linear ? pixel(min(max(0, range.lowerBound), range.upperBound)) : start
    }
}

/// The heading of a figure: its title over one or two lines, and a legend that flows over as many rows as it needs.
struct Heading {
    /// One entry of the legend: its name and how its swatch is drawn around a point.
    struct Entry {
        var name: String
        var swatch: (inout SVGText, _ x: Double, _ y: Double) -> Void
    }

    static let swatchWidth = 22.0
    /// The size that a title is measured with: bold letters are wider than those that the metrics know.
    private static let boldSize = 17.0

    /// Draws the heading from the top and returns the pixel below it.
    static func draw(_ title: String, entries: [Entry], width: Double, margin: Double, in svg: inout SVGText) -> Double
    {
        var bottom = 8.0
        for line in lines(title, width: width - 2 * margin) {
            bottom += 18
            svg.text(line, margin, bottom - 4, classes: "title")
        }
        guard !entries.isEmpty else { return bottom + 6 }
        var x = margin
        bottom += 16
        for entry in entries {
            let name = TextMetrics.truncated(entry.name, to: width - 2 * margin - swatchWidth - 8)
            let needed = swatchWidth + 6 + TextMetrics.width(name)
            if x > margin, x + needed > width - margin {
                x = margin
                bottom += 18
            }
            entry.swatch(&svg, x + swatchWidth / 2, bottom - 4)
            svg.text(name, x + swatchWidth + 6, bottom)
            x += needed + 18
        }
        return bottom + 12
    }

    /// A title over at most three lines, broken at spaces.
    private static func lines(_ title: String, width: Double) -> [String] {
        guard !title.isEmpty else { return [] }
        var lines: [String] = []
        var line = ""
        for word in title.split(separator: " ") {
            let longer = line.isEmpty ? String(word) : line + " " + word
            if line.isEmpty || TextMetrics.width(longer, size: boldSize) <= width {
                line = longer
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        lines.append(line)
        return lines.prefix(3).map { TextMetrics.truncated($0, to: width, size: boldSize) }
    }
}

/// The plot area with its two numeric axes.
struct PlotFrame {
    var x: AxisPlacement, y: AxisPlacement
    var area: Box
    private var xTicks: Ticks, yTicks: Ticks

    /// Lays the axes out below `top`; the plot is `height` pixels high in all, axis texts included.
    init(
        x: Axis, y: Axis, ranges: (x: ClosedRange<Double>, y: ClosedRange<Double>), top: Double, width: Double,
        height: Double
    ) {
        let plotTop = top + (y.title.isEmpty ? 6 : 22)
        let bottom = top + height - (x.title.isEmpty ? 22 : 40)
        yTicks = Ticks(y, range: ranges.y, target: max(2, Int((bottom - plotTop) / 52)))
        let left = 14 + (yTicks.ticks.map { TextMetrics.width($0.text) }.max() ?? 0) + 6
        var target = max(2, Int((width - left) / 80))
        var right = width - 14
        xTicks = Ticks(x, range: ranges.x, target: target)
        while true {
            right = width - max(14, (xTicks.ticks.last.map { TextMetrics.width($0.text) / 2 } ?? 0) + 4)
            let placement = AxisPlacement(axis: x, range: ranges.x, start: left, end: right)
            let collides = zip(xTicks.ticks, xTicks.ticks.dropFirst()).contains { one, next in
                placement.pixel(next.value) - placement.pixel(one.value)
                    < (TextMetrics.width(one.text) + TextMetrics.width(next.text)) / 2 + 8
            }
            guard collides, target > 2 else { break }
            target -= 1
            xTicks = Ticks(x, range: ranges.x, target: target)
        }
        self.x = AxisPlacement(axis: x, range: ranges.x, start: left, end: right)
        self.y = AxisPlacement(axis: y, range: ranges.y, start: bottom, end: plotTop)
        area = Box(x: left, y: plotTop, width: right - left, height: bottom - plotTop)
    }

    /// Draws grid, axes, ticks and their names.
    func draw(in svg: inout SVGText) {
        let bottom = area.y + area.height
        for tick in yTicks.ticks {
            let place = y.pixel(tick.value)
            if y.axis.showsGrid { svg.line(area.x, place, area.x + area.width, place, "class=\"grid\"") }
            svg.text(tick.text, area.x - 7, place + 4, anchor: .end, classes: "tick")
        }
        for tick in xTicks.ticks {
            let place = x.pixel(tick.value)
            if x.axis.showsGrid { svg.line(place, area.y, place, bottom, "class=\"grid\"") }
            svg.line(place, bottom, place, bottom + 4, "class=\"axis\"")
            svg.text(tick.text, place, bottom + 17, anchor: .middle, classes: "tick")
        }
        svg.line(area.x, bottom, area.x + area.width, bottom, "class=\"axis\"")
        if !y.axis.title.isEmpty {
            svg.text(
                TextMetrics.truncated(y.axis.title, to: area.x + area.width - 14), 14, area.y - 11, classes: "name")
        }
        if !x.axis.title.isEmpty {
            let name = TextMetrics.truncated(x.axis.title, to: area.width)
            svg.text(name, area.x + area.width, bottom + 34, anchor: .end, classes: "name")
        }
    }
}
