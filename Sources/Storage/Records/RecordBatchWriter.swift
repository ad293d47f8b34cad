import Cascades

/// Writes one batch in one transaction.
struct RecordBatchWriter: Sendable {
    /// The writer's name.
    let writer: String
    /// What is kept of the texts.
    let texts: TextKeeping

    /// Writes `batch`; does nothing where the store has it already.
    func write(_ batch: RecordBatch, to database: any Database) async throws {
        var requests: [[SQLValue]] = []
        var choices: [[SQLValue]] = []
        var feedback: [[SQLValue]] = []
        var answers: [[SQLValue]] = []
        var schemas: [LogSchema: StoredSchema] = [:]
        var traffic = TrafficTally()
        for event in batch.events {
            switch event {
            case .request, .made:
                guard let record = event.record else { continue }
                let stored: StoredSchema
                if let known = schemas[record.trace.schema] {
                    stored = known
                } else {
                    stored = try StoredSchema(record.trace.schema)
                    schemas[record.trace.schema] = stored
                }
                traffic.add(record)
                let kept = keeping(record)
                requests.append(try RequestRows.row(kept, schema: stored.id))
                for position in kept.trace.choices.indices {
                    choices.append(try RequestRows.choiceRow(kept, position))
                }
            case .feedback(let item): feedback.append(item.row)
            case .answer(let answer): answers.append(answer.row)
            }
        }
        let rows = Rows(
            writer: writer, number: batch.number, lost: batch.lost,
            schemas: schemas.values.sorted { $0.id < $1.id }.map { [.text($0.id), .text($0.content)] },
            requests: requests, choices: choices, feedback: feedback, answers: answers,
            traffic: TrafficRepository.parameters(traffic), settlements: batch.settlements)
        try await database.write { try rows.write($0) }
    }

    /// `record` with the hashes of its outputs, and with what is to be kept of its texts.
    func keeping(_ record: RequestRecord) -> RequestRecord {
        var kept = record
        if kept.digests.isEmpty {
            kept.digests = record.trace.choices.map { choice in
                choice.output.map { output in
                    var sum = SHA256()
                    sum.update(output.utf8)
                    return sum.hexadecimal
                }
            }
        }
        if texts == .whole { return kept }
        kept.input = record.input.flatMap(texts.kept)
        keep(&kept.trace)
        return kept
    }

    private func keep(_ trace: inout Trace<String>) {
        for index in trace.choices.indices {
            trace.choices[index].output = trace.choices[index].output.flatMap(texts.kept)
            if var inner = trace.choices[index].inner {
                keep(&inner)
                trace.choices[index].inner = inner
            }
        }
    }

    /// The rows of one batch.
    private struct Rows: Sendable {
        var writer: String
        var number: Int
        var lost: Int
        var schemas: [[SQLValue]]
        var requests: [[SQLValue]]
        var choices: [[SQLValue]]
        var feedback: [[SQLValue]]
        var answers: [[SQLValue]]
        var traffic: [[SQLValue]]
        var settlements: [Settlement]

        func write(_ connection: any DatabaseConnection) throws {
            // A batch whose commit was not heard of comes again: its number says whether it is here.
            let isNew = try connection.execute(
                """
                INSERT INTO writers (id, last_batch, lost) VALUES ($1, $2, $3)
                ON CONFLICT (id) DO UPDATE SET last_batch = $2, lost = writers.lost + $3 WHERE writers.last_batch < $2
                """, [.text(writer), .int(number), .int(lost)])
            if isNew == 0 { return }
            try connection.execute(
                "INSERT INTO schemas (id, content) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", rows: schemas)
            try connection.execute(RequestRows.insert, rows: requests)
            try connection.execute(RequestRows.insertChoice, rows: choices)
            try connection.execute(Feedback.insert, rows: feedback)
            try connection.execute(CachedAnswer.insert, rows: answers)
            try connection.execute(TrafficRepository.insert, rows: traffic)
            try LedgerRepository.settle(connection, settlements)
        }
    }
}
