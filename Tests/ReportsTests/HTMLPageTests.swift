import Foundation
import Testing

@testable import Reports

@Suite struct `a page` {
    @Test func `reaches for nothing outside itself`() {
        let html = Demo.page().html()
        #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains("://"))
        #expect(
            !html.contains("url(") || MarkupCheck.values(of: "clip-path", in: html).allSatisfy { $0.hasPrefix("url(#") }
        )
        #expect(!html.contains(" src="))
        #expect(html.contains("default-src 'none'"))
    }

    @Test func `has each id once and links only to what is there`() {
        var page = Demo.page()
        page.sections += [
            .init("Frontier", []), .init("figure 1", []), .init("top", []), .init("…", []), .init("…", []),
        ]
        let html = page.html()
        let ids = MarkupCheck.values(of: "id", in: html)
        #expect(Set(ids).count == ids.count)
        for link in MarkupCheck.values(of: "href", in: html) {
            #expect(link.hasPrefix("#") && ids.contains(String(link.dropFirst())))
        }
        for name in ["aria-labelledby", "aria-describedby"] {
            for value in MarkupCheck.values(of: name, in: html) { #expect(ids.contains(value)) }
        }
    }

    /// Every text of a page, with `text(n)` in the n-th place.
    private func page(_ text: (Int) -> String) -> HTMLPage {
        var table = TextTable(
            text(0), columns: [TextTable.Column(text(1), unit: text(2)), TextTable.Column("n")], notes: [text(3)])
        table.add([.text(text(4)), 1])
        table.add([.text(text(5)), 2])
        let chart = Chart(
            text(6), x: Axis(text(7), unit: text(8)), y: Axis("y", format: .currency(text(9))),
            series: [
                Series(
                    text(10), .points(.circle),
                    points: [ChartPoint(1, 1, label: text(11), tooltip: text(12)), ChartPoint(2, 3)]),
                Series(text(13), points: [ChartPoint(1, 1)]),
            ], referenceLines: [.init(.y(2), label: text(14))], summary: text(15))
        let bars = CategoryBars(
            text(16), categories: [text(17), text(18)], axis: Axis(text(19)),
            series: [.init(text(20), [1, 2]), .init(text(21), [1, 2])])
        let map = HeatMap(text(22), rows: [text(23)], columns: [text(24)], values: [1], axis: Axis(text(25)))
        return HTMLPage(
            text(26), subtitle: text(27), cards: [.init(text(28), value: text(29), note: text(30))],
            sections: [
                .init(
                    text(31),
                    [
                        .prose(text(32)), .list([text(33)]), .table(table), .figure(chart, caption: text(34)),
                        .figure(bars), .figure(map),
                        .code(text(35)), .notice(text(36)), .details(text(37), [.prose(text(38))]),
                    ]), .init(text(39), []),
            ], footer: text(40), language: text(41))
    }

    @Test func `lets no text become markup`() {
        // Every hostile string takes every place once.
        for shift in MarkupCheck.hostile.indices {
            let hostile = MarkupCheck.hostile
            let html = page { hostile[($0 + shift) % hostile.count] }.html()
            #expect(MarkupCheck.complaint(html) == nil)
            #expect(
                html.components(separatedBy: "<script").count == 2
                    && html.components(separatedBy: "</script").count == 2)
            #expect(
                html.components(separatedBy: "<style").count == 2 && html.components(separatedBy: "</style").count == 2)
            let forbidden = html.unicodeScalars.first {
                ($0.value < 0x20 && $0 != "\n") || (0x202A...0x202E).contains($0.value)
            }
            #expect(forbidden == nil)
            for part in html.components(separatedBy: "<svg ").dropFirst() {
                let svg = "<svg " + part.components(separatedBy: "</svg>")[0] + "</svg>"
                #expect(MarkupCheck.parseError(svg) == nil)
            }
        }
    }

    @Test func `is checked by a reader that would notice`() {
        let clean = page { "text \($0)" }.html()
        #expect(MarkupCheck.complaint(clean) == nil)
        for attack in ["<img src=x>", "<p onclick=\"x\">", "<script src=\"x\">", "<p a'b>"] {
            #expect(MarkupCheck.complaint(clean.replacing("text 32", with: attack)) != nil)
        }
        #expect(MarkupCheck.parseError("<svg><a></svg>") != nil)
    }

    @Test func `keeps every text readable`() {
        let html = page { "text \($0)." }.html()
        for place in 0...41 where place != 9 { #expect(html.contains("text \(place)."), "text \(place)") }
    }

    @Test func `makes paragraphs at empty lines`() {
        let html = HTMLPage("t", sections: [.init("s", [.prose("one\ntwo\n \n\r\nthree & four\n")])]).html()
        #expect(html.contains("<p>one\ntwo</p>\n<p>three &amp; four</p>"))
    }
}
