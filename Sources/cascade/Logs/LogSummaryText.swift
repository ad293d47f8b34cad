import Cascades
import Foundation
import Reports

/// What is in a log, in one look.
struct LogSummaryText {
    let log: OutcomeLog
    let name: String
    let summary: LogSummary
    /// The share of items on which each stage is the best or shares that place, `[stages]`.
    let bestShare: [Double]

    init(_ log: OutcomeLog, name: String) {
        self.log = log
        self.name = name
        summary = log.summary()
        let width = log.stageCount
        var best = [Int](repeating: 0, count: width)
        for item in 0..<log.count {
            let row = log.quality[item * width..<(item + 1) * width]
            guard let top = row.lazy.filter({ !$0.isNaN }).max() else { continue }
            for (stage, quality) in row.enumerated() where quality == top { best[stage] += 1 }
        }
        bestShare = best.map { Double($0) / Double(log.count) }
    }

    /// The stages as a table; a column that nothing fills is left out.
    var table: TextTable {
        let optional: [(column: TextTable.Column, value: (LogSummary.Stage) -> Double?)] = [
            (.init("cost", unit: "$ per 1,000 items"), { $0.meanMoney.map { $0 * 1000 } }),
            (.init("latency", unit: "s"), \.meanSeconds),
            (.init("operations"), \.meanOperations),
            (
                .init("tokens"),
                { stage in stage.meanTokensIn.map { $0 + (stage.meanTokensOut ?? 0) } ?? stage.meanTokensOut }
            ),
        ]
        let shown = optional.filter { entry in summary.stages.contains { entry.value($0) != nil } }
        let hasEvidence = log.schema.evidenceCount > 0
        var table = TextTable(
            columns: [.init("stage", overflow: .truncate), .init("answered"), .init("quality"), .init("best or equal")]
                + shown.map(\.column) + (hasEvidence ? [.init("evidence")] : []))
        for (stage, best) in zip(summary.stages, bestShare) {
            var cells: [TableCell] = [
                .text(stage.name), .percent(1 - stage.missingShare), stage.meanQuality.map { .number($0) } ?? .missing,
                .percent(best),
            ]
            cells += shown.map { $0.value(stage).map { .number($0) } ?? .missing }
            if hasEvidence { cells.append(.text(stage.evidence.map(\.name).joined(separator: ", "))) }
            table.add(cells)
        }
        return table
    }

    /// Prints all of it.
    func print() {
        Output.line("\(name): \(summary.items) items, \(summary.stages.count) stages")
        Output.line()
        Output.table(table)
        Output.line()
        var facts: [(label: String, text: String)] = []
        facts.append(
            ("context", summary.context.isEmpty ? "none" : Self.listed(summary.context.map(\.name), limit: 12)))
        if !summary.groups.isEmpty {
            facts.append(("groups", "\(summary.groups.count): " + Self.listed(summary.groups.map(Self.text), limit: 8)))
        }
        if !summary.splits.isEmpty { facts.append(("splits", Self.listed(summary.splits.map(Self.text), limit: 8))) }
        if !log.inputs.isEmpty { facts.append(("inputs", "the texts are kept")) }
        if let first = summary.times?.minimum, let last = summary.times?.maximum {
            facts.append(("time", "\(Self.time(first)) to \(Self.time(last))"))
        }
        if !log.propensities.isEmpty { facts.append(("propensity", "kept: the log comes from a policy that chose")) }
        facts.append(("first ids", log.ids.prefix(5).joined(separator: ", ")))
        let width = facts.map(\.label.count).max() ?? 0
        for (label, text) in facts { Output.labelled(label, text, width: width) }
    }

    /// The same as JSON.
    func json() throws -> JSONValue {
        [
            "log": .string(name), "summary": try JSONValue(encoding: summary),
            "bestOrEqual": JSONValue(bestShare, stages: summary.stages.map(\.name)),
            "firstIDs": .array(log.ids.prefix(5).map { .string($0) }),
        ]
    }

    private static func text(_ count: LogSummary.Count) -> String { "\(count.name) (\(count.count))" }

    private static func listed(_ names: [String], limit: Int) -> String {
        names.count <= limit + 1
            ? names.joined(separator: ", ")
            : names.prefix(limit).joined(separator: ", ") + ", … \(names.count - limit) more"
    }

    /// Seconds since 1970 as a date where they can be one, else the number.
    private static func time(_ seconds: Double) -> String {
        guard seconds > 1e8, seconds < 1e11 else { return NumberText.compact(seconds) }
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }
}
