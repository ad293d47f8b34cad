extension Chart {
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
        var placer = LabelPlacer(bounds: Box(x: 4, y: frame.area.y - 8, width: width - 8, height: frame.area.height + 6))
        drawReferenceLines(frame, &placer, in: &svg)
        for (place, one) in series.enumerated() { draw(one, place: place, frame, &placer, in: &svg) }
        svg.raw("</g>\n")
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
        let patterns = ["", "", "", "9 3", "2 3", "9 3 2 3", "", "5 3"]
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

    private func drawReferenceLines(_ frame: PlotFrame, _ placer: inout LabelPlacer, in svg: inout SVGText) {
        let area = frame.area
        let style = "stroke=\"var(--muted)\" stroke-width=\"1.2\" stroke-dasharray=\"4 4\""
        for line in referenceLines {
            let label = TextMetrics.truncated(line.label, to: area.width * 0.6)
            let width = TextMetrics.width(label)
            var spot: (x: Double, y: Double, anchor: SVGText.Anchor)?
            switch line.place {
            case .y(let value):
                guard y.canPlace(value), frame.y.range.contains(value) else { continue }
                let place = frame.y.pixel(value)
                svg.line(area.x, place, area.x + area.width, place, style)
                placer.discourage(from: (area.x, place), to: (area.x + area.width, place))
                spot = (area.x + 4, place - area.y < 16 ? place + 13 : place - 5, .start)
            case .x(let value):
                guard x.canPlace(value), frame.x.range.contains(value) else { continue }
                let place = frame.x.pixel(value)
                svg.line(place, area.y, place, area.y + area.height, style)
                placer.discourage(from: (place, area.y), to: (place, area.y + area.height))
                let fits = place + 5 + width < area.x + area.width
                spot = (fits ? place + 5 : place - 5, area.y + 11, fits ? .start : .end)
            case .diagonal:
                let low = max(frame.x.range.lowerBound, frame.y.range.lowerBound)
                let high = min(frame.x.range.upperBound, frame.y.range.upperBound)
                guard low < high, x.canPlace(low), y.canPlace(low) else { continue }
                let start = (x: frame.x.pixel(low), y: frame.y.pixel(low))
                let end = (x: frame.x.pixel(high), y: frame.y.pixel(high))
                svg.line(start.x, start.y, end.x, end.y, style)
                placer.discourage(from: start, to: end)
                spot = (end.x - 12, end.y + 26, .end)
            }
            guard let spot, !label.isEmpty else { continue }
            let left = spot.anchor == .end ? spot.x - width : spot.x
            placer.block(Box(x: left, y: spot.y - 11, width: width, height: 14))
            svg.text(label, spot.x, spot.y, anchor: spot.anchor, classes: "note halo")
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
                    tooltip: "\(one.name): \(x.text(interval.lowerBound)) to \(x.text(interval.upperBound)): \(y.text(point.y))")
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
            let look = one.showsDots ? "class=\"mark\" fill=\"\(color)\" stroke=\"var(--paper)\"" : "fill=\"transparent\""
            svg.path(
                Series.Symbol.circle.path(frame.x.pixel(point.x), frame.y.pixel(point.y), radius: one.showsDots ? 3.4 : 6),
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
