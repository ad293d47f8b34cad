extension TextTable {
    /// The table for a terminal, with light rules, ended by a newline.
    ///
    /// Columns of words give way first, wrapped or cut as they ask; where even that is too wide for the terminal, each row
    /// becomes a block of lines "header: value". Control characters in the values are replaced, so that no value can
    /// drive the terminal.
    /// - Parameters:
    ///   - width: The columns of the terminal; nil for no limit.
    ///   - color: Whether rows that stand out are coloured by ANSI sequences; the caller knows whether it is a terminal.
    public func terminalText(width: Int? = nil, color: Bool = false) -> String {
        let titles = columns.map { TextWidth.safeForTerminal($0.title) }
        let texts = alignedTexts()
        let natural = columns.indices.map { column in
            max(TextWidth.columns(titles[column]), texts.map { TextWidth.columns($0[column]) }.max() ?? 0)
        }
        let limit = width ?? .max
        var lines: [String] = []
        if !title.isEmpty {
            lines += TextWidth.wrapped(TextWidth.safeForTerminal(title), to: limit).map { Style.title($0, color) }
        }
        if let widths = fittedWidths(natural: natural, titles: titles, texts: texts, limit: limit) {
            lines += grid(titles: titles, texts: texts, widths: widths, color: color)
        } else {
            lines += blocks(titles: titles, limit: limit, color: color)
        }
        for note in notes {
            lines += TextWidth.wrapped(TextWidth.safeForTerminal(note), to: limit).map { Style.row(.faint, $0, color) }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The cells' texts, numbers padded on the right so that the decimal points of a column stand below each other.
    private func alignedTexts() -> [[String]] {
        var texts = rows.map { row in row.cells.map { TextWidth.safeForTerminal($0.displayText) } }
        for column in columns.indices where columns[column].alignment == .automatic && isNumeric(column: column) {
            let tails = texts.indices.map { row in
                rows[row].cells[column].value != nil ? Self.tailWidth(texts[row][column]) : 0
            }
            let longest = tails.max() ?? 0
            for row in texts.indices where rows[row].cells[column].value != nil {
                texts[row][column] += String(repeating: " ", count: longest - tails[row])
            }
        }
        return texts
    }

    /// The columns from the decimal point, or from the end of the number's whole part, to the end.
    private static func tailWidth(_ text: String) -> Int {
        let head = text.prefix { $0.isNumber || $0 == "," || $0 == "-" || $0 == "∞" }
        return TextWidth.columns(text) - TextWidth.columns(head)
    }

    /// The widths of the columns within the terminal, or nil where a grid would not be readable.
    private func fittedWidths(natural: [Int], titles: [String], texts: [[String]], limit: Int) -> [Int]? {
        // Each column has a space on both sides, and a rule stands between two.
        let available = limit == .max ? limit : limit - 3 * columns.count + 1
        var widths = natural
        var total = natural.reduce(0, +)
        // Numbers are never broken, so only their header may wrap; words may shrink to ten columns.
        let minimum = columns.indices.map { column -> Int in
            let words = titles[column].split(separator: " ").map { TextWidth.columns($0) }.max() ?? 0
            if isNumeric(column: column) {
                let cells = texts.map { TextWidth.columns($0[column]) }.max() ?? 0
                return min(natural[column], max(words, cells))
            }
            return min(natural[column], max(10, min(words, 16)))
        }
        while total > available {
            // The widest column that can still give way gives one.
            var chosen: Int?
            for column in columns.indices where widths[column] > minimum[column] {
                if chosen == nil || widths[column] > widths[chosen!] { chosen = column }
            }
            guard let chosen else { return nil }
            widths[chosen] -= 1
            total -= 1
        }
        return widths
    }

    private func grid(titles: [String], texts: [[String]], widths: [Int], color: Bool) -> [String] {
        let rule = { (cross: String) in
            widths.map { String(repeating: "─", count: $0 + 2) }.joined(separator: cross)
        }
        let alignments = columns.indices.map { column -> Alignment in
            guard columns[column].alignment == .automatic else { return columns[column].alignment }
            return isNumeric(column: column) ? .right : .left
        }
        func lines(_ cells: [String], overflow: [Overflow]) -> [String] {
            let parts = columns.indices.map { column in
                overflow[column] == .truncate
                    ? [TextWidth.truncated(cells[column], to: widths[column])]
                    : TextWidth.wrapped(cells[column], to: widths[column])
            }
            let height = parts.map(\.count).max() ?? 1
            return (0..<height).map { line in
                var text = columns.indices.map { column in
                    let part = line < parts[column].count ? parts[column][line] : ""
                    return " " + Self.padded(part, to: widths[column], alignment: alignments[column]) + " "
                }.joined(separator: "│")
                while text.last == " " { text.removeLast() }
                return text
            }
        }
        var result = lines(titles, overflow: columns.map { _ in .wrap }).map { Style.title($0, color) }
        result.append(rule("┼"))
        for (index, row) in rows.enumerated() {
            if row.startsGroup, index > 0 { result.append(rule("┼")) }
            result += lines(texts[index], overflow: columns.map(\.overflow)).map { Style.row(row.style, $0, color) }
        }
        result.append(rule("┴"))
        return result
    }

    private func blocks(titles: [String], limit: Int, color: Bool) -> [String] {
        let rule = String(repeating: "─", count: max(1, min(limit, 40)))
        var result = [rule]
        for row in rows {
            for column in columns.indices {
                let value = TextWidth.safeForTerminal(row.cells[column].displayText)
                let wrapped = TextWidth.wrapped("\(titles[column]): \(value)", to: max(limit, 8))
                result += wrapped.map { Style.row(row.style, $0, color) }
            }
            result.append(rule)
        }
        return result
    }

    private static func padded(_ text: String, to width: Int, alignment: Alignment) -> String {
        let missing = max(0, width - TextWidth.columns(text))
        let left: Int
        switch alignment {
        case .left, .automatic: left = 0
        case .center: left = missing / 2
        case .right: left = missing
        }
        return String(repeating: " ", count: left) + text + String(repeating: " ", count: missing - left)
    }

    private enum Style {
        static func title(_ text: String, _ color: Bool) -> String { color ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

        static func row(_ style: RowStyle, _ text: String, _ color: Bool) -> String {
            let code: String
            switch style {
            case .plain: return text
            case .best: code = "1"
            case .good: code = "32"
            case .warning: code = "33"
            case .faint: code = "2"
            }
            return color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
        }
    }
}
