extension Chart {
    /// The drawing, laid out for a width in CSS pixels.
    public func svg(width: Double, identifier: String, includesStyle: Bool) -> String {
        let width = max(240, width)
        var svg = SVGText()
        let top = Heading.draw(title, entries: legend(), width: width, margin: 14, in: &svg)
        // A narrow drawing is taller in proportion, or nothing could be told apart in it.
        let height = width < 480 ? max(width * 0.85, 240) : width * aspectRatio
        let frame = PlotFrame(x: x, y: y, ranges: ranges(), top: top, width: width, height: height)
        let clip = Markup.anchor(identifier) + "-clip"
        frame.draw(in: &svg)
        svg.raw("<clipPath id=\"\(clip)\">")
        svg.rectangle(frame.area.x - 8, frame.area.y - 8, frame.area.width + 16, frame.area.height + 16, "")
        svg.raw("</clipPath>\n<g clip-path=\"url(#\(clip))\">\n")
        var placer = LabelPlacer(
            bounds: Box(x: 4, y: frame.area.y - 8, width: width - 8, height: frame.area.height + 6))
        drawReferenceLines(frame, &placer, in: &svg)
        for (place, one) in series.enumerated() { draw(one, place: place, frame, &placer, in: &svg) }
        svg.raw("</g>\n")
        drawReferenceLabels(frame, &placer, in: &svg)
        drawLabels(frame, &placer, in: &svg)
        var bottom = top + height
        if let note = skippedNote {
            svg.text(TextMetrics.truncated(note, to: width - 28), 14, bottom + 12, classes: "note")
            bottom += 20
        }
        return svg.document(
            width: width, height: bottom + 4, title: title, summary: describedContents, identifier: identifier,
            includesStyle: includesStyle)
    }

    private func color(_ series: Series, place: Int) -> String { (series.color ?? .palette(place)).css }

    private func radius(_ symbol: Series.Symbol) -> Double { symbol == .star ? 5 : 4.5 }

    /// The dash of the place-th line: solid lines first, so that few series stay calm.
    private func dash(_ series: Series, place: Int) -> String {
        if series.isDashed { return " stroke-dasharray=\"5 4\"" }
        let patterns = ["", "", "", "", "9 3", "2 3", "9 3 2 3", "5 3"]
        let pattern = patterns[place % patterns.count]
        return pattern.isEmpty ? "" : " stroke-dasharray=\"\(pattern)\""
    }

    private func legend() -> [Heading.Entry] {
        let listed = series.enumerated().filter { $0.element.isInLegend && !$0.element.name.isEmpty }
        guard listed.count > 1 else { return [] }
        return listed.map { place, one in
            let color = color(one, place: place)
            let dash = dash(one, place: place)
            let hasBand = one.points.contains { $0.yInterval != nil }
            return Heading.Entry(name: one.name) { svg, x, y in
                switch one.kind {
                case .points(let symbol):
                    svg.path(symbol.path(x, y, radius: radius(symbol)), "fill=\"\(color)\"")
                case .bins:
                    svg.rectangle(x - 6, y - 6, 12, 12, "fill=\"\(color)\" fill-opacity=\"0.75\"")
                case .line, .step, .area:
                    if hasBand || one.kind == .area {
                        svg.rectangle(x - 11, y - 5, 22, 10, "fill=\"\(color)\" fill-opacity=\"0.18\"")
                    }
                    svg.line(x - 11, y, x + 11, y, "stroke=\"\(color)\" stroke-width=\"2.2\"\(dash)")
                    if one.showsDots { svg.path(Series.Symbol.circle.path(x, y, radius: 3.2), "fill=\"\(color)\"") }
                }
            }
        }
    }

    /// Where a reference line runs in pixels, or nil where it misses the plot.
    private func ends(_ line: ReferenceLine, _ frame: PlotFrame) -> (
        start: (x: Double, y: Double), end: (x: Double, y: Double)
    )? {
        let area = frame.area
        switch line.place {
        case .y(let value):
            guard y.canPlace(value), frame.y.range.contains(value) else { return nil }
            let place = frame.y.pixel(value)
            return ((area.x, place), (area.x + area.width, place))
        case .x(let value):
            guard x.canPlace(value), frame.x.range.contains(value) else { return nil }
            let place = frame.x.pixel(value)
            return ((place, area.y + area.height), (place, area.y))
        case .diagonal:
            let low = max(frame.x.range.lowerBound, frame.y.range.lowerBound)
            let high = min(frame.x.range.upperBound, frame.y.range.upperBound)
            guard low < high, x.canPlace(low), y.canPlace(low) else { return nil }
            return ((frame.x.pixel(low), frame.y.pixel(low)), (frame.x.pixel(high), frame.y.pixel(high)))
        }
    }

    private func drawReferenceLines(_ frame: PlotFrame, _ placer: inout LabelPlacer, in svg: inout SVGText) {
        for line in referenceLines {
            guard let (start, end) = ends(line, frame) else { continue }
            svg.line(
                start.x, start.y, end.x, end.y,
                "stroke=\"var(--muted)\" stroke-width=\"1.2\" stroke-dasharray=\"4 4\"")
            placer.discourage(from: start, to: end)
        }
    }

    /// What reference lines say, on whichever side of the line and wherever along it the least is covered.
    private func drawReferenceLabels(_ frame: PlotFrame, _ placer: inout LabelPlacer, in svg: inout SVGText) {
        for line in referenceLines where !line.label.isEmpty {
            guard let (start, end) = ends(line, frame) else { continue }
            let label = TextMetrics.truncated(line.label, to: frame.area.width * 0.7)
            let width = TextMetrics.width(label)
            var candidates: [Box] = []
            for step in 0...12 {
                // The far end of an upright line and the near end of a level one are read first.
                let share = line.place.isVertical ? 1 - Double(step) / 12 : Double(step) / 12
                let px = start.x + share * (end.x - start.x)
                let py = start.y + share * (end.y - start.y)
                switch line.place {
                case .x:
                    candidates.append(Box(x: px + 5, y: py + 1, width: width, height: 14))
                    candidates.append(Box(x: px - 5 - width, y: py + 1, width: width, height: 14))
                case .y:
                    let left = px + 4 - share * (width + 8)
                    candidates.append(Box(x: left, y: py - 17, width: width, height: 14))
                    candidates.append(Box(x: left, y: py + 4, width: width, height: 14))
                case .diagonal:
                    candidates.append(Box(x: px + 12, y: py + 2, width: width, height: 14))
                    candidates.append(Box(x: px - 12 - width, y: py - 14, width: width, height: 14))
                }
            }
            guard let box = placer.place(amongst: candidates) else { continue }
            svg.text(label, box.x + width / 2, box.y + 11, anchor: .middle, classes: "note halo")
        }
    }

    /// The runs of points that a line may join: it stops where a point has no place.
    private func runs(_ series: Series) -> [[ChartPoint]] {
        series.points.split { !canPlace($0) }.map(Array.init)
    }

    private func draw(
        _ one: Series, place: Int, _ frame: PlotFrame, _ placer: inout LabelPlacer, in svg: inout SVGText
    ) {
        let color = color(one, place: place)
        switch one.kind {
        case .line, .step, .area:
            for run in runs(one) { drawRun(run, of: one, color, dash(one, place: place), frame, &placer, in: &svg) }
            drawDots(one, color, frame, in: &svg)
        case .points(let symbol):
            for point in placed(one) { drawSymbol(symbol, point, one, color, frame, &placer, in: &svg) }
        case .bins:
            for point in placed(one) {
                let interval = point.xInterval ?? point.x...point.x
                let left = frame.x.edgePixel(interval.lowerBound)
                let right = frame.x.edgePixel(interval.upperBound)
                let height = frame.y.pixel(point.y)
                // Half a pixel of background between neighbours tells bins apart without outlines.
                svg.rectangle(
                    left + 0.5, min(height, frame.y.base), max(1, right - left - 1), abs(frame.y.base - height),
                    "class=\"mark\" fill=\"\(color)\" fill-opacity=\"0.75\"",
                    tooltip:
                        "\(one.name): \(x.text(interval.lowerBound)) to \(x.text(interval.upperBound)): \(y.text(point.y))"
                )
            }
        }
    }

    private func drawRun(
        _ run: [ChartPoint], of one: Series, _ color: String, _ dash: String, _ frame: PlotFrame,
        _ placer: inout LabelPlacer, in svg: inout SVGText
    ) {
        func corners(_ height: (ChartPoint) -> Double) -> [(x: Double, y: Double)] {
            var result: [(x: Double, y: Double)] = []
            for point in run {
                let x = frame.x.pixel(point.x)
                if one.kind == .step, let last = result.last { result.append((x, last.y)) }
                result.append((x, height(point)))
            }
            return result
        }
        let line = corners { frame.y.pixel($0.y) }
        if one.kind == .area, let first = line.first, let last = line.last {
            let outline = line + [(last.x, frame.y.base), (first.x, frame.y.base)]
            svg.path(SVGText.polyline(outline) + "Z", "fill=\"\(color)\" fill-opacity=\"0.18\"")
        }
        if run.contains(where: { $0.yInterval != nil }) {
            let upper = corners { frame.y.edgePixel($0.yInterval?.upperBound ?? $0.y) }
            let lower = corners { frame.y.edgePixel($0.yInterval?.lowerBound ?? $0.y) }
            svg.path(SVGText.polyline(upper + lower.reversed()) + "Z", "fill=\"\(color)\" fill-opacity=\"0.15\"")
        }
        for (start, end) in zip(line, line.dropFirst()) { placer.discourage(from: start, to: end) }
        guard line.count > 1 else {
            if let only = line.first {
                svg.path(Series.Symbol.circle.path(only.x, only.y, radius: 3.2), "fill=\"\(color)\"")
            }
            return
        }
        svg.path(
            SVGText.polyline(line),
            "fill=\"none\" stroke=\"\(color)\" stroke-width=\"2.2\" stroke-linejoin=\"round\"\(dash)")
    }

    /// Dots on a line; where they are not wanted, unseen ones carry the tooltips.
    private func drawDots(_ one: Series, _ color: String, _ frame: PlotFrame, in svg: inout SVGText) {
        let points = placed(one)
        guard one.showsDots || points.count <= 200 else { return }
        for point in points {
            let look =
                one.showsDots ? "class=\"mark\" fill=\"\(color)\" stroke=\"var(--paper)\"" : "fill=\"transparent\""
            svg.path(
                Series.Symbol.circle.path(
                    frame.x.pixel(point.x), frame.y.pixel(point.y), radius: one.showsDots ? 3.4 : 6),
                look, tooltip: tooltip(point, one))
        }
    }

    private func drawSymbol(
        _ symbol: Series.Symbol, _ point: ChartPoint, _ one: Series, _ color: String, _ frame: PlotFrame,
        _ placer: inout LabelPlacer, in svg: inout SVGText
    ) {
        let px = frame.x.pixel(point.x)
        let py = frame.y.pixel(point.y)
        let stroke = "stroke=\"\(color)\" stroke-width=\"1.4\""
        if let interval = point.yInterval {
            let low = frame.y.edgePixel(interval.lowerBound)
            let high = frame.y.edgePixel(interval.upperBound)
            svg.line(px, low, px, high, stroke)
            for end in [low, high] { svg.line(px - 3.5, end, px + 3.5, end, stroke) }
            placer.discourage(from: (px, low), to: (px, high))
        }
        if let interval = point.xInterval {
            let low = frame.x.edgePixel(interval.lowerBound)
            let high = frame.x.edgePixel(interval.upperBound)
            svg.line(low, py, high, py, stroke)
            for end in [low, high] { svg.line(end, py - 3.5, end, py + 3.5, stroke) }
            placer.discourage(from: (low, py), to: (high, py))
        }
        let radius = radius(symbol)
        let reach = radius * symbol.reach
        placer.block(Box(x: px - reach, y: py - reach, width: 2 * reach, height: 2 * reach))
        svg.path(
            symbol.path(px, py, radius: radius), "class=\"mark\" fill=\"\(color)\" stroke=\"var(--paper)\"",
            tooltip: tooltip(point, one))
    }

    /// Names beside points: those of later series first, since they are drawn on top and matter most.
    private func drawLabels(_ frame: PlotFrame, _ placer: inout LabelPlacer, in svg: inout SVGText) {
        for one in series.reversed() {
            var reach = 4.0
            var isStar = false
            if case .points(let symbol) = one.kind {
                reach = radius(symbol) * symbol.reach * 0.8
                isStar = symbol == .star
            }
            for point in placed(one) where !point.label.isEmpty {
                guard frame.x.range.contains(point.x), frame.y.range.contains(point.y) else { continue }
                let label = TextMetrics.truncated(point.label, to: frame.area.width * 0.6)
                let px = frame.x.pixel(point.x)
                let py = frame.y.pixel(point.y)
                let width = TextMetrics.width(label) * (isStar ? 1.06 : 1)
                guard let placement = placer.place(beside: px, py, reach: reach, width: width) else { continue }
                if let end = placement.leader { svg.line(px, py, end.x, end.y, "class=\"leader\"") }
                svg.text(
                    label, placement.box.x + placement.box.width / 2, placement.box.y + 11, anchor: .middle,
                    classes: isStar ? "halo strong" : "halo")
            }
        }
    }

    private func tooltip(_ point: ChartPoint, _ one: Series) -> String {
        let name = point.tooltip.isEmpty ? (point.label.isEmpty ? one.name : point.label) : point.tooltip
        var text = "\(name)\n\(x.label): \(x.text(point.x))\n\(y.label): \(y.text(point.y))"
        if let interval = point.yInterval {
            text += " [\(y.text(interval.lowerBound)), \(y.text(interval.upperBound))]"
        }
        return text
    }
}
