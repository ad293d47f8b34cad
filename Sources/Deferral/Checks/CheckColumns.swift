import Cascades

/// How checks look at the columns of a log.
struct CheckColumns {
    let log: OutcomeLog

    /// The name of a stage's quality column.
    func qualityName(_ stage: Int) -> String { "\(log.schema.stages[stage].name).quality" }

    /// The qualities of `stage` and their items, where it answered.
    func qualities(_ stage: Int) -> (items: [Int], values: [Double]) {
        let items = (0..<log.count).filter { log.isPresent(item: $0, stage: stage) }
        return (items, items.map { log.quality(item: $0, stage: stage) })
    }

    /// All columns of numbers that describe answers: qualities, context and evidence.
    var described: [(name: String, value: (Int) -> Double)] {
        log.schema.stages.indices.map { stage in (qualityName(stage), { log.quality(item: $0, stage: stage) }) }
            + signals
    }

    /// The context and evidence columns.
    var signals: [(name: String, value: (Int) -> Double)] {
        log.schema.signalNames.enumerated().map { signal, name in (name, { log.signal(item: $0, signal) }) }
    }

    /// The stages' mean costs in the first of money, latency and work that the log has, over the cells that are there.
    var meanCosts: (unit: String, means: [Double])? {
        for (unit, cells) in [("US dollars", log.money), ("seconds", log.seconds), ("multiply-adds", log.operations)]
        where !cells.isEmpty {
            let means = log.schema.stages.indices.map { stage in
                let present = (0..<log.count).map { cells[$0 * log.stageCount + stage] }.filter { !$0.isNaN }
                return present.isEmpty ? Double.nan : present.reduce(0, +) / Double(present.count)
            }
            return (unit, means)
        }
        return nil
    }

    /// The qualities as right or wrong; nil when a quality is neither 0 nor 1.
    func outcomes(_ values: [Double]) -> [Bool]? {
        values.allSatisfy { $0 == 0 || $0 == 1 } ? values.map { $0 == 1 } : nil
    }

    /// Items with the same input, or without inputs the same context and evidence, as lists of at least two.
    ///
    /// Numbers alone tell two items apart only when chance would hardly make them equal: with the share `c_j` of equal
    /// pairs in column j, independent columns give n(n - 1)/2 * product of c_j equal rows; where that is above 0.05, nothing
    /// is said.
    var duplicates: [[Int]] {
        if !log.inputs.isEmpty {
            var items: [String: [Int]] = [:]
            var order: [String] = []
            for (item, input) in log.inputs.enumerated() where !input.isEmpty {
                if items[input] == nil { order.append(input) }
                items[input, default: []].append(item)
            }
            return order.compactMap { items[$0]!.count > 1 ? items[$0] : nil }
        }
        let signals = signals
        if signals.isEmpty { return [] }
        var expected = Double(log.count) * Double(log.count - 1) / 2
        for signal in signals {
            var counts: [UInt64: Int] = [:]
            for item in 0..<log.count { counts[key(signal.value(item)), default: 0] += 1 }
            expected *=
                Double(counts.values.reduce(0) { $0 + $1 * ($1 - 1) }) / Double(log.count * max(log.count - 1, 1))
        }
        // A column without any repeats has no equal rows.
        guard expected > 0, expected < 0.05 else { return [] }
        var items: [[UInt64]: [Int]] = [:]
        var order: [[UInt64]] = []
        for item in 0..<log.count {
            let row = signals.map { key($0.value(item)) }
            if items[row] == nil { order.append(row) }
            items[row, default: []].append(item)
        }
        return order.compactMap { items[$0]!.count > 1 ? items[$0] : nil }
    }

    private func key(_ value: Double) -> UInt64 { value.isNaN ? .max : (value + 0).bitPattern }
}

/// Numbers in the sentences of findings.
enum CheckText {
    /// At most four significant digits.
    static func number(_ value: Double) -> String {
        if value == 0 { return "0" }
        guard value.isFinite else { return "\(value)" }
        var scale = 1.0
        while abs(value) * scale < 1000, scale < 1e12 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }

    /// A share as per cent.
    static func share(_ value: Double) -> String { "\(number((value * 1000).rounded() / 10)) %" }

    /// A p-value.
    static func p(_ value: Double) -> String {
        value < 1e-6 ? "p < 0.000001" : "p = \(number((value * 1e6).rounded(.up) / 1e6))"
    }
}
