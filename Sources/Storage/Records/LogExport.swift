public import Cascades

/// Which requests become an outcome log, and what of them.
public struct LogExport: Sendable, Hashable {
    /// Which requests.
    public var filter: RequestRepository.Filter
    /// Whether requests whose answers nobody judged are in the log too. A policy can't be learned from these.
    public var includesUnjudged: Bool
    /// What stands in the answer columns.
    public var answers: Answers

    /// What stands in the answer columns.
    public enum Answers: String, Sendable, Hashable, CaseIterable {
        /// Nothing: the log has none.
        case none
        /// The texts that were kept.
        case texts
        /// The hashes of the texts, which tell equal answers.
        case digests
    }

    /// Exports the judged requests of `filter`, with the texts that were kept.
    public init(
        _ filter: RequestRepository.Filter = .init(), includesUnjudged: Bool = false, answers: Answers = .texts
    ) {
        self.filter = filter
        self.includesUnjudged = includesUnjudged
        self.answers = answers
    }
}

extension Store {
    /// The log of the requests that `export` names: one item a request, oldest first.
    ///
    /// The columns are those of all schemas that the requests were recorded with, in the order in which they first occur.
    /// A stage's quality is the mean of what each source said of it last; what was said of the answer counts for the stage
    /// that gave it. A propensity of zero, which no stage that was asked can have, is a missing cell.
    /// - Throws: ``StorageError``; ``StorageError/noRequests(judged:)`` where no request is as `export` says;
    ///   `LogError` where there are too many stages for one log.
    public func outcomeLog(_ export: LogExport = LogExport()) async throws -> OutcomeLog {
        var filter = export.filter
        filter.isJudged = !export.includesUnjudged
        return try await database.read { [filter] connection in
            var columns = LogColumns()
            for schema in try Self.schemas(connection, filter) { columns.note(schema) }
            guard let schema = columns.schema else {
                throw StorageError.noRequests(judged: !export.includesUnjudged)
            }
            if schema.stages.count > StageSet.capacity {
                throw LogError.unsuitable(
                    reason:
                        "the requests have \(schema.stages.count) stages between them, more than \(StageSet.capacity)",
                    remedy: "Export one model, or a shorter time.")
            }
            let qualities = try RequestQualities(connection, filter)
            var builder = LogBuilder(schema: schema, answers: export.answers)
            try RequestRepository.each(connection, filter) { record in
                builder.add(record, columns.places(of: record.trace.schema), qualities)
            }
            return builder.finished()
        }
    }

    /// The schemas of the requests of `filter`, in the order in which they first occur.
    private static func schemas(
        _ connection: any DatabaseConnection, _ filter: RequestRepository.Filter
    ) throws -> [LogSchema] {
        let known = try StoredSchema.all(connection)
        let (condition, arguments) = filter.condition
        return try connection.rows(
            "SELECT r.schema_id FROM requests r \(condition) GROUP BY r.schema_id ORDER BY MIN(r.time), r.schema_id",
            arguments
        ) { row in
            let id = try row.text(0)
            guard let schema = known[id] else { throw StorageError.notFound(kind: "schema", name: id) }
            return schema
        }
    }
}

/// What was said of the answers to requests.
private struct RequestQualities {
    private var byRequest: [String: [Int: Double]] = [:]

    init(_ connection: any DatabaseConnection, _ filter: RequestRepository.Filter) throws {
        let (condition, arguments) = filter.condition
        try connection.query(
            """
            SELECT f.request_id, f.stage, AVG(f.quality) FROM feedback f JOIN requests r ON r.id = f.request_id \(condition)
            GROUP BY f.request_id, f.stage
            """, arguments
        ) { row in byRequest[try row.text(0), default: [:]][try row.int(1)] = try row.double(2) }
    }

    /// How good what `stage` said to `record` was; `NaN` where nobody knows.
    func quality(_ record: RequestRecord, stage: Int) -> Double {
        guard let qualities = byRequest[record.id] else { return .nan }
        return qualities[stage] ?? (record.answered == stage ? qualities[-1] : nil) ?? .nan
    }
}

/// The columns of several schemas together.
private struct LogColumns {
    private var context: [String] = []
    private var stages: [String] = []
    private var evidence: [String: [String]] = [:]
    private var placesBySchema: [LogSchema: Places] = [:]

    /// Where a schema's numbers go.
    struct Places {
        var context: [Int]
        var stages: [Int]
        var evidence: [[Int]]
    }

    var schema: LogSchema? {
        stages.isEmpty
            ? nil
            : LogSchema(
                context: context, stages: stages.map { StageSchema(name: $0, evidence: evidence[$0] ?? []) })
    }

    mutating func note(_ schema: LogSchema) {
        if placesBySchema[schema] != nil { return }
        for name in schema.context where !context.contains(name) { context.append(name) }
        for stage in schema.stages {
            if !stages.contains(stage.name) { stages.append(stage.name) }
            for name in stage.evidence where !(evidence[stage.name] ?? []).contains(name) {
                evidence[stage.name, default: []].append(name)
            }
        }
        placesBySchema[schema] = Places(context: [], stages: [], evidence: [])
    }

    /// Where the numbers of `schema` go; it was noted before.
    mutating func places(of schema: LogSchema) -> Places {
        if let places = placesBySchema[schema], !places.stages.isEmpty { return places }
        let whole = self.schema ?? schema
        let stageIndex = Dictionary(uniqueKeysWithValues: whole.stages.enumerated().map { ($1.name, $0) })
        let places = Places(
            context: schema.context.map { whole.context.firstIndex(of: $0) ?? 0 },
            stages: schema.stages.map { stageIndex[$0.name] ?? 0 },
            evidence: schema.stages.map { stage in
                let index = stageIndex[stage.name] ?? 0
                let start = whole.evidenceOffsets[index] - whole.context.count
                return stage.evidence.map { start + (whole.stages[index].evidence.firstIndex(of: $0) ?? 0) }
            })
        placesBySchema[schema] = places
        return places
    }
}

/// Fills the columns of a log, request by request.
private struct LogBuilder {
    private let schema: LogSchema
    private let answersKind: LogExport.Answers
    private var log: OutcomeLog
    private var answers: [CodedColumn]
    private var hasInputs = false
    private var hasPropensities = false
    private var hasAnswers = false

    init(schema: LogSchema, answers: LogExport.Answers) {
        self.schema = schema
        answersKind = answers
        log = OutcomeLog(schema: schema, ids: [], quality: [])
        self.answers = schema.stages.map { _ in CodedColumn() }
    }

    mutating func add(_ record: RequestRecord, _ places: LogColumns.Places, _ qualities: RequestQualities) {
        let stages = schema.stages.count
        let cell = log.count * stages
        let missing = repeatElement(Double.nan, count: stages)
        let firstEvidence = log.evidence.count
        log.ids.append(record.id)
        log.inputs.append(record.input ?? "")
        hasInputs = hasInputs || record.input?.isEmpty == false
        log.groups.append(record.trace.group)
        log.times.append(record.time)
        var context = [Double](repeating: .nan, count: schema.context.count)
        for (index, place) in places.context.enumerated() where index < record.trace.context.count {
            context[place] = record.trace.context[index]
        }
        log.context += context
        log.quality += missing
        log.money += missing
        log.seconds += missing
        log.operations += missing
        log.tokensIn += missing
        log.tokensOut += missing
        log.propensities += missing
        log.evidence += repeatElement(.nan, count: schema.evidenceCount)
        var texts = [String?](repeating: nil, count: stages)
        for (position, choice) in record.trace.choices.enumerated() {
            let stage = places.stages[choice.stage]
            log.quality[cell + stage] = qualities.quality(record, stage: choice.stage)
            log.money[cell + stage] = choice.cost.money
            log.seconds[cell + stage] = choice.cost.seconds
            log.operations[cell + stage] = choice.cost.operations
            log.tokensIn[cell + stage] = choice.cost.tokensIn
            log.tokensOut[cell + stage] = choice.cost.tokensOut
            for (index, value) in choice.evidence.enumerated() {
                log.evidence[firstEvidence + places.evidence[choice.stage][index]] = value
            }
            switch answersKind {
            case .none: break
            case .texts: texts[stage] = choice.output
            case .digests: texts[stage] = position < record.digests.count ? record.digests[position] : nil
            }
        }
        for (index, propensity) in record.propensities.enumerated() where index < places.stages.count {
            log.propensities[cell + places.stages[index]] = propensity > 0 ? min(propensity, 1) : .nan
            hasPropensities = hasPropensities || propensity > 0
        }
        for stage in 0..<stages {
            answers[stage].append(texts[stage])
            hasAnswers = hasAnswers || texts[stage] != nil
        }
    }

    func finished() -> OutcomeLog {
        var log = log
        if !hasInputs { log.inputs = [] }
        if log.groups.names.isEmpty { log.groups = CodedColumn() }
        if !hasPropensities { log.propensities = [] }
        // A column without a name is empty, as it is in a log that was read.
        if hasAnswers { log.answers = answers.map { $0.names.isEmpty ? CodedColumn() : $0 } }
        return log
    }
}
