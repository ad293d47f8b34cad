import Foundation
import Reports
import Testing

@Suite struct `the figures that other rooms draw` {
    /// Set REPORTS_DEMO to a path to look at the page.
    @Test func `make a page`() throws {
        let text = Demo.page().html()
        #expect(text == Demo.page().html())
        if let path = ProcessInfo.processInfo.environment["REPORTS_DEMO"] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            print(Demo.table().terminalText(width: 100, color: true))
            print(Demo.table().terminalText(width: 70, color: false))
            print(Demo.table().terminalText(width: 40, color: false))
            print(TerminalChart.bars([("cascade routing", 0.69), ("thresholds", 0.96), ("always gpt-4o", 2.9)], width: 60))
        }
    }
}
