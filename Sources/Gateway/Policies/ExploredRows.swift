import Cascades
import Deferral
import Foundation

/// One explored request: what every stage said and cost, whose answer was given by chance, and how good that was.
struct ExploredRow: Sendable {
    var id: String
    var time: Double
    var context: [Double]
    var group: String?
    /// Of all stages, in the order of the schema.
    var evidence: [Double]
    /// `[stages]`.
    var costs: [Cost]
    /// The stage whose answer was given.
    var answered: Int
    /// How good each stage's answer was, `[stages]`; `NaN` where nobody said.
    var quality: [Double]

    /// What the answer of `stage` was worth, without a bias: itself where it was judged; else, where only the answer that
    /// was given by chance is known, that one's surprise over `mean` counts for all that were as likely.
    ///
    ///     m_s + 1[s was given] |S| (q − m_s)
    ///
    /// - Parameter mean: m, `[stages]`, which must not hang on this row.
    /// - Source: Dudík, Langford and Li 2011, "Doubly Robust Policy Evaluation and Learning", with known propensities 1/|S|.
    func value(of stage: Int, mean: [Double]) -> Double {
        if isComplete { return quality[stage] }
        guard stage == answered, !quality[stage].isNaN else { return mean[stage] }
        return mean[stage] + Double(quality.count) * (quality[stage] - mean[stage])
    }

    /// Whether every stage's answer was judged.
    var isComplete: Bool { !quality.contains { $0.isNaN } }
    /// Whether the answer that was given was judged, so that the row says something.
    var isJudged: Bool { !quality[answered].isNaN }
}

/// The last explored requests of a virtual model: what its next policy is learned from.
struct ExploredRows: Sendable {
    let schema: LogSchema
    let capacity: Int
    private(set) var rows: [ExploredRow] = []
    private var first = 0
    private var number: [String: Int] = [:]

    init(schema: LogSchema, capacity: Int = 20_000) {
        self.schema = schema
        self.capacity = capacity
    }

    var count: Int { rows.count }

    /// Adds a row, in the place of the oldest where there are too many.
    mutating func add(_ row: ExploredRow) {
        if rows.count < capacity {
            number[row.id] = rows.count
            rows.append(row)
        } else {
            number[rows[first].id] = nil
            rows[first] = row
            number[row.id] = first
            first = (first + 1) % capacity
        }
    }

    /// Notes how good the answer of `stage` to request `id` was (of the one that was given where it is nil), and says what
    /// the row is now; nil where there is none.
    mutating func judge(_ id: String, stage: Int?, quality: Double) -> ExploredRow? {
        guard let place = number[id] else { return nil }
        let stage = stage ?? rows[place].answered
        guard rows[place].quality.indices.contains(stage) else { return nil }
        rows[place].quality[stage] = quality
        return rows[place]
    }

    /// The row of request `id`.
    func row(_ id: String) -> ExploredRow? { number[id].map { rows[$0] } }

    /// The mean quality of each stage where it is known, `[stages]`: 1/2 where it never is. Stages answer by chance, so these
    /// are without a bias.
    var means: [Double] {
        var sums = [Double](repeating: 0, count: schema.stages.count)
        var counts = sums
        for row in rows {
            for (stage, quality) in row.quality.enumerated() where !quality.isNaN {
                // Where all were judged, all count; else the one that chance chose.
                guard row.isComplete || stage == row.answered else { continue }
                sums[stage] += quality
                counts[stage] += 1
            }
        }
        return zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0.5 }
    }

    /// The judged rows as a log without gaps, whose qualities are those of ``ExploredRow/value(of:mean:)``: in one cell a
    /// number far from any quality, on average over cells the truth.
    var log: OutcomeLog {
        let judged = rows.filter(\.isJudged).sorted { ($0.time, $0.id) < ($1.time, $1.id) }
        let stages = schema.stages.count
        // Two halves, each with the other's means, so that no row's value hangs on itself through its mean.
        let halves = [0, 1].map { half -> [Double] in
            var other = ExploredRows(schema: schema, capacity: capacity)
            for (index, row) in judged.enumerated() where index % 2 != half { other.add(row) }
            return other.means
        }
        var quality: [Double] = []
        quality.reserveCapacity(judged.count * stages)
        for (index, row) in judged.enumerated() {
            for stage in 0..<stages { quality.append(row.value(of: stage, mean: halves[index % 2])) }
        }
        var log = OutcomeLog(schema: schema, ids: judged.map(\.id), quality: quality)
        log.times = judged.map(\.time)
        if judged.contains(where: { $0.group != nil }) { log.groups = CodedColumn(judged.map(\.group)) }
        log.context = judged.flatMap(\.context)
        log.evidence = judged.flatMap(\.evidence)
        log.money = judged.flatMap { $0.costs.map(\.money) }
        log.seconds = judged.flatMap { $0.costs.map(\.seconds) }
        log.operations = judged.flatMap { $0.costs.map(\.operations) }
        log.tokensIn = judged.flatMap { $0.costs.map(\.tokensIn) }
        log.tokensOut = judged.flatMap { $0.costs.map(\.tokensOut) }
        return log
    }
}
