public import Cascades

/// Which numbers of a state an estimator looks at, in which order.
///
///     row = [ chosen signals | for each stage of `indicators`: 1 if it has answered, else 0 | shares ]
///
/// Several stages often say the same thing: how hard an item is. A linear function of the signals would count that once
/// for each of them. The shares, where there are any, are the evidence and the marks divided by the number of stages
/// that have answered (0 where a stage has not), so that a linear function can also average.
///
/// Signals that are not known are `NaN` in the row. Evidence called `label_probability`, which is known only where
/// the truth is, is never read.
public struct FeatureMap: Codable, Sendable, Hashable {
    /// The signals that are read, by index.
    public let signals: [Int]
    /// The stage that each of the signals comes from; -1 for the context.
    public let owners: [Int]
    /// The stages of which the row says whether they have answered.
    public let indicators: [Int]
    /// Whether the row ends with the shares.
    public let hasShares: Bool

    /// The name of evidence that holds the probability of the true label, which no rule may look at.
    public static let labelProbability = "label_probability"

    /// The context, and the evidence of `stages` with a mark for each whether it has answered, and their shares.
    public init(
        _ schema: LogSchema, evidenceOf stages: some Sequence<Int>, marks: Bool = true, shares: Bool = false
    ) {
        var signals = Array(0..<schema.context.count)
        var owners = signals.map { _ in -1 }
        let stages = Array(stages)
        for stage in stages {
            for (offset, name) in schema.stages[stage].evidence.enumerated() where name != Self.labelProbability {
                signals.append(schema.evidenceOffsets[stage] + offset)
                owners.append(stage)
            }
        }
        self.signals = signals
        self.owners = owners
        indicators = marks ? stages : []
        hasShares = shares
    }

    /// These signals and nothing else.
    init(signals: [Int], owners: [Int]) {
        self.signals = signals
        self.owners = owners
        indicators = []
        hasShares = false
    }

    /// How many numbers a row has.
    public var width: Int {
        (signals.count + indicators.count) * (hasShares ? 2 : 1)
    }

    /// The names of the numbers, as people read them.
    public func names(_ schema: LogSchema) -> [String] {
        let names = schema.signalNames
        let marks = indicators.map { "\(schema.stages[$0].name) has answered" }
        let evidence = zip(signals, owners).filter { $0.1 >= 0 }.map { names[$0.0] }
        return signals.map { names[$0] } + marks
            + (hasShares ? (evidence + marks).map { "\($0), a share of all answers" } : [])
    }

    /// Writes the row of `state`, `[width]`.
    @inline(__always)
    func write(_ state: PolicyState, into row: UnsafeMutableBufferPointer<Double>) {
        state.signals.withUnsafeBufferPointer { known in
            var column = 0
            for signal in signals {
                row[column] = known[signal]
                column += 1
            }
            for stage in indicators {
                row[column] = state.asked.contains(stage) ? 1 : 0
                column += 1
            }
        }
        if hasShares { writeShares(answered: state.asked, into: row) }
    }

    /// Writes the row of item `item` of `log` once the stages of `answered` have answered, `[width]`.
    func write(_ log: OutcomeLog, item: Int, answered: StageSet, into row: UnsafeMutableBufferPointer<Double>) {
        for (column, signal) in signals.enumerated() {
            let owner = owners[column]
            row[column] = owner < 0 || answered.contains(owner) ? log.signal(item: item, signal) : .nan
        }
        for (column, stage) in indicators.enumerated() {
            row[signals.count + column] = answered.contains(stage) ? 1 : 0
        }
        if hasShares { writeShares(answered: answered, into: row) }
    }

    /// Writes the shares from the numbers before them.
    @inline(__always)
    private func writeShares(answered: StageSet, into row: UnsafeMutableBufferPointer<Double>) {
        let known = signals.count + indicators.count
        let share = 1 / Double(1 + answered.count)
        for place in 0..<signals.count {
            row[known + place] = owners[place] >= 0 && row[place].isNaN ? 0 : share * row[place]
        }
        for place in signals.count..<known { row[known + place] = share * row[place] }
    }
}
