/// An SVG being written: a few elements, coordinates to a tenth of a pixel, every text escaped.
struct SVGText {
    /// Where a text stands to its point.
    enum Anchor: String { case start, middle, end }

    private(set) var body = ""

    /// A coordinate as short as it can be; a value that is not finite would be a bug of the caller.
    static func coordinate(_ value: Double) -> String {
        precondition(value.isFinite, "A coordinate must be finite.")
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let whole = abs(tenths) / 10
        let rest = abs(tenths) % 10
        return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
    }

    mutating func raw(_ text: String) { body += text }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ attributes: String) {
        let c = Self.coordinate
        body += "<line x1=\"\(c(x1))\" y1=\"\(c(y1))\" x2=\"\(c(x2))\" y2=\"\(c(y2))\" \(attributes)/>\n"
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ attributes: String, tooltip: String = ""
    ) {
        let c = Self.coordinate
        body +=
            "<rect x=\"\(c(x))\" y=\"\(c(y))\" width=\"\(c(max(0, width)))\" height=\"\(c(max(0, height)))\" \(attributes)"
        close("rect", tooltip: tooltip)
    }

    mutating func path(_ commands: String, _ attributes: String, tooltip: String = "") {
        body += "<path d=\"\(commands)\" \(attributes)"
        close("path", tooltip: tooltip)
    }

    mutating func text(
        _ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, classes: String = "", attributes: String = ""
    ) {
        let c = Self.coordinate
        let extra = attributes.isEmpty ? "" : " " + attributes
        let style = classes.isEmpty ? "" : " class=\"\(classes)\""
        let place = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
        body += "<text x=\"\(c(x))\" y=\"\(c(y))\"\(place)\(style)\(extra)>\(Markup.escaped(text))</text>\n"
    }

    /// A path through points, commands "M" and "L".
    static func polyline(_ points: [(x: Double, y: Double)]) -> String {
        var result = ""
        for (index, point) in points.enumerated() {
            result += "\(index == 0 ? "M" : "L")\(coordinate(point.x)) \(coordinate(point.y))"
        }
        return result
    }

    private mutating func close(_ element: String, tooltip: String) {
        body += tooltip.isEmpty ? "/>\n" : "><title>\(Markup.escaped(tooltip))</title></\(element)>\n"
    }

    /// The whole drawing around what was written so far.
    func document(
        width: Double, height: Double, title: String, summary: String, identifier: String, includesStyle: Bool
    ) -> String {
        let id = Markup.anchor(identifier)
        let c = Self.coordinate
        return """
            <svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 \(c(width)) \(c(height))" \
            width="\(c(width))" height="\(c(height))" style="max-width:100%;height:auto" role="img" \
            aria-label="\(Markup.escaped(title))" aria-describedby="\(id)-desc">
            <desc id="\(id)-desc">\(Markup.escaped(summary))</desc>
            \(includesStyle ? ChartTheme.standaloneStyle : "")\
            \(includesStyle ? "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n" : "")\
            \(body)</svg>

            """
    }
}
