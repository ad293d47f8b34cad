import NumericalMethods

/// Joins blocks, in the order of the file, to a log.
final class LogAssembler {
    private(set) var table: ColumnTable
    private(set) var count = 0
    private let file: String
    /// For each column its cells so far; empty before its first value. Texts are kept as numbers into `texts`.
    private var cells: [[Double]] = []
    private var texts: [TextIndex?] = []
    private var ids: [String] = []
    private var inputs: [String] = []
    private var lines: [Int] = []
    private var known = IDTable()
    private var hasIDs = false
    private var expectedCount = 0

    private struct TextIndex {
        var names: [String] = []
        var codes: [String: Int] = [:]

        mutating func code(_ name: String) -> Int {
            if let code = codes[name] { return code }
            codes[name] = names.count
            names.append(name)
            return names.count - 1
        }
    }

    init(file: String, table: ColumnTable) {
        self.file = file
        self.table = table
    }

    /// Makes room for about `items`.
    func expect(_ items: Int) { expectedCount = max(expectedCount, items) }

    /// Adds the items of `block` and hands its faults to `fault` in the order of their lines, until that returns false.
    /// Returns whether it always returned true.
    func add(_ block: LogBlock, fault: (LogError) -> Bool) -> Bool {
        var next = 0
        func faults(before line: Int) -> Bool {
            while next < block.faults.count, block.faults[next].line < line {
                if !fault(error(block.faults[next].fault, line: block.faults[next].line)) { return false }
                next += 1
            }
            return true
        }
        var kept: [Int] = []
        var allKept = true
        for item in 0..<block.count {
            let line = block.lines[item]
            if !faults(before: line) { return false }
            if let error = identify(block, item, line: line) {
                if !fault(error) { return false }
                if allKept {
                    allKept = false
                    kept = Array(0..<item)
                }
            } else if !allKept {
                kept.append(item)
            }
        }
        if !faults(before: Int.max) { return false }
        append(block, allKept ? nil : kept)
        return true
    }

    /// Notes the id of an item, or says what is wrong with it.
    private func identify(_ block: LogBlock, _ item: Int, line: Int) -> LogError? {
        let id = block.ids[item]
        if ids.isEmpty { hasIDs = !id.isEmpty }
        if hasIDs {
            if id.isEmpty {
                return .badLine(
                    file: file, line: line, column: "id", expected: "an id, as on line \(lines[0])", found: "none")
            }
            if let first = known.insert(id, hash: block.idHashes[item], index: ids.count, ids: ids) {
                return .duplicateID(file: file, id: id, firstLine: lines[first], line: line)
            }
            ids.append(id)
        } else {
            if !id.isEmpty {
                return .badLine(
                    file: file, line: line, column: "id",
                    expected: "no id, as on line \(lines[0]) (ids on all lines or on none)",
                    found: "'\(id)'")
            }
            ids.append(String(line))
        }
        lines.append(line)
        return nil
    }

    private func append(_ block: LogBlock, _ kept: [Int]?) {
        let added = kept?.count ?? block.count
        for (column, entry) in block.table.columns.enumerated() {
            let target = table.adopt(entry, of: block.table)
            while cells.count <= target {
                cells.append([])
                texts.append(nil)
            }
            // A column beyond the block's stride was met there but never had a value.
            guard holdsCells(entry.kind), column < block.stride else { continue }
            if cells[target].isEmpty {
                // Most columns that a log could have it has not: they take no memory.
                guard hasValue(block, column) else { continue }
                cells[target].reserveCapacity(max(expectedCount, count + added))
                cells[target].append(contentsOf: repeatElement(.nan, count: count))
            }
            var codes: [Double]?
            if let local = block.texts[column] {
                if texts[target] == nil { texts[target] = TextIndex() }
                codes = local.names.map { Double(texts[target]!.code($0)) }
            }
            for position in 0..<added {
                let value = block.value(kept?[position] ?? position, column)
                cells[target].append(codes != nil && !value.isNaN ? codes![Int(value)] : value)
            }
        }
        // Columns that this block doesn't know.
        for column in cells.indices where !cells[column].isEmpty && cells[column].count < count + added {
            cells[column].append(contentsOf: repeatElement(.nan, count: count + added - cells[column].count))
        }
        if !block.inputs.isEmpty || !inputs.isEmpty {
            while inputs.count < count { inputs.append("") }
            for position in 0..<added {
                let item = kept?[position] ?? position
                inputs.append(item < block.inputs.count ? block.inputs[item] : "")
            }
        }
        count += added
    }

    private func hasValue(_ block: LogBlock, _ column: Int) -> Bool {
        for item in 0..<block.count where !block.value(item, column).isNaN { return true }
        return false
    }

    private func holdsCells(_ kind: ColumnKind) -> Bool {
        switch kind {
        case .id, .input, .context, .stages, .stage, .evidence: false
        default: true
        }
    }

    /// The fault as an error that names file and line.
    func error(_ fault: LineFault, line: Int) -> LogError {
        switch fault {
        case .bad(let column, let expected, let found):
            .badLine(file: file, line: line, column: column, expected: expected, found: found)
        case .unknown(let name, let known):
            .unknownColumn(file: file, line: line, name: name, nearest: NearestName.of(name, in: known), known: known)
        }
    }

    /// The log of all items added. The assembler is empty afterwards.
    func finish() -> OutcomeLog {
        let schema = table.schema
        var log = OutcomeLog(schema: schema, ids: ids, quality: matrix(.quality) ?? missing(schema.stages.count))
        ids = []
        log.inputs = inputs
        log.groups = coded(2)
        log.splits = coded(4)
        log.times = take(3)
        log.money = matrix(.cost) ?? []
        log.seconds = matrix(.latency) ?? []
        log.operations = matrix(.operations) ?? []
        log.tokensIn = matrix(.tokensIn) ?? []
        log.tokensOut = matrix(.tokensOut) ?? []
        log.propensities = matrix(.propensity) ?? []
        log.context = matrix(table.context) ?? missing(table.context.count)
        let evidence = table.evidence.flatMap { $0 }
        log.evidence = matrix(evidence) ?? missing(evidence.count)
        let answers = table.stages.indices.map { coded(table.column(.answer, of: $0)) }
        log.answers = answers.allSatisfy(\.isEmpty) ? [] : answers
        return log
    }

    private func missing(_ width: Int) -> [Double] { [Double](repeating: .nan, count: width * count) }

    private func take(_ column: Int) -> [Double] {
        guard column < cells.count else { return [] }
        var taken: [Double] = []
        swap(&taken, &cells[column])
        return taken
    }

    private func coded(_ column: Int) -> CodedColumn {
        let codes = take(column)
        guard !codes.isEmpty, let names = texts[column]?.names else { return CodedColumn() }
        return CodedColumn(names: names, codes: codes.map { $0.isNaN ? -1 : Int32($0) })
    }

    private func matrix(_ kind: ColumnKind) -> [Double]? {
        matrix(table.stages.indices.map { table.column(kind, of: $0) })
    }

    /// The cells of `columns` side by side, row-major, or nil when none of them has any; the columns are given up.
    private func matrix(_ columns: [Int]) -> [Double]? {
        let parts = columns.map { take($0) }
        if parts.allSatisfy(\.isEmpty) { return nil }
        if parts.count == 1 { return parts[0] }
        let width = parts.count
        let count = self.count
        return [Double](unsafeUninitializedCapacity: width * count) { buffer, initialized in
            let target = Cells(base: buffer.baseAddress!)
            // A tile of rows stays in the cache while the columns are written into it one after the other.
            Parallel.chunks(of: count, minimumChunk: 1 << 14) { range in
                for tile in stride(from: range.lowerBound, to: range.upperBound, by: 256) {
                    let rows = tile..<min(tile + 256, range.upperBound)
                    for (column, part) in parts.enumerated() {
                        part.withUnsafeBufferPointer { source in
                            for row in rows { target.base[row * width + column] = source.isEmpty ? .nan : source[row] }
                        }
                    }
                }
            }
            initialized = width * count
        }
    }

    /// Cells that several threads write, each its own rows.
    private struct Cells: @unchecked Sendable {  // no two threads write the same rows
        let base: UnsafeMutablePointer<Double>
    }
}

/// Which ids there are: open addressing over their hashes.
private struct IDTable {
    private var slots = [UInt32](repeating: 0, count: 1 << 10)
    private var hashes: [UInt64] = []

    /// Notes that item `index` has `id`; gives the item that has it already instead.
    mutating func insert(_ id: String, hash: UInt64, index: Int, ids: [String]) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let other = Int(slots[slot]) - 1
            // Bytes, not canonical equivalence, tell ids apart.
            if hashes[other] == hash, ids[other].utf8.elementsEqual(id.utf8) { return other }
            slot = (slot + 1) & mask
        }
        slots[slot] = UInt32(index + 1)
        hashes.append(hash)
        if hashes.count * 2 > slots.count { grow() }
        return nil
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for (index, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(index + 1)
        }
    }
}
