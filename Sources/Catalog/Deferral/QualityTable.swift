import Cascades
import Deferral
import Foundation
import Probability

/// How well several models answered the same questions and what that cost: what rules are compared on.
struct QualityTable: Sendable {
    /// Where it comes from.
    var source: String
    /// A complete log; its evidence and context are whatever the source has.
    var log: OutcomeLog

    /// The nine language models where they are on this machine, else a simulated table.
    static func nineModels(_ data: DataStore, using random: inout Random) throws -> QualityTable {
        guard let folder = try? data.folder(of: "nine-models") else { return simulated(items: 4000, using: &random) }
        let log = try OutcomeLog.read(from: folder + "/nine-models.jsonl")
        return QualityTable(source: "nine language models on 14 tasks", log: log)
    }

    /// Nine models whose answers hang on one difficulty of the item and on luck, and whose prices rise 1 : 2 : 9.
    ///
    ///     right_k = 1[ skill_k + 0.7 d + sqrt(1 - 0.7²) e_k > 0 ],    d, e_k ~ N(0, 1),   skill_k from -0.3 to 0.5
    static func simulated(items: Int, using random: inout Random) -> QualityTable {
        let stages = 9
        let prices = [1, 2, 2, 2, 2, 2, 9, 9, 9].map { $0 * 1e-4 }
        let schema = LogSchema(
            context: ["hint"], stages: (0..<stages).map { StageSchema(name: "model \($0 + 1)") })
        var quality: [Double] = []
        var hints: [Double] = []
        for _ in 0..<items {
            let difficulty = random.normal()
            hints.append(difficulty + random.normal())
            for stage in 0..<stages {
                let skill = -0.3 + 0.8 * Double(stage) / Double(stages - 1)
                quality.append(skill + 0.7 * difficulty + 0.51.squareRoot() * random.normal() > 0 ? 1 : 0)
            }
        }
        var log = OutcomeLog(schema: schema, ids: (0..<items).map { "item \($0)" }, quality: quality)
        log.context = hints
        log.money = (0..<items).flatMap { _ in prices }
        return QualityTable(source: "simulated models (the real table is not on this machine)", log: log)
    }

    /// Eleven base language models with their real confidences; a model's cost is its billions of parameters.
    static func emotions(_ data: DataStore) throws -> QualityTable {
        let path = try data.folder(of: "emotion-eleven-models") + "/emotion-eleven-models.csv"
        func bad(_ reason: String) -> CatalogError { .badData(path: path, reason: reason) }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw bad("it can't be read") }
        let lines = text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        guard let header = lines.first?.map(String.init) else { throw bad("it is empty") }
        let names = header.filter { $0.hasSuffix(":correct") }.map { String($0.dropLast(8)) }
        let evidence = ["pmax", "margin", "entropy"]
        let columns = try names.map { name in
            try (["correct"] + evidence).map { part in
                guard let column = header.firstIndex(of: "\(name):\(part)") else {
                    throw bad("there is no column '\(name):\(part)'")
                }
                return column
            }
        }
        let sizes = try names.map { name in
            guard let size = billions(name) else { throw bad("'\(name)' does not say how large the model is") }
            return size
        }
        guard let length = header.firstIndex(of: "context_chars") else {
            throw bad("there is no column 'context_chars'")
        }
        var quality: [Double] = []
        var numbers: [Double] = []
        var context: [Double] = []
        for (row, line) in lines.dropFirst().enumerated() {
            func number(_ column: Int) throws -> Double {
                guard line.count == header.count, let value = Double(line[column]) else {
                    throw bad("line \(row + 2), column '\(header[column])': not a number")
                }
                return value
            }
            context.append(try number(length))
            for model in columns {
                quality.append(try number(model[0]))
                numbers += try model.dropFirst().map(number)
            }
        }
        let schema = LogSchema(
            context: ["characters"], stages: names.map { StageSchema(name: $0, evidence: evidence) })
        var log = OutcomeLog(schema: schema, ids: context.indices.map { "item \($0)" }, quality: quality)
        log.context = context
        log.evidence = numbers
        log.money = context.flatMap { _ in sizes }
        return QualityTable(source: "eleven base language models on emotions", log: log)
    }

    /// The number before the B in a model's name, `_` read as a point: 1.8 in Qwen-1_8B.
    static func billions(_ name: String) -> Double? {
        name.split(separator: "-").lazy.compactMap { part in
            part.last == "B" || part.last == "b"
                ? Double(part.dropLast().replacingOccurrences(of: "_", with: ".")) : nil
        }.first
    }

    /// The stages from the cheapest to the dearest, among equals from the worst to the best, thinned out evenly to
    /// `count` with both ends kept.
    func spread(_ count: Int) -> [Int] {
        let log = CostedLog(log)
        let quality = log.meanQuality
        // Costs that differ by rounding only are equal.
        func rank(_ stage: Int) -> (Double, Double) {
            ((log.meanCost[stage] / log.meanCost.max()! * 1000).rounded(), quality[stage])
        }
        let order = quality.indices.sorted { rank($0) < rank($1) }
        return (0..<count).map { order[Int((Double($0 * (order.count - 1)) / Double(count - 1)).rounded())] }
    }
}

/// How far noisy estimates of quality lie from the truth.
struct EstimateNoise: Sendable, Hashable {
    /// What people call it.
    var name: String
    /// Standard deviation of the noise before a stage has answered.
    var before: Double
    /// And after.
    var after: Double

    /// The levels published for cascade routing.
    static let published = [
        EstimateNoise(name: "low", before: 0.6, after: 0.3), EstimateNoise(name: "medium", before: 1.6, after: 0.8),
        EstimateNoise(name: "high", before: 2.4, after: 1.2),
    ]

    /// A log of `stages` of `table` with estimates: what a linear rule makes of quality plus normal noise.
    ///
    ///     before = m + (b - m) (1/σ_b²) / (1/v + 1/σ_b²),      b = quality + N(0, σ_b²)
    ///     after  = the same with the precisions and values of both b and a = quality + N(0, σ_a²)
    ///
    /// with m and v mean and variance of the stage's quality over the items of `training`.
    func estimates(of table: OutcomeLog, stages: [Int], training: [Int], using random: inout Random) -> OutcomeLog {
        let names = stages.map { table.schema.stages[$0].name }
        let schema = LogSchema(
            context: names.map { "before.\($0)" },
            stages: names.map { StageSchema(name: $0, evidence: ["after", "revision"]) })
        let moments = stages.map { stage in
            let values = training.map { table.quality(item: $0, stage: stage) }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            return (mean: mean, precision: 1 / max(variance, 1e-12))
        }
        var quality: [Double] = []
        var money: [Double] = []
        var context: [Double] = []
        var evidence: [Double] = []
        let (early, late) = (1 / (before * before), 1 / (after * after))
        for item in 0..<table.count {
            for (place, stage) in stages.enumerated() {
                let truth = table.quality(item: item, stage: stage)
                let (mean, prior) = moments[place]
                let first = early * (truth + before * random.normal() - mean)
                let second = late * (truth + after * random.normal() - mean)
                let guess = mean + first / (prior + early)
                let revised = mean + (first + second) / (prior + early + late)
                quality.append(truth)
                money.append(table.money[item * table.stageCount + stage])
                context.append(guess)
                evidence += [revised, revised - guess]
            }
        }
        var log = OutcomeLog(schema: schema, ids: table.ids, quality: quality)
        log.money = money
        log.context = context
        log.evidence = evidence
        return log
    }
}
