extension CategoryBars {
    /// The drawing, laid out for a width in CSS pixels.
    public func svg(width: Double, identifier: String, includesStyle: Bool) -> String {
        let width = max(240, width)
        var svg = SVGText()
        let entries: [Heading.Entry] =
            series.count < 2
            ? []
            : series.enumerated().map { place, one in
                let color = (one.color ?? .palette(place)).css
                return Heading.Entry(name: one.name) { svg, x, y in
                    svg.rectangle(x - 7, y - 6, 14, 12, "rx=\"2\" fill=\"\(color)\"")
                }
            }
        let top = Heading.draw(title, entries: entries, width: width, margin: 14, in: &svg)
        let slot = (width - 80) / Double(max(categories.count, 1))
        let fitsUpright = categories.allSatisfy { TextMetrics.width($0) + 8 <= slot }
        var bottom =
            direction == .vertical && fitsUpright
            ? drawUpright(top: top, width: width, in: &svg) : drawLying(top: top, width: width, in: &svg)
        if let note = skippedNote {
            svg.text(TextMetrics.truncated(note, to: width - 28), 14, bottom + 12, classes: "note")
            bottom += 20
        }
        return svg.document(
            width: width, height: bottom + 4, title: title, summary: describedContents, identifier: identifier,
            includesStyle: includesStyle)
    }

    /// How many bars stand beside each other in one category.
    private var lanes: Int { arrangement == .stacked ? 1 : max(series.count, 1) }

    private func range(_ bars: [Bar]) -> ClosedRange<Double> {
        axis.bounds(
            of: bars.flatMap { bar in
                [bar.start, bar.end] + (bar.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
            })
    }

    private func drawLying(top: Double, width: Double, in svg: inout SVGText) -> Double {
        let longest = categories.map { TextMetrics.width($0) }.max() ?? 0
        // Long names go above their bars on a narrow drawing, or the bars would have no room.
        let namesAbove = longest > width * 0.34
        let left = namesAbove ? 14 : 14 + longest + 8
        let thickness = lanes == 1 ? 20.0 : 13.0
        let pitch = Double(lanes) * (thickness + 2) + (namesAbove ? 24 : 10)
        let bars = bars()
        let ends = bars.map { valueText($0) }
        let room = showsValues ? (ends.map { TextMetrics.width($0) }.max() ?? 0) + 10 : 14
        let plotTop = top + 2
        let bottom = plotTop + pitch * Double(categories.count)
        let placement = AxisPlacement(axis: axis, range: range(bars), start: left, end: width - max(room, 20))
        let ticks = Ticks(axis, range: placement.range, target: max(2, Int((placement.end - left) / 75)))
        var lastRight = -Double.infinity
        for tick in ticks.ticks {
            let x = placement.pixel(tick.value)
            svg.line(x, plotTop, x, bottom, "class=\"grid\"")
            let half = TextMetrics.width(tick.text) / 2
            guard x - half > lastRight + 4 else { continue }
            svg.text(tick.text, x, bottom + 15, anchor: .middle, classes: "tick")
            lastRight = x + half
        }
        for (index, name) in categories.enumerated() {
            let y = plotTop + pitch * Double(index)
            if namesAbove {
                svg.text(TextMetrics.truncated(name, to: width - 28), left, y + 15, classes: "halo")
            } else {
                svg.text(name, left - 8, y + (pitch + 8) / 2, anchor: .end)
            }
        }
        for (bar, text) in zip(bars, ends) {
            let y = plotTop + pitch * Double(bar.category) + (namesAbove ? 20 : 5) + lane(bar) * (thickness + 2)
            let start = placement.pixel(bar.start)
            let end = placement.pixel(bar.end)
            draw(bar, x: min(start, end), y: y, width: abs(end - start), height: thickness, in: &svg)
            var tip = max(start, end)
            if let interval = bar.interval {
                let low = placement.edgePixel(interval.lowerBound)
                let high = placement.edgePixel(interval.upperBound)
                svg.line(low, y + thickness / 2, high, y + thickness / 2, "stroke=\"var(--ink)\" stroke-width=\"1.3\"")
                tip = max(tip, high)
            }
            if showsValues, !text.isEmpty { svg.text(text, tip + 5, y + thickness / 2 + 4, classes: "halo") }
        }
        let base = placement.base
        svg.line(base, plotTop, base, bottom, "class=\"axis\"")
        svg.text(axis.title, width - 14, bottom + 32, anchor: .end, classes: "name")
        return bottom + 38
    }

    private func drawUpright(top: Double, width: Double, in svg: inout SVGText) -> Double {
        let bars = bars()
        let plotTop = top + 26
        let bottom = plotTop + (width < 480 ? width * 0.6 : width * 0.4)
        let placement = AxisPlacement(axis: axis, range: range(bars), start: bottom, end: plotTop)
        let ticks = Ticks(axis, range: placement.range, target: max(2, Int((bottom - plotTop) / 52)))
        let left = 20 + (ticks.ticks.map { TextMetrics.width($0.text) }.max() ?? 0)
        let right = width - 14
        for tick in ticks.ticks {
            let y = placement.pixel(tick.value)
            svg.line(left, y, right, y, "class=\"grid\"")
            svg.text(tick.text, left - 6, y + 4, anchor: .end, classes: "tick")
        }
        svg.text(axis.title, 14, plotTop - 14, classes: "name")
        let slot = (right - left) / Double(max(categories.count, 1))
        let thickness = min(44, (slot - 10) / Double(lanes) - 2)
        let used = Double(lanes) * (thickness + 2)
        for (index, name) in categories.enumerated() {
            svg.text(name, left + slot * (Double(index) + 0.5), bottom + 17, anchor: .middle)
        }
        for bar in bars {
            let x = left + slot * (Double(bar.category) + 0.5) - used / 2 + lane(bar) * (thickness + 2)
            let start = placement.pixel(bar.start)
            let end = placement.pixel(bar.end)
            draw(bar, x: x, y: min(start, end), width: thickness, height: abs(end - start), in: &svg)
            var tip = min(start, end)
            if let interval = bar.interval {
                let low = placement.edgePixel(interval.lowerBound)
                let high = placement.edgePixel(interval.upperBound)
                let middle = x + thickness / 2
                svg.line(middle, low, middle, high, "stroke=\"var(--ink)\" stroke-width=\"1.3\"")
                tip = min(tip, high)
            }
            let text = valueText(bar)
            if showsValues, !text.isEmpty, TextMetrics.width(text, size: 11) <= slot / Double(lanes) {
                svg.text(
                    text, x + thickness / 2, tip - 4, anchor: .middle, classes: "halo", attributes: "font-size=\"11\"")
            }
        }
        svg.line(left, placement.base, right, placement.base, "class=\"axis\"")
        return bottom + 26
    }

    private func lane(_ bar: Bar) -> Double { arrangement == .stacked ? 0 : Double(bar.series) }

    /// What stands at a bar's end: its value, and for a stack the total at the end of its last bar only.
    private func valueText(_ bar: Bar) -> String {
        let isLast = !series.enumerated().contains { place, one in
            place > bar.series && canDraw(one.values[bar.category])
        }
        guard arrangement == .grouped || isLast else { return "" }
        // Stacks of shares that make a whole need no "100%" each.
        if arrangement == .stacked, axis.format == .percent, abs(bar.end - 1) < 1e-6 { return "" }
        let minus = { (text: String) in text.replacing("-", with: "−") }
        switch axis.format {
        case .percent: return minus(NumberText.percent(bar.end))
        case .number: return minus(NumberText.compact(bar.end))
        case .currency(let sign):
            let isPrice = abs(bar.end) >= 0.1 && abs(bar.end) < 1000
            let amount = abs(bar.end)
            let text = isPrice ? NumberText.fixed(amount, decimals: 2) : NumberText.compact(amount)
            return (bar.end < 0 ? "−" : "") + sign + text
        }
    }

    private func draw(
        _ bar: Bar, x: Double, y: Double, width: Double, height: Double, in svg: inout SVGText
    ) {
        let one = series[bar.series]
        let name = one.name.isEmpty ? categories[bar.category] : "\(categories[bar.category]), \(one.name)"
        let look =
            "class=\"mark\" rx=\"1.5\" fill=\"\((one.color ?? .palette(bar.series)).css)\" stroke=\"var(--paper)\""
        svg.rectangle(x, y, width, height, look, tooltip: "\(name): \(axis.text(bar.end - bar.start))")
        // A share that has room for it says its own value.
        guard arrangement == .stacked, axis.format == .percent else { return }
        let text = NumberText.percent(bar.end - bar.start, decimals: 0)
        guard TextMetrics.width(text, size: 11) + 6 <= width, height >= 14 else { return }
        svg.text(
            text, x + width / 2, y + height / 2 + 4, anchor: .middle,
            attributes: "font-size=\"11\" style=\"fill:var(--paper);font-weight:600\"")
    }
}
