/// A colour of the palette: one of eight that people with any common colour blindness can tell apart, or a role.
///
/// The hues are those of Okabe and Ito (2008), shifted in lightness so that each has a contrast of at least 3:1 with the
/// background in light and in dark. A series also has its own dash and symbol, so that colour never says it alone.
public enum ChartColor: Sendable, Equatable {
    /// One of eight, by place; larger numbers begin again.
    case palette(Int)
    /// The colour of text, for what stands above the others; the colour of secondary text, for baselines.
    case ink, muted

    var css: String {
        switch self {
        case .palette(let place): "var(--c\(((place % 8) + 8) % 8 + 1))"
        case .ink: "var(--ink)"
        case .muted: "var(--muted)"
        }
    }
}

/// The style sheet of figures: colours as variables, for light and dark.
enum ChartTheme {
    static let light = """
        --paper:#ffffff;--ink:#1b2129;--muted:#5b6673;--grid:#e4e8ed;--axis:#9aa4b0;\
        --c1:#0068ad;--c2:#cf5200;--c3:#00835f;--c4:#b04a8c;--c5:#8a6d00;--c6:#3c94cf;--c7:#6b52b8;--c8:#6d6d6d;\
        --heat0:#eef5fb;--heat1:#0b4f8a
        """
    static let dark = """
        --paper:#14181d;--ink:#e8ecf1;--muted:#9fabb8;--grid:#2a3139;--axis:#5d6874;\
        --c1:#58aef0;--c2:#ff8b4a;--c3:#3cc79d;--c4:#e58bc3;--c5:#e0b93c;--c6:#9ad3fb;--c7:#b29df5;--c8:#b4b4b4;\
        --heat0:#1d2833;--heat1:#7cc4ff
        """

    /// The variables for both schemes on `selector`. A page may force one by `data-theme` on its root element.
    static func variables(on selector: String) -> String {
        """
        \(selector){color-scheme:light dark;\(light)}
        @media (prefers-color-scheme:dark){\(selector){\(dark)}}
        [data-theme=light] \(selector){\(light)}
        [data-theme=dark] \(selector){\(dark)}
        @media print{\(selector),[data-theme] \(selector){\(light)}}

        """
    }

    static let rules = """
        .figure{font-family:system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;font-size:12px;\
        font-variant-numeric:tabular-nums}
        .figure text{fill:var(--ink);stroke:none}
        .figure .title{font-size:15px;font-weight:600}
        .figure .note,.figure .tick{fill:var(--muted);font-size:12px}
        .figure .name{fill:var(--muted);font-weight:500}
        .figure .halo{paint-order:stroke;stroke:var(--paper);stroke-width:3.5px;stroke-linejoin:round}
        .figure .strong{font-weight:650}
        .figure .grid{stroke:var(--grid);stroke-width:1}
        .figure .axis{stroke:var(--axis);stroke-width:1}
        .figure .leader{stroke:var(--axis);stroke-width:1;fill:none}
        .figure .paper{fill:var(--paper)}
        .figure .mark:hover{stroke:var(--ink);stroke-width:2}

        """

    static var standaloneStyle: String { "<style>\n" + variables(on: ".figure") + rules + "</style>\n" }
}
