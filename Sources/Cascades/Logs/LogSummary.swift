/// A log in a few numbers: what `cascade log show` prints.
public struct LogSummary: Sendable, Equatable, Codable {
    /// How many items there are.
    public let items: Int
    /// One summary a stage.
    public let stages: [Stage]
    /// The context numbers.
    public let context: [Column]
    /// The groups with their numbers of items, most items first.
    public let groups: [Count]
    /// The splits with their numbers of items, most items first.
    public let splits: [Count]
    /// The time of the first and last item in seconds, if items have times.
    public let times: Column?

    /// A stage in a few numbers; means are over the cells that are there, nil where there is none.
    public struct Stage: Sendable, Equatable, Codable {
        /// The stage's name.
        public let name: String
        /// How many items it answered.
        public let answered: Int
        /// The share of items without its quality.
        public let missingShare: Double
        /// The mean of its qualities.
        public let meanQuality: Double?
        /// The mean cost in US dollars.
        public let meanMoney: Double?
        /// The mean latency in seconds.
        public let meanSeconds: Double?
        /// The mean number of multiply-adds.
        public let meanOperations: Double?
        /// The mean number of tokens read.
        public let meanTokensIn: Double?
        /// The mean number of tokens written.
        public let meanTokensOut: Double?
        /// How many different answers it gave.
        public let distinctAnswers: Int
        /// Its evidence numbers.
        public let evidence: [Column]
    }

    /// A column of numbers in a few numbers; nil where all are missing.
    public struct Column: Sendable, Equatable, Codable {
        /// The column's name.
        public let name: String
        /// The mean of the numbers that are there.
        public let mean: Double?
        /// The least.
        public let minimum: Double?
        /// The greatest.
        public let maximum: Double?
        /// The share of items without it.
        public let missingShare: Double

        init(_ name: String, count: Int, _ value: (Int) -> Double) {
            var (sum, low, high, present) = (0.0, Double.infinity, -Double.infinity, 0)
            for item in 0..<count {
                let value = value(item)
                if value.isNaN { continue }
                sum += value
                low = min(low, value)
                high = max(high, value)
                present += 1
            }
            self.name = name
            // Rounding must not carry the mean out of the range, as it would where all are 0.1.
            mean = present == 0 ? nil : min(max(sum / Double(present), low), high)
            minimum = present == 0 ? nil : low
            maximum = present == 0 ? nil : high
            missingShare = count == 0 ? 0 : Double(count - present) / Double(count)
        }
    }

    /// A name and how many items have it.
    public struct Count: Sendable, Equatable, Codable {
        /// The name.
        public let name: String
        /// The number of items.
        public let count: Int
    }
}

extension OutcomeLog {
    /// The log in a few numbers.
    public func summary() -> LogSummary {
        let width = stageCount
        func mean(_ cells: [Double], _ stage: Int) -> Double? {
            cells.isEmpty ? nil : LogSummary.Column("", count: count) { cells[$0 * width + stage] }.mean
        }
        let stages = schema.stages.indices.map { stage in
            let quality = LogSummary.Column("quality", count: count) { self.quality[$0 * width + stage] }
            let answered = (0..<count).count { isPresent(item: $0, stage: stage) }
            let signals = schema.evidenceRange(of: stage)
            return LogSummary.Stage(
                name: schema.stages[stage].name, answered: answered, missingShare: quality.missingShare,
                meanQuality: quality.mean, meanMoney: mean(money, stage), meanSeconds: mean(seconds, stage),
                meanOperations: mean(operations, stage), meanTokensIn: mean(tokensIn, stage),
                meanTokensOut: mean(tokensOut, stage),
                distinctAnswers: stage < answers.count ? Set(answers[stage].codes.filter { $0 >= 0 }).count : 0,
                evidence: schema.stages[stage].evidence.enumerated().map { index, name in
                    LogSummary.Column(name, count: count) { self.signal(item: $0, signals.lowerBound + index) }
                })
        }
        return LogSummary(
            items: count, stages: stages,
            context: schema.context.enumerated().map { index, name in
                LogSummary.Column(name, count: count) { self.signal(item: $0, index) }
            },
            groups: Self.counts(groups), splits: Self.counts(splits),
            times: times.isEmpty ? nil : LogSummary.Column("time", count: count) { self.times[$0] })
    }

    private static func counts(_ column: CodedColumn) -> [LogSummary.Count] {
        var counts = [Int](repeating: 0, count: column.names.count)
        for code in column.codes where code >= 0 { counts[Int(code)] += 1 }
        return zip(column.names, counts).filter { $0.1 > 0 }.map { LogSummary.Count(name: $0.0, count: $0.1) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
