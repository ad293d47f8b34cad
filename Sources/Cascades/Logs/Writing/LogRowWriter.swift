/// Writes the items of a log as lines of one of the formats.
struct LogRowWriter: Sendable {
    let log: OutcomeLog
    let format: LogFormat
    private let stages: Int
    private let contextKeys: [[UInt8]]
    private let stageKeys: [[UInt8]]
    private let evidenceKeys: [[[UInt8]]]

    init(log: OutcomeLog, format: LogFormat) {
        self.log = log
        self.format = format
        stages = log.stageCount
        contextKeys = log.schema.context.map(Self.quoted)
        stageKeys = log.schema.stages.map { Self.quoted($0.name) }
        evidenceKeys = log.schema.stages.map { $0.evidence.map(Self.quoted) }
    }

    /// What stands before the items: the header of a CSV file, nothing in JSONL.
    func header() -> [UInt8] {
        guard format == .csv else { return [] }
        var bytes: [UInt8] = []
        for (position, name) in columnNames().enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            Self.appendCell(name, &bytes)
        }
        bytes.append(10)
        return bytes
    }

    /// The names of the CSV columns, in order.
    func columnNames() -> [String] {
        var names = ["id"]
        if !log.inputs.isEmpty { names.append("input") }
        if !log.groups.isEmpty { names.append("group") }
        if !log.times.isEmpty { names.append("time") }
        if !log.splits.isEmpty { names.append("split") }
        names += log.schema.context.map { "context.\($0)" }
        for stage in 0..<stages {
            let name = log.schema.stages[stage].name
            names.append("\(name).quality")
            names += numbers.dropFirst().map { "\(name).\($0.key)" }
            if hasAnswers(stage) { names.append("\(name).answer") }
            names += log.schema.stages[stage].evidence.map { "\(name).evidence.\($0)" }
        }
        return names
    }

    /// The lines of `items`.
    func rows(_ items: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(items.count * (100 + stages * 100))
        for item in items {
            if format == .csv { appendRow(item, &bytes) } else { appendLine(item, &bytes) }
        }
        return bytes
    }

    /// The number columns of a stage that the log has, quality first.
    private var numbers: [(key: String, cells: [Double])] {
        var result = [("quality", log.quality)]
        let others = [
            ("cost", log.money), ("latency", log.seconds), ("operations", log.operations), ("tokens_in", log.tokensIn),
            ("tokens_out", log.tokensOut), ("propensity", log.propensities),
        ]
        for column in others where !column.1.isEmpty { result.append(column) }
        return result
    }

    private func hasAnswers(_ stage: Int) -> Bool { stage < log.answers.count && !log.answers[stage].isEmpty }

    // MARK: CSV

    private func appendRow(_ item: Int, _ bytes: inout [UInt8]) {
        func cell(_ value: Double) {
            bytes.append(UInt8(ascii: ","))
            if !value.isNaN { Self.append(value, &bytes) }
        }
        func cell(_ text: String?) {
            bytes.append(UInt8(ascii: ","))
            // An empty text stands in quotes, a missing one is nothing.
            if let text { text.isEmpty ? bytes.append(contentsOf: "\"\"".utf8) : Self.appendCell(text, &bytes) }
        }
        Self.appendCell(log.ids[item], &bytes)
        if !log.inputs.isEmpty { cell(log.inputs[item].isEmpty ? nil : log.inputs[item]) }
        if !log.groups.isEmpty { cell(log.groups[item]) }
        if !log.times.isEmpty { cell(log.times[item]) }
        if !log.splits.isEmpty { cell(log.splits[item]) }
        for column in contextKeys.indices { cell(log.context[item * contextKeys.count + column]) }
        let numbers = numbers
        let evidenceCount = log.schema.evidenceCount
        var evidence = item * evidenceCount
        for stage in 0..<stages {
            for column in numbers { cell(column.cells[item * stages + stage]) }
            if hasAnswers(stage) { cell(log.answers[stage][item]) }
            for _ in evidenceKeys[stage] {
                cell(log.evidence[evidence])
                evidence += 1
            }
        }
        bytes.append(10)
    }

    private static func appendCell(_ text: String, _ bytes: inout [UInt8]) {
        let special: (UInt8) -> Bool = { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13 }
        guard text.utf8.contains(where: special) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    // MARK: JSONL

    private func appendLine(_ item: Int, _ bytes: inout [UInt8]) {
        // The first line names every stage and number, so that a reader finds them in the order of this log.
        let whole = item == 0
        var first = true
        func key(_ name: String) {
            if !first { bytes.append(UInt8(ascii: ",")) }
            first = false
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "\":".utf8)
        }
        func open() {
            bytes.append(UInt8(ascii: "{"))
            first = true
        }
        func close() {
            bytes.append(UInt8(ascii: "}"))
            first = false
        }
        func member(_ quotedKey: [UInt8]) {
            if !first { bytes.append(UInt8(ascii: ",")) }
            first = false
            bytes.append(contentsOf: quotedKey)
            bytes.append(UInt8(ascii: ":"))
        }
        func value(_ number: Double) {
            if number.isNaN { bytes.append(contentsOf: "null".utf8) } else { Self.append(number, &bytes) }
        }
        func numbers(_ keys: [[UInt8]], _ cells: [Double], _ offset: Int) {
            open()
            for (column, key) in keys.enumerated() where whole || !cells[offset + column].isNaN {
                member(key)
                value(cells[offset + column])
            }
            close()
        }

        open()
        key("id")
        Self.appendQuoted(log.ids[item], &bytes)
        if !log.inputs.isEmpty, !log.inputs[item].isEmpty {
            key("input")
            Self.appendQuoted(log.inputs[item], &bytes)
        }
        if let group = log.groups[item] {
            key("group")
            Self.appendQuoted(group, &bytes)
        }
        if !log.times.isEmpty, !log.times[item].isNaN {
            key("time")
            value(log.times[item])
        }
        if let split = log.splits[item] {
            key("split")
            Self.appendQuoted(split, &bytes)
        }
        if !contextKeys.isEmpty {
            key("context")
            numbers(contextKeys, log.context, item * contextKeys.count)
        }
        key("stages")
        open()
        let columns = self.numbers
        var evidence = item * log.schema.evidenceCount
        for stage in 0..<stages {
            let cell = item * stages + stage
            let keys = evidenceKeys[stage]
            let here = evidence
            evidence += keys.count
            let hasEvidence = keys.indices.contains { !log.evidence[here + $0].isNaN }
            let answer = hasAnswers(stage) ? log.answers[stage][item] : nil
            guard whole || hasEvidence || answer != nil || columns.contains(where: { !$0.cells[cell].isNaN }) else {
                continue
            }
            member(stageKeys[stage])
            open()
            for (index, column) in columns.enumerated() where (whole && index == 0) || !column.cells[cell].isNaN {
                key(column.key)
                value(column.cells[cell])
            }
            if let answer {
                key("answer")
                Self.appendQuoted(answer, &bytes)
            }
            if hasEvidence || (whole && !keys.isEmpty) {
                key("evidence")
                numbers(keys, log.evidence, here)
            }
            close()
        }
        close()
        close()
        bytes.append(10)
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        appendQuoted(text, &bytes)
        return bytes
    }

    private static func appendQuoted(_ text: String, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 10: bytes.append(contentsOf: "\\n".utf8)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(UInt8(ascii: "0") + (byte >> 4))
                bytes.append("0123456789abcdef".utf8.dropFirst(Int(byte & 15)).first!)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The shortest digits that read back as `value`.
    private static func append(_ value: Double, _ bytes: inout [UInt8]) {
        if let whole = Int(exactly: value), abs(whole) < 1 << 53, whole != 0 || value.sign == .plus {
            bytes.append(contentsOf: String(whole).utf8)
        } else {
            bytes.append(contentsOf: value.description.utf8)
        }
    }
}
