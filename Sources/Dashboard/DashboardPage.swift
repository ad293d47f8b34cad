/// The dashboard: one page with its style and script inside, which needs no other file and no network but its gateway.
///
/// Its parts lie in Page/ as the files that they are, and are compiled into the program.
public enum DashboardPage {
    /// The script's parts, in the order in which they need each other.
    private static let scripts: [[UInt8]] = [
        PackageResources.words_js, PackageResources.gateway_js, PackageResources.charts_js, PackageResources.plots_js,
        PackageResources.overview_js, PackageResources.quality_js, PackageResources.requests_js,
        PackageResources.policies_js, PackageResources.keys_js, PackageResources.page_js,
    ]

    /// The page before, between and after the places of the nonce.
    private static let parts: [Substring] = {
        let script = "'use strict';\n(() => {\n" + scripts.map(text).joined() + "})();\n"
        let page = text(PackageResources.page_html)
            .replacing("<!--style-->", with: "<style nonce=\"{nonce}\">\n\(text(PackageResources.page_css))</style>")
            .replacing("<!--script-->", with: "<script nonce=\"{nonce}\">\n\(script)</script>")
        var parts: [Substring] = []
        var rest = page[...]
        while let place = rest.firstRange(of: "{nonce}") {
            parts.append(rest[..<place.lowerBound])
            rest = rest[place.upperBound...]
        }
        parts.append(rest)
        return parts.map { Substring(String($0)) }
    }()

    /// The page, whose script and style carry `nonce`: the word that the reply's content security policy names.
    public static func html(nonce: String) -> String { parts.joined(separator: nonce) }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
