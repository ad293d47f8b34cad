import Foundation

#if canImport(FoundationXML)
import FoundationXML
#endif

/// A strict reader of markup: it knows the few elements and attributes that reports write, and complains of all else.
struct MarkupCheck {
    static let hostile = [
        "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\" onload=\"alert(1)",
        "' autofocus onfocus='x",
        "]]>", "<!--", "-->", "&lt;&amp;&#0;", "</style><style>*{display:none}", "</title></svg></figure>",
        "\u{0}\u{1B}[31m\u{7}",
        "\u{202E}txet\u{2066}", "javascript:alert(1)", "日本語 👩‍👩‍👧 e\u{301}", "\u{FFFE}\u{FFFF}", "a\r\nb\u{2028}c", "", " ",
        "${x}`\\",
        String(repeating: "long", count: 100), "|*_#[x](http://example.com)", "%s%n", "{{7*7}}",
    ]

    private static let elements: Set<String> = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "p", "button", "nav",
        "details",
        "summary", "ol", "ul", "li", "main", "dl", "div", "dt", "dd", "section", "figure", "figcaption", "table",
        "caption",
        "thead", "tbody", "tr", "th", "td", "span", "pre", "code", "footer", "script", "svg", "desc", "rect", "line",
        "path",
        "text", "g", "clippath",
    ]
    private static let attributes: Set<String> = [
        "lang", "charset", "name", "content", "http-equiv", "class", "href", "id", "type", "hidden", "open", "role",
        "tabindex",
        "aria-label", "aria-labelledby", "aria-describedby", "scope", "data-value", "xmlns", "viewbox", "width",
        "height",
        "style", "x", "y", "x1", "y1", "x2", "y2", "rx", "d", "fill", "fill-opacity", "stroke", "stroke-width",
        "stroke-dasharray", "stroke-linejoin", "text-anchor", "transform", "font-size", "clip-path", "html",
    ]

    /// The first thing in `text` that should not be there, or nil.
    static func complaint(_ text: String) -> String? {
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "<") {
            rest = rest[open...].dropFirst()
            guard let close = rest.firstIndex(of: ">") else { return "an element that never ends" }
            let tag = rest[..<close]
            rest = rest[close...].dropFirst()
            let isEnd = tag.hasPrefix("/")
            let inner = isEnd ? tag.dropFirst() : tag
            let name = inner.prefix { !$0.isWhitespace && $0 != "/" }.lowercased()
            guard elements.contains(name) else { return "element <\(tag)>" }
            // Outside the quotes there may only be names of attributes.
            for (place, part) in inner.dropFirst(name.count).split(separator: "\"", omittingEmptySubsequences: false)
                .enumerated()
            where place.isMultiple(of: 2) {
                for word in part.split(whereSeparator: { $0.isWhitespace || $0 == "=" || $0 == "/" }) {
                    guard attributes.contains(word.lowercased()) else { return "attribute \(word) in <\(tag)>" }
                }
            }
            // The page's own style and script are the only raw text.
            if !isEnd, name == "script" || name == "style", let end = rest.range(of: "</\(name)>") {
                rest = rest[end.lowerBound...]
            }
        }
        return nil
    }

    /// Why an XML parser refuses `text`, or nil.
    static func parseError(_ text: String) -> String? {
        let parser = XMLParser(data: Data(text.utf8))
        // For some errors, as an element that never ends, parse() returns true all the same.
        return parser.parse() && parser.parserError == nil
            ? nil : "\(parser.parserError as (any Error)?) at line \(parser.lineNumber)"
    }

    /// All values of an attribute, in order.
    static func values(of attribute: String, in text: String) -> [String] {
        text.components(separatedBy: " \(attribute)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }
}
