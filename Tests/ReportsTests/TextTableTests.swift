import Foundation
import Testing

@testable import Reports

@Suite struct `a table` {
    var table: TextTable {
        var table = TextTable(
            "Costs", columns: ["policy", TextTable.Column("cost", unit: "$"), "quality"], notes: ["All."])
        table.add(["thresholds", 0.5, .percentInterval(0.9, low: 0.85, high: 0.95)], style: .best)
        table.add(["all, \"big\"", 12.25, .percent(.nan)], startsGroup: true)
        table.add(["日本", .missing])
        return table
    }

    @Test func `stands in columns by decimal points`() {
        let expected = """
            Costs
             policy     │ cost ($) │            quality
            ────────────┼──────────┼────────────────────
             thresholds │    0.500 │ 90.0% [85.0, 95.0]
            ────────────┼──────────┼────────────────────
             all, "big" │   12.2   │                  –
             日本       │        – │                  –
            ────────────┴──────────┴────────────────────
            All.

            """
        #expect(table.terminalText() == expected)
    }

    @Test func `fits every width, with and without colour`() {
        for width in 8...60 {
            let plain = table.terminalText(width: width)
            for line in plain.split(separator: "\n") {
                #expect(TextWidth.columns(line) <= width, "\(line) in \(width)")
            }
            let colored = table.terminalText(width: width, color: true)
            #expect(colored.contains("\u{1B}[1m"))
            #expect(
                colored.replacing("\u{1B}[1m", with: "").replacing("\u{1B}[2m", with: "").replacing(
                    "\u{1B}[0m", with: "") == plain)
        }
    }

    @Test func `cuts where a column asks for it`() {
        var table = TextTable(columns: [TextTable.Column("name", overflow: .truncate), "n"])
        table.add(["a name that is far too long", 3])
        #expect(table.terminalText(width: 20).contains(" a name that i… │ 3"))
    }

    @Test func `is CSV with full precision and quotes`() {
        let expected = #"""
            policy,cost,quality,quality.low,quality.high
            thresholds,0.5,0.9,0.85,0.95
            "all, ""big""",12.25,,,
            日本,,,,

            """#
        #expect(table.csv() == expected)
    }

    @Test func `is JSON that a parser reads back`() throws {
        let rows = try #require(JSONSerialization.jsonObject(with: Data(table.json().utf8)) as? [[String: Any]])
        #expect(rows.count == 3)
        #expect(rows[1]["policy"] as? String == "all, \"big\"")
        #expect(rows[1]["cost"] as? Double == 12.25)
        #expect(rows[1]["quality"] is NSNull)
        #expect((rows[0]["quality"] as? [String: Double]) == ["estimate": 0.9, "low": 0.85, "high": 0.95])
    }

    @Test func `tells columns of one name apart`() {
        var table = TextTable(columns: ["a", "a", "a"])
        table.add([1, 2, 3])
        #expect(table.json() == "[\n  {\"a\": 1, \"a 2\": 2, \"a 3\": 3}\n]\n")
        #expect(TextTable(columns: ["a"]).json() == "[]\n")
    }

    @Test func `is Markdown that nothing in a cell breaks`() {
        var table = TextTable(columns: ["name", "n"])
        table.add(["a|b\n<i>*", 3], style: .best)
        #expect(table.markdown() == "| name | n |\n|---|---:|\n| **a\\|b &lt;i&gt;\\*** | **3** |\n")
    }

    @Test func `is HTML with the values to sort by`() {
        let html = table.html()
        #expect(
            html.contains("<tr class=\"best\"><td>thresholds</td><td class=\"number\" data-value=\"0.5\">0.500</td>"))
        #expect(
            html.contains(
                "<td class=\"number\" data-value=\"0.9\">90.0% <span class=\"interval\">[85.0, 95.0]</span></td>"))
        #expect(html.contains("<tr class=\"group\"><td>all, &quot;big&quot;</td>"))
    }
}
