/// How many columns of a terminal a text takes, and how to cut it to a number of columns.
///
/// East Asian wide characters and emoji take two columns, combining marks and format characters none. This follows
/// Unicode Standard Annex #11 for the blocks that matter; terminals differ in the ambiguous rest.
enum TextWidth {
    /// The columns that `text` takes.
    static func columns(_ text: some StringProtocol) -> Int {
        var total = 0
        for character in text { total += columns(character) }
        return total
    }

    /// The columns that one grapheme takes: 0, 1 or 2.
    static func columns(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if first.value < 0x7F { return first.value < 0x20 ? 0 : scalars.contains { $0.value == 0xFE0F } ? 2 : 1 }
        // A flag, a joined emoji or one asked to look like an emoji is wide, whatever it starts with.
        if scalars.contains(where: { $0.value == 0xFE0F }) || isWide(first) { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
        default: return 1
        }
    }

    /// The longest beginning of `text` within `limit` columns, ended by "…" where something was cut.
    static func truncated(_ text: String, to limit: Int) -> String {
        guard columns(text) > limit else { return text }
        guard limit > 0 else { return "" }
        return prefix(text[...], columns: limit - 1) + "…"
    }

    /// `text` broken at spaces into lines of at most `limit` columns; a longer word is broken inside.
    static func wrapped(_ text: String, to limit: Int) -> [String] {
        guard limit > 0, columns(text) > limit else { return [text] }
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            var rest = word
            var width = columns(rest)
            if used > 0, used + 1 + width <= limit {
                line += " " + rest
                used += 1 + width
                continue
            }
            if used > 0 { lines.append(line) }
            while width > limit {
                let head = prefix(rest, columns: limit)
                // A wide character in a column of one: take it all the same, or the loop would never end.
                let taken = max(head.count, 1)
                lines.append(String(rest.prefix(taken)))
                rest = rest.dropFirst(taken)
                width = columns(rest)
            }
            line = String(rest)
            used = width
        }
        if used > 0 || lines.isEmpty { lines.append(line) }
        return lines
    }

    /// Without characters that could move the cursor, change colours or turn the writing direction of a terminal.
    static func safeForTerminal(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                result.append(" ")
            } else {
                result.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return String(result)
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func prefix(_ text: Substring, columns limit: Int) -> String {
        var result = ""
        var used = 0
        for character in text {
            let width = columns(character)
            if used + width > limit { break }
            result.append(character)
            used += width
        }
        return result
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F1E6...0x1F1FF,
            0x20000...0x3FFFD:
            true
        default: scalar.properties.isEmojiPresentation
        }
    }
}
