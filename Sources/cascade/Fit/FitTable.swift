import Cascades
import Deferral
import Reports

/// The table of a search: baselines, then families; the chosen row stands out.
struct FitTable {
    let fit: Fit
    /// How wide it may be; nil for a page, where nothing has to be short.
    let width: Int?

    init(_ fit: Fit, width: Int? = nil) {
        self.fit = fit
        self.width = width
    }

    /// Stages in the order in which they are numbered: the cheapest first.
    private var order: [Int] { fit.log.stagesByCost }
    private var hasAbstention: Bool { fit.result.rows.contains { $0.measurement.abstainedShare > 0 } }
    /// The columns that numbers for all stages take.
    private var shareWidth: Int { 3 * order.count - 1 }

    /// Whether the table fits with its intervals written out, else as ± half their width, with shares as numbers, and so
    /// on: what a narrow terminal has no room for is left to `--json`.
    private func fits(intervals: Bool, numbers: Bool, time: Bool, cost: Bool = true) -> Bool {
        guard let width else { return true }
        let names = fit.result.rows.map { Self.name($0).count }.max() ?? 0
        var columns = [names, intervals ? 20 : 13, 7, intervals ? 23 : 15, numbers ? shareWidth : order.count]
        if time { columns.append(9) }
        if cost { columns.append(max(fit.unit.short.count, 8)) }
        if hasAbstention { columns.append(7) }
        return columns.reduce(0, +) + 3 * columns.count <= width
    }

    private var isNarrow: Bool { !fits(intervals: true, numbers: true, time: true) }
    private var drawsShares: Bool { order.count > 4 && !fits(intervals: false, numbers: true, time: true) }
    private var showsTime: Bool { fits(intervals: false, numbers: !drawsShares, time: true) }
    private var showsCost: Bool { fits(intervals: false, numbers: !drawsShares, time: false) }

    var table: TextTable {
        let single = fit.single.measurement
        let scale = single.quality.estimate
        let (showsTime, showsCost) = (showsTime, showsCost)
        var columns: [TextTable.Column] = [
            .init("policy"), .init("quality", alignment: isNarrow ? .right : .automatic),
        ]
        if showsCost { columns.append(.init(fit.unit.short)) }
        columns += [
            .init(showsCost ? "of best" : "cost of best"),
            .init("gain in quality", alignment: isNarrow ? .right : .automatic),
            .init(
                order.indices.map { drawsShares ? String(($0 + 1) % 10) : Self.number($0 + 1) }
                    .joined(separator: drawsShares ? "" : Self.space),
                alignment: .left),
        ]
        if hasAbstention { columns.append(.init("no answer")) }
        if showsTime { columns.append(.init("time", unit: "ns")) }
        var table = TextTable(columns: columns)
        var wasBaseline = true
        for row in fit.result.rows {
            let measurement = row.measurement
            var cells: [TableCell] = [.text(Self.name(row)), cell(measurement.quality, scale)]
            if showsCost { cells.append(.number(measurement.cost.estimate * fit.unit.scale)) }
            cells += [
                .percent(measurement.cost.estimate / single.cost.estimate, decimals: 0),
                row.name == "single-stage" ? .missing : cell(measurement.qualityGain, scale),
                .text(shares(measurement)),
            ]
            if hasAbstention { cells.append(.percent(measurement.abstainedShare, decimals: 0)) }
            if showsTime {
                cells.append(row.policy == nil ? .missing : .number(measurement.decisionNanoseconds, significant: 2))
            }
            let isBaseline = row.kind == .baseline
            table.add(
                cells, style: row.name == fit.chosenName ? .best : isBaseline ? .faint : .plain,
                startsGroup: wasBaseline && !isBaseline)
            wasBaseline = isBaseline
        }
        table.notes = [
            "Gain in quality: against the simple policy (single-stage), on the same items\(isNarrow ? "; ± half the interval" : ""). "
                + (showsCost ? "Costs: \(fit.unit.name). " : "")
                + (showsTime ? "Time: of one decision." : ""),
            "Right: \(drawsShares ? "the share" : "% (●● all)") of items answered by each stage, cheapest first: "
                + order.enumerated().map { "\($0 + 1)\(Self.space)\(fit.stages[$1])" }.joined(separator: ", ") + ".",
        ]
        return table
    }

    /// The row's name; that of the best single stage is said above the table.
    private static func name(_ row: SearchResult.Row) -> String {
        row.name.hasPrefix("best single: ") ? "best single stage" : row.name
    }

    private func cell(_ interval: MeanInterval, _ scale: Double) -> TableCell {
        let cell = TableCell(interval, like: scale)
        guard isNarrow, case .interval(let value, let low, let high, let digits) = cell else {
            return cell == .count(0) && isNarrow ? .text("0") : cell
        }
        let text = NumberText.interval(value, low: (high - low) / 2, high: 0, digits: digits)
        let parts = text.split(separator: " ")
        return .text("\(parts[0])\(Self.space)±\(Self.space)\(parts[1].dropFirst().dropLast())")
    }

    private func shares(_ measurement: Measurement) -> String {
        let values = order.map { measurement.answerShare[$0] }
        if drawsShares {
            let blocks = Array("▁▂▃▄▅▆▇█")
            return values.map { $0 < 0.005 ? "·" : String(blocks[min(7, Int($0 * 8))]) }.joined()
        }
        return values.map { share in
            let percent = Int((share * 100).rounded())
            return percent == 0 ? "\(Self.space)·" : percent >= 100 ? "●●" : Self.number(percent)
        }.joined(separator: Self.space)
    }

    /// A space at which no line is broken.
    private static let space = "\u{A0}"

    private static func number(_ value: Int) -> String { value < 10 ? "\(space)\(value)" : "\(value)" }
}
