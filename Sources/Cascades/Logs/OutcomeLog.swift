/// What several stages answered to many items, how good each answer was and what it cost, as columns.
///
/// Matrices are row-major. A missing cell is `NaN` and stays missing: a stage that was not asked has no quality.
/// A column that no item has is an empty array.
///
/// Quality is what is to be kept high: 1 for right and 0 for wrong, or any number where more is better.
public struct OutcomeLog: Sendable, Equatable {
    /// The names of all columns.
    public let schema: LogSchema
    /// One id an item, unique.
    public var ids: [String]
    /// The input texts, or empty when the log keeps none. A missing text is empty.
    public var inputs: [String] = []
    /// The group (task, customer, language) of each item.
    public var groups = CodedColumn()
    /// The split each item was marked with (`train`, `test`, ...).
    public var splits = CodedColumn()
    /// The time of each item in seconds since any epoch, or empty.
    public var times: [Double] = []
    /// Context numbers, `[items, context]`.
    public var context: [Double] = []
    /// Qualities, `[items, stages]`.
    public var quality: [Double]
    /// Money in US dollars, `[items, stages]`, or empty.
    public var money: [Double] = []
    /// Latency in seconds, `[items, stages]`, or empty.
    public var seconds: [Double] = []
    /// Operations (multiply-adds), `[items, stages]`, or empty.
    public var operations: [Double] = []
    /// Tokens read, `[items, stages]`, or empty.
    public var tokensIn: [Double] = []
    /// Tokens written, `[items, stages]`, or empty.
    public var tokensOut: [Double] = []
    /// Evidence, `[items, evidence of all stages]` in the order of the schema.
    public var evidence: [Double] = []
    /// The answers of each stage, or empty when the log keeps none.
    public var answers: [CodedColumn] = []
    /// The probability with which the logging policy asked each stage, `[items, stages]`, or empty when all were asked.
    public var propensities: [Double] = []

    /// A log of `ids` with the qualities `quality`, `[items, stages]`.
    public init(schema: LogSchema, ids: [String], quality: [Double]) {
        precondition(
            quality.count == ids.count * schema.stages.count, "a log needs a quality cell for each item and stage")
        self.schema = schema
        self.ids = ids
        self.quality = quality
    }

    /// How many items there are.
    public var count: Int { ids.count }
    /// How many stages there are.
    public var stageCount: Int { schema.stages.count }

    /// The quality of `stage` on `item`; `NaN` where the stage was not asked.
    @inlinable
    public func quality(item: Int, stage: Int) -> Double { quality[item * stageCount + stage] }

    /// Whether `stage` answered `item`.
    @inlinable
    public func isPresent(item: Int, stage: Int) -> Bool { !quality(item: item, stage: stage).isNaN }

    /// Whether every stage answered every item.
    public var isComplete: Bool { quality.allSatisfy { !$0.isNaN } }

    /// The evidence number of `item` at signal index `signal`, or its context number.
    @inlinable
    public func signal(item: Int, _ signal: Int) -> Double {
        let contextCount = schema.context.count
        return signal < contextCount
            ? context[item * contextCount + signal]
            : evidence[item * schema.evidenceCount + signal - contextCount]
    }

    /// The log of the items at `indices`, in that order; an index may come twice (then its id does too).
    public func subset(_ indices: [Int]) -> OutcomeLog {
        func rows(_ values: [Double], _ width: Int) -> [Double] {
            if values.isEmpty { return [] }
            return [Double](unsafeUninitializedCapacity: indices.count * width) { buffer, count in
                values.withUnsafeBufferPointer { source in
                    var target = 0
                    for index in indices {
                        for column in 0..<width { buffer[target + column] = source[index * width + column] }
                        target += width
                    }
                }
                count = indices.count * width
            }
        }
        let stages = stageCount
        var result = OutcomeLog(schema: schema, ids: indices.map { ids[$0] }, quality: rows(quality, stages))
        result.inputs = inputs.isEmpty ? [] : indices.map { inputs[$0] }
        result.groups = groups.subset(indices)
        result.splits = splits.subset(indices)
        result.times = rows(times, 1)
        result.context = rows(context, schema.context.count)
        result.money = rows(money, stages)
        result.seconds = rows(seconds, stages)
        result.operations = rows(operations, stages)
        result.tokensIn = rows(tokensIn, stages)
        result.tokensOut = rows(tokensOut, stages)
        result.evidence = rows(evidence, schema.evidenceCount)
        result.answers = answers.map { $0.subset(indices) }
        result.propensities = rows(propensities, stages)
        return result
    }
}
