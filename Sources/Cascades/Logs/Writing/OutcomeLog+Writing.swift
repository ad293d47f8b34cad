import NumericalMethods

extension OutcomeLog {
    /// Writes the log so that reading it gives the same log: numbers with the fewest digits that read back exactly, the
    /// schema in its order, missing cells as missing.
    ///
    /// The file is written beside `path` and renamed when it is whole.
    ///
    /// - Parameters:
    ///   - path: The file; `-` is standard output.
    ///   - format: Its format; nil goes by the ending of `path`, JSONL without a known one.
    /// - Throws: ``LogError/unwritable(file:reason:)``, or ``LogError/unsuitable(reason:remedy:)`` for a log that can't be
    ///   read back: without items, with infinite numbers, repeated ids, or names that the columns of CSV can't tell apart.
    public func write(to path: String, format: LogFormat? = nil) throws {
        let format = format ?? LogFormat(path: path) ?? .jsonl
        try checkWritable(format)
        let rows = LogRowWriter(log: self, format: format)
        let file = try LogFileWriter(path: path)
        try file.append(rows.header())
        // Waves of parts, so that a few of them are in memory at a time.
        let part = 2048
        let parts = (count + part - 1) / part
        for wave in stride(from: 0, to: parts, by: 8) {
            let bytes = Parallel.map(count: min(8, parts - wave)) { index in
                let start = (wave + index) * part
                return rows.rows(start..<min(start + part, self.count))
            }
            for piece in bytes { try file.append(piece) }
        }
        try file.finish()
    }

    private func checkWritable(_ format: LogFormat) throws(LogError) {
        if count == 0 {
            throw .unsuitable(reason: "the log holds no items", remedy: "Write a log with at least one item.")
        }
        if stageCount == 0 {
            throw .unsuitable(reason: "the log has no stages", remedy: "Write a log with at least one stage.")
        }
        let columns: [(String, [Double])] = [
            ("quality", quality), ("cost", money), ("latency", seconds), ("operations", operations),
            ("tokens_in", tokensIn),
            ("tokens_out", tokensOut), ("propensity", propensities), ("time", times), ("context", context),
            ("evidence", evidence),
        ]
        for (name, cells) in columns where cells.contains(where: \.isInfinite) {
            throw .unsuitable(
                reason: "a cell of '\(name)' is infinite", remedy: "Make it a finite number or NaN (missing).")
        }
        var seen: Set<String> = []
        seen.reserveCapacity(count)
        for id in ids where id.isEmpty || !seen.insert(id).inserted {
            throw .unsuitable(
                reason: id.isEmpty ? "an item has an empty id" : "the id '\(id)' comes twice",
                remedy: "Give each item an id of its own.")
        }
        for name in schema.context + schema.stages.flatMap({ [$0.name] + $0.evidence }) where name.isEmpty {
            throw .unsuitable(reason: "a stage or number has an empty name", remedy: "Name it.")
        }
        guard format == .csv else { return }
        // A CSV column's name must give back the stage and number it was made from.
        var table = ColumnTable()
        let names = LogRowWriter(log: self, format: .csv).columnNames()
        for name in names {
            do throws(LineFault) { _ = try CSVHeader.column(name, &table) } catch {
                throw .unsuitable(
                    reason: "'\(name)' is no name of a CSV column",
                    remedy: "Write JSONL, or rename the stage or number.")
            }
        }
        if table.schema != schema {
            throw .unsuitable(
                reason: "a name of a stage or number holds '.evidence.' or stands for another column in CSV",
                remedy: "Write JSONL, or rename it.")
        }
    }
}
