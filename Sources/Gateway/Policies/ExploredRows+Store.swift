import Cascades
import Storage

extension ExploredRow {
    /// The explored requests of `model` that the store remembers, with what was said of them; the oldest first.
    ///
    /// - Parameters:
    ///   - schema: the signals that policies see now; requests that were recorded with others are left out.
    ///   - most: how many of the model's last requests are looked at.
    /// - Throws: `StorageError`.
    static func remembered(
        of model: String, schema: LogSchema, in store: Store, most: Int = 50_000
    ) async throws -> [ExploredRow] {
        let filter = RequestRepository.Filter(model: model)
        var rows = try await store.requests.latest(most, filter).reversed().compactMap { record -> ExploredRow? in
            guard record.serving?.policy == ExploringPolicy.kind, record.trace.schema == schema,
                let answered = record.answered
            else { return nil }
            var evidence: [Double] = []
            var costs: [Cost] = []
            for stage in schema.stages.indices {
                guard let choice = record.trace.choice(of: stage) else { return nil }
                evidence += choice.evidence
                costs.append(choice.cost)
            }
            return ExploredRow(
                id: record.id, time: record.time, context: record.trace.context, group: record.trace.group,
                evidence: evidence, costs: costs, answered: answered,
                quality: [Double](repeating: .nan, count: schema.stages.count))
        }
        guard let first = rows.first?.time else { return [] }
        let judged = RequestRepository.Filter(model: model, from: first)
        guard let log = try? await store.outcomeLog(LogExport(judged, answers: .none)) else { return rows }
        let places = schema.stages.map { stage in log.schema.stages.firstIndex { $0.name == stage.name } }
        let items = Dictionary(log.ids.enumerated().map { ($1, $0) }) { first, _ in first }
        for index in rows.indices {
            guard let item = items[rows[index].id] else { continue }
            for (stage, place) in places.enumerated() {
                if let place { rows[index].quality[stage] = log.quality(item: item, stage: place) }
            }
        }
        return rows
    }
}
