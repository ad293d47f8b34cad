import Foundation
import Testing

@testable import Reports

@Suite struct `a chart` {
    @Test func `draws what it always drew`() {
        let chart = Chart(
            "Time", x: Axis("items", showsGrid: false), y: Axis("time", unit: "s", showsGrid: false),
            series: [Series("a", points: [ChartPoint(0, 1), ChartPoint(.nan, 2), ChartPoint(1, 3), ChartPoint(2, 2)])])
        let svg = chart.svg(width: 300, identifier: "golden", includesStyle: false)
        let lines = svg.split(separator: "\n")
        #expect(
            lines[0] == """
                <svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 300 311" width="300" height="311" \
                style="max-width:100%;height:auto" role="img" aria-label="Time" aria-describedby="golden-desc">
                """)
        #expect(
            lines[1] == """
                <desc id="golden-desc">Chart of time (s) against items. a: 3 points, time 1 s to 3 s. 1 value without a \
                place not drawn.</desc>
                """)
        // Pixels by hand: x 27.2...286 for -0.08...2.08, y 247...54 for 0.9...3.1. The line stops where a point is missing: a dot for the first point alone, a path for the other two.
        #expect(svg.contains(#"<path d="M156.6 62.8L276.4 150.5" fill="none" stroke="var(--c1)""#), "\(svg)")
    }

    @Test func `counts what has no place and writes no number that is none`() {
        let odd: [Double] = [
            .nan, .infinity, -.infinity, 0, -1, 1e308, -1e308, .leastNonzeroMagnitude, 1e-300, 1, 2, 1e290,
        ]
        for scale in [Axis.Scale.linear, .logarithmic] {
            for kind in [Series.Kind.line, .step, .area, .bins, .points(.star)] {
                var points: [ChartPoint] = []
                for x in odd { for y in odd { points.append(ChartPoint(x, y, low: -y, high: .infinity, label: "p")) } }
                let chart = Chart(
                    "odd", x: Axis("x", scale: scale), y: Axis("y", scale: scale),
                    series: [Series("s", kind, points: points)])
                let expected = points.count { !chart.canPlace($0) }
                #expect(chart.skippedValues == expected && expected > 0)
                let svg = chart.svg()
                #expect(!svg.contains("nan") && !svg.contains("inf\"") && MarkupCheck.parseError(svg) == nil)
            }
        }
    }

    @Test func `draws nothing, one point, equal points and narrow ranges`() {
        let sets: [[ChartPoint]] = [
            [], [ChartPoint(1, 1)], [ChartPoint(3, 0), ChartPoint(3, 0)],
            [ChartPoint(1, 1), ChartPoint(1.0.nextUp, 1.0.nextUp)],
            [ChartPoint(-1e290 / 2, 1), ChartPoint(1e290 / 2, 2)],
        ]
        for points in sets {
            for scale in [Axis.Scale.linear, .logarithmic] {
                let chart = Chart(
                    "t", x: Axis("x", scale: scale), y: Axis("y"),
                    series: [Series("s", points: points, showsDots: true)])
                #expect(MarkupCheck.parseError(chart.svg()) == nil)
            }
        }
    }

    @Test func `never puts one name over another or outside`() {
        for count in [5, 20, 60] {
            var placer = LabelPlacer(bounds: Box(x: 0, y: 0, width: 600, height: 300))
            var boxes: [Box] = []
            for index in 0..<count {
                let x = 600 * Demo.noise(index, 1)
                let y = 300 * Demo.noise(index, 2)
                placer.block(Box(x: x - 4, y: y - 4, width: 8, height: 8))
                if let placement = placer.place(beside: x, y, reach: 4, width: 40 + 60 * Demo.noise(index, 3)) {
                    boxes.append(placement.box)
                }
            }
            #expect(boxes.count >= min(count, 20))
            for (index, box) in boxes.enumerated() {
                #expect(placer.bounds.contains(box))
                #expect(!boxes.dropFirst(index + 1).contains { $0.overlaps(box) })
            }
        }
    }

    @Test func `names every model of the frontier at both widths`() {
        for width in [384.0, 850] {
            let svg = Demo.frontier().svg(width: width, identifier: "f", includesStyle: false)
            for name in Demo.models + ["chosen"] { #expect(svg.contains(">\(name)</text>"), "\(name) at \(width)") }
        }
    }

    @Test func `bins every value of a histogram once`() {
        let values = (0..<1000).map { Demo.noise($0) } + [.nan, .infinity]
        let series = Series.histogram("h", of: values, bins: 13)
        #expect(series.points.filter(\.y.isFinite).reduce(0) { $0 + $1.y } == 1000)
        #expect(series.points.count { !$0.y.isFinite } == 2)
        let density = Series.histogram("h", of: values, bins: 13, density: true)
        let area = density.points.reduce(0.0) { total, point in
            total + (point.xInterval.map { ($0.upperBound - $0.lowerBound) * point.y } ?? 0)
        }
        #expect(abs(area - 1) < 1e-12)
        #expect(Series.histogram("h", of: [2, 2, 2], bins: 3).points.map(\.y).reduce(0, +) == 3)
    }
}
