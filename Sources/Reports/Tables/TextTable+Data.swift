extension TextTable {
    /// The table as CSV (RFC 4180): a header line, full precision, empty for missing; a column with intervals becomes three,
    /// `key`, `key.low` and `key.high`.
    public func csv() -> String {
        let keys = keys
        var header: [String] = []
        for column in columns.indices {
            header.append(Self.csvField(keys[column]))
            if hasInterval(column: column) {
                header += [Self.csvField(keys[column] + ".low"), Self.csvField(keys[column] + ".high")]
            }
        }
        var result = header.joined(separator: ",") + "\n"
        for row in rows {
            var fields: [String] = []
            for column in columns.indices {
                let cell = row.cells[column]
                if case .text(let text) = cell {
                    fields.append(Self.csvField(text))
                } else {
                    fields.append(Self.plainNumber(cell))
                }
                if hasInterval(column: column) {
                    fields += cell.bounds.map { [Self.plainNumber($0.low), Self.plainNumber($0.high)] } ?? ["", ""]
                }
            }
            result += fields.joined(separator: ",") + "\n"
        }
        return result
    }

    /// The table as a JSON array of objects, one for each row, keys in the order of the columns. Numbers have full
    /// precision, an interval is an object of `estimate`, `low` and `high`; what is missing or not finite is null.
    public func json() -> String {
        let keys = keys.map(JSONText.quoted)
        let objects = rows.map { row in
            let members = columns.indices.map { "\(keys[$0]): \(Self.jsonValue(row.cells[$0]))" }
            return "  {" + members.joined(separator: ", ") + "}"
        }
        return objects.isEmpty ? "[]\n" : "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }

    private static func plainNumber(_ cell: TableCell) -> String {
        if case .count(let value) = cell { return String(value) }
        return cell.value.map { plainNumber($0) } ?? ""
    }

    private static func plainNumber(_ value: Double) -> String {
        value.isNaN ? "" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : JSONText.shortest(value)
    }

    private static func csvField(_ text: String) -> String {
        let needsQuotes = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
        guard needsQuotes || text.first == " " || text.last == " " else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static func jsonValue(_ cell: TableCell) -> String {
        switch cell {
        case .text(let text): return JSONText.quoted(text)
        case .count(let value): return String(value)
        case .missing: return "null"
        default:
            let estimate = JSONText.number(cell.value)
            guard let bounds = cell.bounds else { return estimate }
            return
                "{\"estimate\": \(estimate), \"low\": \(JSONText.number(bounds.low)), \"high\": \(JSONText.number(bounds.high))}"
        }
    }
}
