extension HeatMap {
    /// The drawing, laid out for a width in CSS pixels.
    public func svg(width: Double, identifier: String, includesStyle: Bool) -> String {
        let width = max(240, width)
        var svg = SVGText()
        let top = Heading.draw(title, entries: [], width: width, margin: 14, in: &svg)
        let size = width < 480 ? 11.0 : 12.0
        let nameRoom = min((rows.map { TextMetrics.width($0, size: size) }.max() ?? 0) + 8, width * 0.32)
        let columnNames = columns.map { TextMetrics.truncated($0, to: 130, size: size) }
        let widest = columnNames.map { TextMetrics.width($0, size: size) }.max() ?? 0
        // The first slanted name leans out to the left, by the cosine of its angle.
        let left = max(14 + nameRoom, min(8 + widest * 0.58, width * 0.32))
        let cell = min((width - left - 14) / Double(max(columns.count, 1)), 110)
        let range = axis.bounds(of: values, margin: 0)
        let isSlanted = widest + 8 > cell
        // Slanted names rise by the sine of their angle; they lean left, so that the last one stays inside.
        let headHeight = isSlanted ? (widest + 8) * 0.82 + 10 : 20
        let plotTop = top + headHeight
        let height = min(max(cell * 0.62, 24), 34)
        for (column, name) in columnNames.enumerated() {
            let x = left + cell * (Double(column) + 0.5)
            let place = SVGText.coordinate
            let slant = "font-size=\"\(place(size))\" transform=\"rotate(55 \(place(x)) \(place(plotTop - 8)))\""
            svg.text(
                name, x, plotTop - 8, anchor: isSlanted ? .end : .middle,
                attributes: isSlanted ? slant : "font-size=\"\(place(size))\"")
        }
        let texts = values.map { axis.canPlace($0) ? cellText($0) : "" }
        let textSize = width < 480 ? 10.0 : 12.0
        let showsText = texts.allSatisfy { TextMetrics.width($0, size: textSize) + 3 <= cell }
        for (row, name) in rows.enumerated() {
            let y = plotTop + height * Double(row)
            svg.text(
                TextMetrics.truncated(name, to: nameRoom - 8, size: size), left - 8, y + height / 2 + 4, anchor: .end,
                attributes: "font-size=\"\(SVGText.coordinate(size))\"")
            for column in columns.indices {
                let x = left + cell * Double(column)
                guard let value = value(row, column) else {
                    svg.rectangle(
                        x + 1, y + 1, cell - 2, height - 2, "rx=\"3\" fill=\"none\" stroke=\"var(--grid)\"",
                        tooltip: "\(name), \(columns[column]): no value")
                    continue
                }
                let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
                let standsOut = standsOut(row, column)
                let outline = standsOut ? " stroke=\"var(--c2)\" stroke-width=\"2.2\"" : ""
                svg.rectangle(
                    x + 1, y + 1, cell - 2, height - 2,
                    "class=\"mark\" rx=\"3\" style=\"fill:\(Self.color(share))\"\(outline)",
                    tooltip: "\(name), \(columns[column]): \(axis.text(value))")
                guard showsText else { continue }
                // The share at which both inks have the same contrast, in light and (nearly) in dark.
                let ink = share > 0.66 ? "var(--paper)" : "var(--ink)"
                svg.text(
                    texts[row * columns.count + column], x + cell / 2, y + height / 2 + 4, anchor: .middle,
                    attributes: "font-size=\"\(SVGText.coordinate(textSize))\" "
                        + "style=\"fill:\(ink);pointer-events:none\(standsOut ? ";font-weight:700" : "")\"")
            }
        }
        let bottom = drawKey(
            top: plotTop + height * Double(rows.count) + 14, left: left, width: width, range: range, in: &svg)
        return svg.document(
            width: width, height: bottom + 6, title: title, summary: describedContents, identifier: identifier,
            includesStyle: includesStyle)
    }

    /// The key below: the scale of colours, what is measured, what an outline and an empty cell mean.
    private func drawKey(
        top: Double, left: Double, width: Double, range: ClosedRange<Double>, in svg: inout SVGText
    ) -> Double {
        let low = cellText(range.lowerBound)
        let high = cellText(range.upperBound)
        var x = 14.0
        let length = width < 480 ? 80.0 : 120.0
        svg.text(low, x, top + 10, classes: "tick")
        x += TextMetrics.width(low) + 5
        for step in 0..<20 {
            let share = Double(step) / 19
            svg.rectangle(
                x + length * Double(step) / 20, top, length / 20 + 0.3, 12, "style=\"fill:\(Self.color(share))\"")
        }
        x += length + 5
        svg.text(high, x, top + 10, classes: "tick")
        x += TextMetrics.width(high) + 12
        var notes = [axis.title]
        switch highlight {
        case .none: break
        case .rowMaximum: notes.append("outlined: largest of its row")
        case .columnMaximum: notes.append("outlined: largest of its column")
        }
        if skippedValues > 0 { notes.append("\(skippedValues) without a value") }
        var bottom = top + 10
        for note in notes {
            let needed = TextMetrics.width(note) + 14
            if x + needed > width - 8, x > 14 {
                x = 14
                bottom += 18
            }
            svg.text(note, x, bottom, classes: "name")
            x += needed
        }
        return bottom + 8
    }

    private static func color(_ share: Double) -> String {
        let percent = Int((min(max(share, 0), 1) * 100).rounded())
        return "color-mix(in oklab,var(--heat1) \(percent)%,var(--heat0))"
    }

    /// A value as short as a cell needs it; shares as whole percents.
    private func cellText(_ value: Double) -> String {
        switch axis.format {
        case .percent: NumberText.fixed(value * 100, decimals: 0) + "%"
        case .number: NumberText.compact(value, digits: 2).replacing("-", with: "−")
        case .currency(let sign): sign + NumberText.compact(value, digits: 2).replacing("-", with: "−")
        }
    }
}
