/// The header of a CSV log: which column of the table each cell of a row belongs to.
struct CSVHeader: Sendable {
    /// The columns that the header names.
    let table: ColumnTable
    /// For each cell of a row its column.
    let columns: [Int]
    /// How many bytes the header takes, with its line end.
    let length: Int
    /// How many lines it takes.
    let lineCount: Int

    /// Reads the header at the start of `bytes`, which end with a line feed.
    init(_ bytes: [UInt8]) throws(LineFault) {
        var table = ColumnTable()
        var columns: [Int] = []
        var length = 0
        var lineCount = 0
        var fault: LineFault?
        bytes.withUnsafeBufferPointer { buffer in
            var p = buffer.baseAddress!
            let end = p + buffer.count
            let cells = CSVCell(end: end)
            do throws(LineFault) {
                while true {
                    let cell = try cells.read(&p, "header", &lineCount)
                    guard let name = String(validating: cell, as: UTF8.self) else {
                        throw .bad(column: "header", expected: "names in UTF-8", found: "other bytes")
                    }
                    var next = p
                    if columns.isEmpty, !cells.goesOn(&next), let other = Self.separator(in: name) {
                        throw .bad(column: "header", expected: "cells separated by commas", found: other)
                    }
                    let column = try Self.column(name, &table)
                    if columns.contains(column) {
                        throw .bad(column: name, expected: "each column once", found: "it again")
                    }
                    columns.append(column)
                    if !cells.goesOn(&p) { break }
                }
            } catch { fault = error }
            length = p - buffer.baseAddress!
        }
        if let fault { throw fault }
        self.table = table
        self.columns = columns
        self.length = length
        self.lineCount = lineCount + 1
    }

    /// What stands in place of commas in a header that is one cell, if it looks like that.
    private static func separator(in name: String) -> String? {
        name.contains(";") ? "semicolons" : name.contains("\t") ? "tabs" : nil
    }

    /// The column that a header cell names.
    ///
    /// `context.NAME` is a context number, `STAGE.evidence.NAME` evidence, `STAGE.KEY` a key of a stage. Stage names may
    /// hold dots, so that the last `.evidence.` or the last dot counts.
    static func column(_ name: String, _ table: inout ColumnTable) throws(LineFault) -> Int {
        if let kind = ColumnKind.top.first(where: { $0.name == name })?.kind, kind != .context, kind != .stages {
            return ColumnTable.top(name)!
        }
        if name.hasPrefix("context."), name.utf8.count > 8 {
            if let fault = table.faultOfNewNumber(name) { throw fault }
            return table.contextNumber(String(name.dropFirst(8)))
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > 2, let marker = parts.indices.dropFirst().dropLast().last(where: { parts[$0] == "evidence" }) {
            let stage = parts[..<marker].joined(separator: ".")
            let number = parts[(marker + 1)...].joined(separator: ".")
            if !stage.isEmpty, !number.isEmpty {
                if let fault = table.faultOfNewStage(stage) ?? table.faultOfNewNumber(name) { throw fault }
                let index = table.stage(stage)
                return table.evidenceNumber(number, of: index)
            }
        }
        if let last = parts.last, parts.count > 1,
            let kind = ColumnKind.ofStage.first(where: { $0.name == last })?.kind, kind != .evidence
        {
            let stage = parts.dropLast().joined(separator: ".")
            if !stage.isEmpty {
                if let fault = table.faultOfNewStage(stage) { throw fault }
                let index = table.stage(stage)
                return table.column(kind, of: index)
            }
        }
        throw .unknown(name: name, known: known(like: name))
    }

    /// The names that columns may have, with the stage of `name` where it has one.
    private static func known(like name: String) -> [String] {
        let stage = name.split(separator: ".", omittingEmptySubsequences: false).dropLast().joined(separator: ".")
        let prefix = stage.isEmpty ? "STAGE" : stage
        return ColumnKind.top.filter { $0.kind != .context && $0.kind != .stages }.map(\.name) + ["context.NAME"]
            + ColumnKind.ofStage.filter { $0.kind != .evidence }.map { "\(prefix).\($0.name)" } + [
                "\(prefix).evidence.NAME"
            ]
    }
}
