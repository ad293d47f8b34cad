/// The most stages a log may have; sets of stages are kept as 64 bits.
let maximumStages = 64

/// The most columns a log may have, so that names that vary from line to line by mistake are told early.
let maximumColumns = 8192

/// What is wrong within a line; the reader adds file and line.
enum LineFault: Error {
    case bad(column: String, expected: String, found: String)
    case unknown(name: String, known: [String])
}

/// The items of one block of a file, row by row, as one thread reads them.
///
/// Each item has one cell for each column of the table. Texts that repeat (group, split, answers) are kept as numbers
/// into `texts`, so that a cell is always a `Double`; `NaN` is missing.
final class LogBlock {
    /// The columns of the file up to this block, and those first met in it.
    var table: ColumnTable
    /// How many items there are.
    private(set) var count = 0
    /// One id an item; empty where there is none.
    var ids: [String] = []
    var idHashes: [UInt64] = []
    /// One text an item once an item has one; the items before it have none.
    var inputs: [String] = []
    /// The line of each item, counted from 1.
    var lines: [Int] = []
    /// For each column with texts, its distinct texts.
    private(set) var texts: [ByteInterner?]
    /// What was wrong, in order; at most as many as asked for.
    var faults: [(line: Int, fault: LineFault)] = []
    /// How many lines were wrong.
    var faultCount = 0

    private(set) var stride: Int
    private var values: UnsafeMutablePointer<Double>
    private var capacity: Int
    private var row: UnsafeMutablePointer<Double>

    init(table: ColumnTable, capacity: Int = 1024) {
        self.table = table
        self.capacity = capacity
        stride = table.columns.count + 8
        values = .allocate(capacity: stride * capacity)
        row = values
        texts = Array(repeating: nil, count: stride)
    }

    deinit { values.deallocate() }

    /// The cell of `column` in item `item`.
    @inline(__always)
    func value(_ item: Int, _ column: Int) -> Double { values[item * stride + column] }

    /// Begins an item with all its cells missing; it counts once `endItem` is called.
    func beginItem() {
        if count == capacity { resize(stride: stride, capacity: capacity * 2) }
        row = values + count * stride
        row.update(repeating: .nan, count: stride)
    }

    /// Keeps the item begun last.
    func endItem(line: Int, id: String, hash: UInt64, input: String) {
        ids.append(id)
        idHashes.append(hash)
        lines.append(line)
        if !input.isEmpty {
            while inputs.count < count { inputs.append("") }
            inputs.append(input)
        } else if !inputs.isEmpty {
            inputs.append("")
        }
        count += 1
    }

    /// Sets the cell of `column` in the item begun last.
    @inline(__always)
    func set(_ column: Int, _ value: Double) {
        if column >= stride { resize(stride: (column + 8) * 2, capacity: capacity) }
        row[column] = value
    }

    /// Sets the cell of `column` in the item begun last to a text; false when it is no valid UTF-8.
    func set(_ column: Int, text: UnsafeBufferPointer<UInt8>) -> Bool {
        if column >= stride { resize(stride: (column + 8) * 2, capacity: capacity) }
        if texts[column] == nil { texts[column] = ByteInterner() }
        guard let code = texts[column]!.code(text) else { return false }
        row[column] = Double(code)
        return true
    }

    /// Notes what is wrong with a line.
    func note(_ fault: LineFault, line: Int, limit: Int) {
        faultCount += 1
        if faults.count < limit { faults.append((line, fault)) }
    }

    private func resize(stride newStride: Int, capacity newCapacity: Int) {
        let moved = UnsafeMutablePointer<Double>.allocate(capacity: newStride * newCapacity)
        let used = min(count + 1, capacity)
        for item in 0..<used {
            (moved + item * newStride).update(from: values + item * stride, count: stride)
            (moved + item * newStride + stride).update(repeating: .nan, count: newStride - stride)
        }
        values.deallocate()
        row = moved + (row - values) / stride * newStride
        values = moved
        while texts.count < newStride { texts.append(nil) }
        stride = newStride
        capacity = newCapacity
    }
}
