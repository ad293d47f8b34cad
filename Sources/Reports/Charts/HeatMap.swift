/// A matrix as coloured cells with names on both sides.
public struct HeatMap: Figure, Equatable {
    /// What each cell is compared with to stand out.
    public enum Highlight: Sendable, Equatable {
        /// Nothing, the largest of each row, or the largest of each column.
        case none, rowMaximum, columnMaximum
    }

    /// What the figure shows, in a few words.
    public var title: String
    /// What it says in words; derived from the contents where it is empty.
    public var summary: String
    /// The names of the rows and of the columns.
    public var rows: [String], columns: [String]
    /// The values, `[rows, columns]` row-major; NaN for an empty cell.
    public var values: [Double]
    /// What the values are, and how they read.
    public var axis: Axis
    /// What stands out.
    public var highlight: Highlight

    /// A heat map of `rows.count * columns.count` values, row-major; NaN makes an empty cell.
    public init(
        _ title: String, rows: [String], columns: [String], values: [Double], axis: Axis, highlight: Highlight = .none,
        summary: String = ""
    ) {
        precondition(
            values.count == rows.count * columns.count,
            "\(values.count) values for \(rows.count) rows and \(columns.count) columns.")
        self.title = title
        self.rows = rows
        self.columns = columns
        self.values = values
        self.axis = axis
        self.axis.scale = .linear
        self.highlight = highlight
        self.summary = summary
    }

    /// The values that have no place on the axes, and are left out.
    public var skippedValues: Int { values.count { !axis.canPlace($0) } }

    /// The value of a cell, or nil where it has none.
    func value(_ row: Int, _ column: Int) -> Double? {
        let value = values[row * columns.count + column]
        return axis.canPlace(value) ? value : nil
    }

    /// Whether a cell stands out; equals stand out together.
    func standsOut(_ row: Int, _ column: Int) -> Bool {
        guard let value = value(row, column) else { return false }
        switch highlight {
        case .none: return false
        case .rowMaximum: return columns.indices.allSatisfy { (self.value(row, $0) ?? -.infinity) <= value }
        case .columnMaximum: return rows.indices.allSatisfy { (self.value($0, column) ?? -.infinity) <= value }
        }
    }

    /// What the drawing says in words.
    var describedContents: String {
        guard summary.isEmpty else { return summary }
        var sentences = ["\(axis.title) for \(rows.count) rows and \(columns.count) columns."]
        for (row, name) in rows.enumerated().prefix(20) {
            var best: (column: Int, value: Double)?
            for column in columns.indices {
                if let value = value(row, column), value > best?.value ?? -.infinity { best = (column, value) }
            }
            if let best { sentences.append("\(name): largest for \(columns[best.column]), \(axis.text(best.value)).") }
        }
        return sentences.joined(separator: " ")
    }
}
