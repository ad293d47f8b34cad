/// A table of values that writes itself as terminal text, Markdown, CSV, JSON or HTML.
///
/// ```swift
/// var table = TextTable(columns: ["policy", .init("cost", unit: "$/item"), "quality"])
/// table.add(["thresholds", .number(0.0021), .percentInterval(0.912, low: 0.905, high: 0.919)], style: .best)
/// print(table.terminalText(width: 100, color: true))
/// ```
public struct TextTable: Sendable, Equatable {
    /// Where a column's values stand.
    public enum Alignment: Sendable, Equatable {
        /// Numbers by their decimal point, words to the left; decided by what the column holds.
        case automatic
        /// To the left, in the middle or to the right.
        case left, center, right
    }

    /// What happens to words that are wider than the terminal allows.
    public enum Overflow: Sendable, Equatable {
        /// Broken over lines, or cut with an ellipsis.
        case wrap, truncate
    }

    /// One column: its header and how its values stand.
    public struct Column: Sendable, Equatable, ExpressibleByStringLiteral {
        /// What stands above the values.
        public var header: String
        /// The unit of the numbers, shown after the header; empty for none.
        public var unit: String
        /// The name in CSV and JSON; the header if nil.
        public var key: String?
        /// Where the values stand.
        public var alignment: Alignment
        /// What happens to words that are too wide.
        public var overflow: Overflow

        /// A column with its header and, if it differs from the default, everything else.
        public init(
            _ header: String, unit: String = "", key: String? = nil, alignment: Alignment = .automatic,
            overflow: Overflow = .wrap
        ) {
            self.header = header
            self.unit = unit
            self.key = key
            self.alignment = alignment
            self.overflow = overflow
        }

        /// A column with this header and the defaults.
        public init(stringLiteral value: String) { self.init(value) }

        var title: String { unit.isEmpty ? header : "\(header) (\(unit))" }
    }

    /// How a row stands out.
    public enum RowStyle: String, Sendable, Equatable {
        /// Like the others; the chosen one; good news; a warning; less important than the others.
        case plain, best, good, warning, faint
    }

    /// One row: as many cells as the table has columns.
    public struct Row: Sendable, Equatable {
        /// The values, one for each column.
        public var cells: [TableCell]
        /// How the row stands out.
        public var style: RowStyle
        /// Whether a rule separates the row from the one above.
        public var startsGroup: Bool
    }

    /// What the table shows, in a few words; empty for none.
    public var title: String
    /// The columns, left to right.
    public var columns: [Column]
    /// The rows, top to bottom.
    public private(set) var rows: [Row]
    /// Sentences below the table.
    public var notes: [String]

    /// An empty table of these columns.
    public init(_ title: String = "", columns: [Column], notes: [String] = []) {
        precondition(!columns.isEmpty, "A table needs at least one column.")
        self.title = title
        self.columns = columns
        self.rows = []
        self.notes = notes
    }

    /// Adds a row below the others.
    /// - Parameters:
    ///   - cells: One for each column; fewer leave the rest missing, more is a programmer's mistake.
    ///   - style: How the row stands out.
    ///   - startsGroup: Whether a rule separates it from the row above.
    public mutating func add(_ cells: [TableCell], style: RowStyle = .plain, startsGroup: Bool = false) {
        precondition(
            cells.count <= columns.count, "A row of \(cells.count) cells in a table of \(columns.count) columns.")
        let rest = Array(repeating: TableCell.missing, count: columns.count - cells.count)
        rows.append(Row(cells: cells + rest, style: style, startsGroup: startsGroup))
    }

    /// The names of the columns in CSV and JSON, made different from each other by a number where they are not.
    var keys: [String] {
        var result: [String] = []
        for column in columns {
            let name = column.key ?? column.header
            var candidate = name
            var number = 2
            while result.contains(candidate) {
                candidate = "\(name) \(number)"
                number += 1
            }
            result.append(candidate)
        }
        return result
    }

    /// Whether every value of the column is a number or missing, and at least one is a number.
    func isNumeric(column: Int) -> Bool {
        var found = false
        for row in rows {
            switch row.cells[column] {
            case .text: return false
            case .missing: break
            default: found = true
            }
        }
        return found
    }

    func hasInterval(column: Int) -> Bool {
        rows.contains { $0.cells[column].bounds != nil }
    }
}
