/// What a key or column of a log file holds.
enum ColumnKind: UInt8, Sendable {
    case id, input, group, time, split
    case context, contextNumber
    case stages, stage
    case quality, cost, latency, operations, tokensIn, tokensOut, answer, propensity
    case evidence, evidenceNumber

    /// The keys of a line, in the order of their columns.
    static let top: [(name: String, kind: ColumnKind)] = [
        ("id", .id), ("input", .input), ("group", .group), ("time", .time), ("split", .split), ("context", .context),
        ("stages", .stages),
    ]
    /// The keys of a stage, in the order of their columns.
    static let ofStage: [(name: String, kind: ColumnKind)] = [
        ("quality", .quality), ("cost", .cost), ("latency", .latency), ("operations", .operations),
        ("tokens_in", .tokensIn), ("tokens_out", .tokensOut), ("answer", .answer), ("propensity", .propensity),
        ("evidence", .evidence),
    ]

    /// Whether its numbers may be written as `true` and `false`.
    var allowsTruth: Bool { self == .quality || self == .contextNumber || self == .evidenceNumber }

    /// What is wrong with `value` in this column, said as what would be right; nil when nothing is.
    @inline(__always)
    func objection(to value: Double) -> String? {
        if !value.isFinite { return "a finite number" }
        switch self {
        case .cost, .latency, .operations, .tokensIn, .tokensOut: return value < 0 ? "a number of at least 0" : nil
        case .propensity: return value > 0 && value <= 1 ? nil : "a probability above 0 and at most 1"
        default: return nil
        }
    }
}

/// All columns met so far, numbered in order of first appearance.
///
/// Columns 0 to 6 are the keys of a line. A stage takes a column for itself and one for each of its keys, side by side;
/// each context and evidence number takes one. The objects that hold others (`context`, `stages`, a stage, `evidence`)
/// have numbers too, so that a repeated key can be told from its number alone.
struct ColumnTable: Sendable {
    /// One column.
    struct Column: Sendable {
        /// What it holds.
        let kind: ColumnKind
        /// The stage it belongs to, or -1.
        let stage: Int
        /// Its own name: that of the number or stage, or its key.
        let name: String
        /// The column of the object it is a key of, or -1 for a key of the line.
        let parent: Int
    }

    private(set) var columns: [Column] = []
    /// The context columns, in order of first appearance.
    private(set) var context: [Int] = []
    /// The columns of the stages themselves; the keys of a stage follow its column in the order of `ColumnKind.ofStage`.
    private(set) var stages: [Int] = []
    /// For each stage its evidence columns.
    private(set) var evidence: [[Int]] = []
    private var contextIndex: [String: Int] = [:]
    private var stageIndex: [String: Int] = [:]
    private var evidenceIndex: [[String: Int]] = []

    static let contextColumn = 5
    static let stagesColumn = 6

    init() {
        for (name, kind) in ColumnKind.top { columns.append(Column(kind: kind, stage: -1, name: name, parent: -1)) }
    }

    /// The column of a key of the line.
    static func top(_ name: String) -> Int? { ColumnKind.top.firstIndex { $0.name == name } }

    /// The context column called `name`, added when it is new.
    mutating func contextNumber(_ name: String) -> Int {
        if let column = contextIndex[name] { return column }
        columns.append(Column(kind: .contextNumber, stage: -1, name: name, parent: Self.contextColumn))
        context.append(columns.count - 1)
        contextIndex[name] = columns.count - 1
        return columns.count - 1
    }

    /// The stage called `name`, added when it is new.
    mutating func stage(_ name: String) -> Int {
        if let stage = stageIndex[name] { return stage }
        let stage = stages.count
        let own = columns.count
        stages.append(own)
        stageIndex[name] = stage
        evidence.append([])
        evidenceIndex.append([:])
        columns.append(Column(kind: .stage, stage: stage, name: name, parent: Self.stagesColumn))
        for (key, kind) in ColumnKind.ofStage {
            columns.append(Column(kind: kind, stage: stage, name: key, parent: own))
        }
        return stage
    }

    /// The column of `kind` of `stage`.
    func column(_ kind: ColumnKind, of stage: Int) -> Int {
        stages[stage] + 1 + ColumnKind.ofStage.firstIndex { $0.kind == kind }!
    }

    /// The evidence column called `name` of `stage`, added when it is new.
    mutating func evidenceNumber(_ name: String, of stage: Int) -> Int {
        if let column = evidenceIndex[stage][name] { return column }
        columns.append(Column(kind: .evidenceNumber, stage: stage, name: name, parent: column(.evidence, of: stage)))
        evidence[stage].append(columns.count - 1)
        evidenceIndex[stage][name] = columns.count - 1
        return columns.count - 1
    }

    /// The column with the same meaning as `column` of `other`, added when it is new.
    mutating func adopt(_ column: Column, of other: ColumnTable) -> Int {
        if column.kind == .contextNumber { return contextNumber(column.name) }
        guard column.stage >= 0 else { return Self.top(column.name)! }
        let stage = stage(other.stageName(column.stage))
        switch column.kind {
        case .stage: return stages[stage]
        case .evidenceNumber: return evidenceNumber(column.name, of: stage)
        default: return self.column(column.kind, of: stage)
        }
    }

    /// What is wrong with a stage `name` when it is new and there are too many.
    func faultOfNewStage(_ name: String) -> LineFault? {
        stageIndex[name] != nil || stages.count < maximumStages
            ? nil : .bad(column: "stages", expected: "at most \(maximumStages) stages", found: "one more, '\(name)'")
    }

    /// What is wrong with one more context or evidence number, `name`, when there are too many columns.
    func faultOfNewNumber(_ name: String) -> LineFault? {
        columns.count < maximumColumns
            ? nil : .bad(column: "line", expected: "at most \(maximumColumns) columns", found: "one more, '\(name)'")
    }

    /// The name of `stage`.
    func stageName(_ stage: Int) -> String { columns[stages[stage]].name }

    /// What the CSV format calls `column`, and errors in both formats: `small.evidence.margin`.
    func fullName(_ column: Int) -> String {
        let entry = columns[column]
        switch entry.kind {
        case .contextNumber: return "context.\(entry.name)"
        case .stage: return entry.name
        case .evidenceNumber: return "\(stageName(entry.stage)).evidence.\(entry.name)"
        default: return entry.stage < 0 ? entry.name : "\(stageName(entry.stage)).\(entry.name)"
        }
    }

    /// The log schema of these columns.
    var schema: LogSchema {
        LogSchema(
            context: context.map { columns[$0].name },
            stages: stages.indices.map { stage in
                StageSchema(name: stageName(stage), evidence: evidence[stage].map { columns[$0].name })
            })
    }
}
