/// Writes a page's HTML; keeps count of its figures and anchors, since their ids must differ.
struct PageWriter {
    private var figures = 0
    private var anchors: [String] = []

    mutating func page(_ page: HTMLPage) -> String {
        anchors = ["top", "content"]
        let ids = page.sections.map { anchor($0.title) }
        var body = "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header id=\"top\">\n"
        body += "<h1>\(Markup.escaped(page.title))</h1>\n"
        if !page.subtitle.isEmpty { body += "<p class=\"subtitle\">\(Markup.escaped(page.subtitle))</p>\n" }
        body += "<button type=\"button\" class=\"theme\" hidden>Theme: auto</button>\n</header>\n"
        if page.sections.count > 1 { body += contents(page.sections, ids) }
        body += "<main id=\"content\">\n" + cards(page.cards)
        for (section, id) in zip(page.sections, ids) {
            body += "<section aria-labelledby=\"\(id)\">\n<h2 id=\"\(id)\">\(Markup.escaped(section.title))</h2>\n"
            for block in section.blocks { body += self.block(block) }
            body += "</section>\n"
        }
        body += "</main>\n"
        if !page.footer.isEmpty { body += "<footer>\(paragraphs(page.footer))</footer>\n" }
        return """
            <!DOCTYPE html>
            <html lang="\(Markup.escaped(page.language))">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
            script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
            <title>\(Markup.escaped(page.title))</title>
            <style>
            \(PageAssets.style)</style>
            </head>
            <body>
            \(body)<script>
            \(PageAssets.script)</script>
            </body>
            </html>

            """
    }

    private func contents(_ sections: [HTMLPage.Section], _ ids: [String]) -> String {
        let items = zip(sections, ids).map { "<li><a href=\"#\($1)\">\(Markup.escaped($0.title))</a></li>\n" }.joined()
        return
            "<nav class=\"contents\" aria-label=\"Contents\">\n<details open><summary>Contents</summary>\n<ol>\n\(items)</ol>\n"
            + "</details>\n</nav>\n"
    }

    private func cards(_ cards: [HTMLPage.Card]) -> String {
        guard !cards.isEmpty else { return "" }
        let items = cards.map { card in
            let note = card.note.isEmpty ? "" : "<dd class=\"note\">\(Markup.escaped(card.note))</dd>"
            return "<div class=\"card\(card.isMain ? " main" : "")\"><dt>\(Markup.escaped(card.label))</dt>"
                + "<dd class=\"value\">\(Markup.escaped(card.value))</dd>\(note)</div>\n"
        }
        return "<dl class=\"cards\">\n\(items.joined())</dl>\n"
    }

    private mutating func block(_ block: HTMLPage.Block) -> String {
        switch block {
        case .prose(let text): return paragraphs(text)
        case .list(let items):
            return "<ul>\n" + items.map { "<li>\(Markup.escaped($0))</li>\n" }.joined() + "</ul>\n"
        case .table(let table):
            let name = table.title.isEmpty ? "Table" : table.title
            let notes = table.notes.map { "<p class=\"note\">\(Markup.escaped($0))</p>\n" }.joined()
            return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"\(Markup.escaped(name))\">\n"
                + "\(table.html())</div>\n\(notes)"
        case .figure(let figure, let caption):
            figures += 1
            let wide = figure.svg(width: 850, identifier: "figure-\(figures)", includesStyle: false)
            let narrow = figure.svg(width: 384, identifier: "figure-\(figures)-narrow", includesStyle: false)
            let text = caption.isEmpty ? "" : "<figcaption>\(Markup.escaped(caption))</figcaption>\n"
            return
                "<figure>\n<div class=\"wide\">\(wide)</div>\n<div class=\"narrow\">\(narrow)</div>\n\(text)</figure>\n"
        case .code(let text):
            return "<pre tabindex=\"0\"><code>\(Markup.escaped(text))</code></pre>\n"
        case .notice(let text, let isWarning):
            return "<p class=\"notice\(isWarning ? " warning" : "")\" role=\"note\">\(Markup.escaped(text))</p>\n"
        case .details(let summary, let blocks):
            var inner = ""
            for block in blocks { inner += self.block(block) }
            return "<details class=\"fold\"><summary>\(Markup.escaped(summary))</summary>\n\(inner)</details>\n"
        }
    }

    private func paragraphs(_ text: String) -> String {
        var result = ""
        var lines: [Substring] = []
        let all: [Substring] = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) + [""]
        for line in all {
            if line.allSatisfy(\.isWhitespace) {
                if !lines.isEmpty { result += "<p>\(Markup.escaped(lines.joined(separator: "\n")))</p>\n" }
                lines = []
            } else {
                lines.append(line)
            }
        }
        return result
    }

    private mutating func anchor(_ title: String) -> String {
        let name = Markup.anchor(title)
        var candidate = name
        var number = 2
        while anchors.contains(candidate) || candidate.hasPrefix("figure-") {
            candidate = "section-\(name)-\(number)"
            number += 1
        }
        anchors.append(candidate)
        return candidate
    }
}
