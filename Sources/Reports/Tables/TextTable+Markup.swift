extension TextTable {
    /// The table as GitHub-flavoured Markdown; the best rows are bold. Values are escaped, so none can break the table or
    /// bring in HTML.
    public func markdown() -> String {
        var result = title.isEmpty ? "" : "**\(Self.markdownText(title))**\n\n"
        result += "| " + columns.map { Self.markdownText($0.title) }.joined(separator: " | ") + " |\n"
        result +=
            "|"
            + columns.indices.map { column in
                switch columns[column].alignment {
                case .left: "---|"
                case .center: ":---:|"
                case .right: "---:|"
                case .automatic: isNumeric(column: column) ? "---:|" : "---|"
                }
            }.joined() + "\n"
        for row in rows {
            let cells = row.cells.map { cell in
                let text = Self.markdownText(cell.displayText)
                return row.style == .best && !text.isEmpty ? "**\(text)**" : text
            }
            result += "| " + cells.joined(separator: " | ") + " |\n"
        }
        for note in notes { result += "\n\(Self.markdownText(note))\n" }
        return result
    }

    /// The table as an HTML `table` element. Numbers carry their value in `data-value`, by which a page's script sorts;
    /// styling is by class (`number`, `center`, and the names of the row styles).
    public func html() -> String {
        var result = "<table class=\"report-table\">\n"
        if !title.isEmpty { result += "<caption>\(Markup.escaped(title))</caption>\n" }
        result += "<thead><tr>"
        for column in columns.indices {
            let unit = columns[column].unit
            let suffix = unit.isEmpty ? "" : " <span class=\"unit\">\(Markup.escaped(unit))</span>"
            result += "<th scope=\"col\"\(htmlClass(column))>\(Markup.escaped(columns[column].header))\(suffix)</th>"
        }
        result += "</tr></thead>\n<tbody>\n"
        for row in rows {
            let classes = (row.style == .plain ? [] : [row.style.rawValue]) + (row.startsGroup ? ["group"] : [])
            result += classes.isEmpty ? "<tr>" : "<tr class=\"\(classes.joined(separator: " "))\">"
            for (column, cell) in row.cells.enumerated() {
                var value = ""
                if let number = cell.value, number.isFinite { value = " data-value=\"\(number)\"" }
                if case .text(let text) = cell {
                    result += "<td\(htmlClass(column))>\(Markup.escaped(text))</td>"
                } else {
                    result += "<td\(htmlClass(column))\(value)>\(Self.htmlNumber(cell))</td>"
                }
            }
            result += "</tr>\n"
        }
        return result + "</tbody>\n</table>\n"
    }

    /// A number with its interval set smaller, so that the estimates can be compared down the column.
    private static func htmlNumber(_ cell: TableCell) -> String {
        let text = Markup.number(cell.displayText)
        guard cell.bounds != nil, let space = text.firstIndex(of: " ") else { return text }
        return "\(text[..<space]) <span class=\"interval\">\(text[text.index(after: space)...])</span>"
    }

    private func htmlClass(_ column: Int) -> String {
        switch columns[column].alignment {
        case .left: ""
        case .center: " class=\"center\""
        case .right: " class=\"number\""
        case .automatic: isNumeric(column: column) ? " class=\"number\"" : ""
        }
    }

    private static func markdownText(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "|", "*", "_", "`", "\\", "[", "]", "#", "~": result += "\\\(character)"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case _ where character.isNewline: result += " "
            default: result.append(character)
            }
        }
        return result
    }
}
