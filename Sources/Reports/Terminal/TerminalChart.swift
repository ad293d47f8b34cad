/// Small charts of Unicode characters for a terminal.
public enum TerminalChart {
    /// One character for each value, from the lowest block to the highest; a value that is not finite is a space.
    ///
    /// Equal values all stand in the middle. `sparkline([1, 5, 22, 13, 5])` is `▁▂█▅▂`.
    public static func sparkline(_ values: [Double]) -> String {
        let blocks = Array("▁▂▃▄▅▆▇█")
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else {
            return String(repeating: " ", count: values.count)
        }
        return String(
            values.map { value -> Character in
                guard value.isFinite else { return " " }
                guard high > low else { return blocks[3] }
                // Halved first: the difference of two large numbers must not overflow.
                let share = (value / 2 - low / 2) / (high / 2 - low / 2)
                return blocks[min(7, max(0, Int((share * 7).rounded())))]
            })
    }

    /// Lying bars with their names and values, one line each, in eighths of a character.
    ///
    /// Bars begin at zero; a negative value or one that is not finite has no bar, and its number says what it is. Where
    /// the width leaves less than eight columns for the bars, names are cut.
    /// - Parameters:
    ///   - items: The name of each bar and its value.
    ///   - width: The columns in all, at least 20.
    ///   - value: How a value is written.
    public static func bars(
        _ items: [(name: String, value: Double)], width: Int = 80,
        value: (Double) -> String = { NumberText.significant($0) }
    ) -> String {
        let width = max(20, width)
        let texts = items.map { TextWidth.safeForTerminal(value($0.value)) }
        let numbers = texts.map { TextWidth.columns($0) }.max() ?? 0
        let longest = items.map { TextWidth.columns(TextWidth.safeForTerminal($0.name)) }.max() ?? 0
        let names = min(longest, max(4, width - numbers - 10))
        let room = max(1, width - names - numbers - 2)
        let high = items.map(\.value).filter(\.isFinite).max() ?? 0
        var result = ""
        for (item, text) in zip(items, texts) {
            let name = TextWidth.truncated(TextWidth.safeForTerminal(item.name), to: names)
            let share = item.value.isFinite && item.value > 0 && high > 0 ? item.value / high : 0
            let bar = bar(eighths: Int((share * Double(room * 8)).rounded()))
            let gap = String(repeating: " ", count: names - TextWidth.columns(name))
            result += "\(name)\(gap) \(bar)\(bar.isEmpty ? "" : " ")\(text)\n"
        }
        return result
    }

    private static func bar(eighths: Int) -> String {
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }
}
