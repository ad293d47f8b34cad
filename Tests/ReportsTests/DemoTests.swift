import Foundation
import Reports
import Testing

@Suite struct `the figures that other rooms draw` {
    @Test func `are well-formed, described and the same each time, at any width`() {
        for figure in Demo.figures {
            for width in [240.0, 384, 720, 1200] {
                let svg = figure.svg(width: width, identifier: "f", includesStyle: true)
                #expect(MarkupCheck.parseError(svg) == nil, "\(figure.title)")
                #expect(MarkupCheck.complaint(svg) == nil, "\(figure.title)")
                #expect(svg == figure.svg(width: width, identifier: "f", includesStyle: true))
                #expect(svg.contains("role=\"img\" aria-label=\"") && svg.contains("<desc id=\"f-desc\">"))
                #expect(svg.contains("<title>"))
            }
        }
    }

    @Test func `keep their marks inside the drawing`() {
        for figure in Demo.figures {
            for width in [384.0, 850] {
                let svg = figure.svg(width: width, identifier: "f", includesStyle: false)
                for name in ["x", "x1", "x2"] {
                    for value in MarkupCheck.values(of: name, in: svg).compactMap(Double.init) {
                        #expect(value >= 0 && value <= width, "\(name)=\(value) in \(figure.title)")
                    }
                }
            }
        }
    }

    /// Set REPORTS_DEMO to a path to look at the page.
    @Test func `make a page`() throws {
        let text = Demo.page().html()
        #expect(text == Demo.page().html())
        #expect(MarkupCheck.complaint(text) == nil)
        if let path = ProcessInfo.processInfo.environment["REPORTS_DEMO"] {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }
}
