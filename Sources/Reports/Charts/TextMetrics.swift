/// How wide a text is in a common sans-serif face, in pixels: an estimate on the safe side, since an SVG can't ask.
enum TextMetrics {
    /// The width of `text` at a font size.
    static func width(_ text: String, size: Double = 12) -> Double {
        var total = 0.0
        for character in text { total += advance(character) }
        return total * size
    }

    /// `text` cut with an ellipsis to a width in pixels.
    static func truncated(_ text: String, to limit: Double, size: Double = 12) -> String {
        guard width(text, size: size) > limit else { return text }
        var result = ""
        var used = advance("…")
        for character in text {
            used += advance(character)
            if used * size > limit { break }
            result.append(character)
        }
        return result + "…"
    }

    /// The advance in units of the font size, by classes of glyphs.
    private static func advance(_ character: Character) -> Double {
        switch character {
        case "i", "j", "l", "'", ".", ",", ":", ";", "|", "!", "I": 0.29
        case " ", "f", "t", "r", "(", ")", "[", "]", "/", "-": 0.36
        case "m", "w", "M", "W", "@", "%": 0.9
        case "A"..."Z", "&": 0.7
        case "0"..."9", "a"..."z": 0.6
        default: TextWidth.columns(character) == 2 ? 1.05 : 0.62
        }
    }
}
