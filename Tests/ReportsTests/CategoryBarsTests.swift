import Foundation
import Testing

@testable import Reports

@Suite struct `bars by category` {
    @Test func `stack on each other and skip what has no place`() {
        let bars = CategoryBars(
            "b", categories: ["x", "y"], axis: Axis("v"),
            series: [.init("a", [1, .nan]), .init("b", [2, -3]), .init("c", [4, 5])],
            arrangement: .stacked)
        #expect(bars.skippedValues == 2)
        #expect(bars.bars().map(\.start) == [0, 1, 3, 0])
        #expect(bars.bars().map(\.end) == [1, 3, 7, 5])
    }

    @Test func `draw at any size of the values, in both directions`() {
        for direction in [CategoryBars.Direction.horizontal, .vertical] {
            for values in [[0.0, 0], [-1, -2], [1e300, 1], [.nan, .infinity], [1e-300, 2e-300]] {
                let bars = CategoryBars(
                    "b", categories: ["x", "y"], axis: Axis("v"),
                    series: [.init("a", values, intervals: [nil, -.infinity ... .infinity])], direction: direction)
                #expect(MarkupCheck.parseError(bars.svg()) == nil)
            }
        }
        #expect(MarkupCheck.parseError(CategoryBars("b", categories: [], axis: Axis("v"), series: []).svg()) == nil)
    }
}

@Suite struct `a heat map` {
    @Test func `outlines the largest of a row, equals together`() {
        let map = HeatMap(
            "h", rows: ["r", "s"], columns: ["a", "b", "c"], values: [1, 3, 3, .nan, .nan, .nan], axis: Axis("v"),
            highlight: .rowMaximum)
        #expect((0..<3).map { map.standsOut(0, $0) } == [false, true, true])
        #expect((0..<3).map { map.standsOut(1, $0) } == [false, false, false])
        #expect(map.skippedValues == 3)
        #expect(map.svg().components(separatedBy: "stroke=\"var(--c2)\"").count == 3)
    }

    @Test func `draws with no cells, and with equal ones`() {
        #expect(MarkupCheck.parseError(HeatMap("h", rows: [], columns: [], values: [], axis: Axis("v")).svg()) == nil)
        let equal = HeatMap("h", rows: ["r"], columns: ["a", "b"], values: [2, 2], axis: Axis("v"))
        #expect(MarkupCheck.parseError(equal.svg()) == nil)
    }
}

@Suite struct `charts for a terminal` {
    @Test func `rise with their values`() {
        #expect(TerminalChart.sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
        #expect(TerminalChart.sparkline([5, .nan, 5]) == "▄ ▄")
        #expect(TerminalChart.sparkline([-1e308, 1e308]) == "▁█")
        #expect(TerminalChart.sparkline([]).isEmpty)
    }

    @Test func `keep to the width`() {
        let items = [("日本語の名前", 3.0), ("b", -1), ("c\u{1B}[2J", .nan), (String(repeating: "n", count: 90), 7)]
        for width in [20, 33, 80] {
            let lines = TerminalChart.bars(items, width: width).split(separator: "\n")
            #expect(lines.count == 4 && lines.allSatisfy { TextWidth.columns($0) <= width })
            #expect(!lines.joined().contains("\u{1B}"))
        }
        #expect(TerminalChart.bars([("a", 1), ("b", 2)], width: 20) == "a ██████▌ 1.00\nb █████████████ 2.00\n")
    }
}
