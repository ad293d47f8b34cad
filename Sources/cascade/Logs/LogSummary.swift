import Cascades
import Foundation
import Reports

/// What is in a log, in one look.
struct LogSummary {
    let log: OutcomeLog
    let name: String
    let stages: [StageSummary]

    /// One stage's column means over the items that it answered; `NaN` where there is nothing.
    struct StageSummary {
        var name: String
        var evidence: [String]
        /// The share of items that it answered.
        var answered: Double
        var quality: Double
        var money: Double
        var seconds: Double
        var operations: Double
        var tokens: Double
        /// The share of items on which it is the only best stage, or shares that place.
        var best: Double
    }

    init(_ log: OutcomeLog, name: String) {
        self.log = log
        self.name = name
        let width = log.stageCount
        func mean(_ column: [Double], _ stage: Int) -> Double {
            var sum = 0.0
            var count = 0
            for cell in stride(from: stage, to: column.count, by: width) where !column[cell].isNaN {
                sum += column[cell]
                count += 1
            }
            return count > 0 ? sum / Double(count) : .nan
        }
        var best = [Int](repeating: 0, count: width)
        for item in 0..<log.count {
            let row = log.quality[item * width..<(item + 1) * width]
            guard let top = row.lazy.filter({ !$0.isNaN }).max() else { continue }
            for stage in 0..<width where row[item * width + stage] == top { best[stage] += 1 }
        }
        stages = log.schema.stages.enumerated().map { index, stage in
            StageSummary(
                name: stage.name, evidence: stage.evidence,
                answered: Double((0..<log.count).count { log.isPresent(item: $0, stage: index) }) / Double(log.count),
                quality: mean(log.quality, index), money: mean(log.money, index), seconds: mean(log.seconds, index),
                operations: mean(log.operations, index),
                tokens: mean(log.tokensIn, index) + mean(log.tokensOut, index),
                best: Double(best[index]) / Double(log.count))
        }
    }

    /// The stages as a table; a column that nothing fills is left out.
    var table: TextTable {
        var columns: [TextTable.Column] = [.init("stage", overflow: .truncate), .init("answered"), .init("quality"), .init("among the best")]
        let optional: [(column: TextTable.Column, scale: Double, value: (StageSummary) -> Double)] = [
            (.init("cost", unit: "$ per 1,000", key: "money"), 1000, \.money), (.init("latency", unit: "s", key: "seconds"), 1, \.seconds),
            (.init("operations"), 1, \.operations), (.init("tokens"), 1, \.tokens),
        ]
        let shown = optional.filter { entry in stages.contains { !entry.value($0).isNaN } }
        columns += shown.map(\.column)
        if log.schema.evidenceCount > 0 { columns.append(.init("evidence")) }
        var table = TextTable(columns: columns)
        for stage in stages {
            var cells: [TableCell] = [
                .text(stage.name), .percent(stage.answered), .number(stage.quality, significant: 3), .percent(stage.best),
            ]
            cells += shown.map { .number($0.value(stage) * $0.scale) }
            if log.schema.evidenceCount > 0 { cells.append(.text(stage.evidence.joined(separator: ", "))) }
            table.add(cells)
        }
        return table
    }

    /// Groups with their sizes, the largest first.
    var groups: [(name: String, count: Int)] {
        var counts = [Int](repeating: 0, count: log.groups.names.count)
        for code in log.groups.codes where code >= 0 { counts[Int(code)] += 1 }
        return zip(log.groups.names, counts).sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map { (name: $0, count: $1) }
    }

    func print() {
        Output.line("\(name): \(log.count) items, \(stages.count) stages")
        Output.line()
        Output.table(table)
        Output.line()
        var facts: [(String, String)] = []
        let context = log.schema.context
        facts.append(("context", context.isEmpty ? "none" : Self.listed(context, limit: 12)))
        if !log.groups.isEmpty {
            facts.append(("groups", "\(groups.count): " + Self.listed(groups.map { "\($0.name) (\($0.count))" }, limit: 8)))
        }
        if !log.splits.isEmpty { facts.append(("splits", log.splits.names.joined(separator: ", "))) }
        if !log.inputs.isEmpty { facts.append(("input texts", "yes")) }
        if !log.times.isEmpty, let first = log.times.min(), let last = log.times.max() {
            facts.append(("time", "\(Self.time(first)) to \(Self.time(last))"))
        }
        if !log.propensities.isEmpty { facts.append(("propensities", "yes")) }
        facts.append(("first ids", Self.listed(Array(log.ids.prefix(6)), limit: 5)))
        let width = facts.map(\.0.count).max() ?? 0
        for (label, text) in facts {
            Output.labelled(label, text, width: width)
        }
    }

    var json: JSONValue {
        [
            "log": .string(name), "items": .integer(log.count),
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name), "answered": .number(stage.answered), "quality": .number(stage.quality),
                        "amongBest": .number(stage.best), "money": .number(stage.money), "seconds": .number(stage.seconds),
                        "operations": .number(stage.operations), "tokens": .number(stage.tokens),
                        "evidence": .array(stage.evidence.map { .string($0) }),
                    ]
                }),
            "context": .array(log.schema.context.map { .string($0) }),
            "groups": .array(groups.map { ["name": .string($0.name), "items": .integer($0.count)] }),
            "splits": .array(log.splits.names.map { .string($0) }),
            "firstIDs": .array(log.ids.prefix(5).map { .string($0) }),
        ]
    }

    private static func listed(_ names: [String], limit: Int) -> String {
        names.count <= limit + 1 ? names.joined(separator: ", ") : names.prefix(limit).joined(separator: ", ") + ", … \(names.count - limit) more"
    }

    /// Seconds since 1970 as a date where they can be one, else the number.
    private static func time(_ seconds: Double) -> String {
        guard seconds > 1e8, seconds < 1e11 else { return NumberText.compact(seconds) }
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
