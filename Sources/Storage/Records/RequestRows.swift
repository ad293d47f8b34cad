import Cascades
import Foundation

/// Requests as rows: how a record is written and read.
enum RequestRows {
    static let insert = """
        INSERT INTO requests (id, time, key_id, model, policy_version, schema_id, coin, propensities, context, item_group,
            moves, answered, status, seconds, money, tokens_in, tokens_out, operations, input,
            \(Serving.columnNames.joined(separator: ", ")))
        VALUES (\((1...columnCount).map { "$\($0)" }.joined(separator: ", ")))
        ON CONFLICT (id) DO NOTHING
        """

    static let insertChoice = """
        INSERT INTO choices (request_id, position, stage, evidence, money, tokens_in, tokens_out, seconds, operations,
            log_score, started, duration, digest, output, inner_trace)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        ON CONFLICT (request_id, position) DO NOTHING
        """

    static let columns = """
        r.id, r.time, r.key_id, r.model, r.policy_version, r.schema_id, r.coin, r.propensities, r.context, r.item_group,
        r.moves, r.answered, r.status, r.seconds, r.money, r.tokens_in, r.tokens_out, r.operations, r.input,
        \(Serving.columnNames.map { "r.\($0)" }.joined(separator: ", "))
        """
    private static let ownColumns = 19
    static let columnCount = ownColumns + Serving.columnNames.count

    static let choiceColumns = """
        c.stage, c.evidence, c.money, c.tokens_in, c.tokens_out, c.seconds, c.operations, c.log_score, c.started,
        c.duration, c.digest, c.output, c.inner_trace
        """

    static func row(_ record: RequestRecord, schema: String) throws -> [SQLValue] {
        let own: [SQLValue] = [
            .text(record.id), .double(record.time), .text(record.key), .text(record.model),
            .optional(record.policyVersion), .text(schema), .double(record.trace.coin), .numbers(record.propensities),
            .numbers(record.trace.context), .text(record.trace.group), .text(MoveText.text(record.trace.moves)),
            .optional(record.answered), .text(record.status.description), .double(record.cost.seconds),
            .double(record.cost.money), .double(record.cost.tokensIn), .double(record.cost.tokensOut),
            .double(record.cost.operations), .text(record.input),
        ]
        return own + (try Serving.row(record.serving))
    }

    static func choiceRow(_ record: RequestRecord, _ position: Int) throws -> [SQLValue] {
        let choice = record.trace.choices[position]
        let inner = try choice.inner.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        return [
            .text(record.id), .int(position), .int(choice.stage), .numbers(choice.evidence),
            .double(choice.cost.money), .double(choice.cost.tokensIn), .double(choice.cost.tokensOut),
            .double(choice.cost.seconds), .double(choice.cost.operations), .number(choice.logScore),
            .double(choice.start), .double(choice.duration),
            .text(position < record.digests.count ? record.digests[position] : nil), .text(choice.output),
            .text(inner),
        ]
    }

    /// The record of `row` without its choices.
    static func record(_ row: SQLRow, _ schemas: [String: LogSchema]) throws -> RequestRecord {
        let schema = try row.text(5)
        guard let schema = schemas[schema] else { throw StorageError.notFound(kind: "schema", name: schema) }
        var trace = Trace<String>(
            schema: schema, context: try row.numbers(8), group: try row.optionalText(9), coin: try row.double(6))
        trace.moves = try MoveText.moves(try row.text(10), column: 10)
        return RequestRecord(
            id: try row.text(0), time: try row.double(1), key: try row.optionalText(2), model: try row.text(3),
            policyVersion: try row.optionalInt(4), trace: trace, propensities: try row.numbers(7),
            answered: try row.optionalInt(11), status: RequestRecord.Status(try row.text(12)),
            cost: Cost(
                money: try row.numberOrMissing(14), tokensIn: try row.numberOrMissing(15),
                tokensOut: try row.numberOrMissing(16),
                seconds: try row.numberOrMissing(13), operations: try row.numberOrMissing(17)),
            input: try row.optionalText(18), serving: try Serving(row, from: ownColumns))
    }

    /// Adds the choice that begins at column `first` of `row`.
    static func addChoice(_ row: SQLRow, from first: Int, to record: inout RequestRecord) throws {
        if row.isNull(first) { return }
        let stage = try row.int(first)
        let schema = record.trace.schema
        let evidence = try row.numbers(first + 1)
        guard schema.stages.indices.contains(stage), evidence.count == schema.stages[stage].evidence.count else {
            throw StorageError.unexpectedValue(
                column: first, expected: "a stage of \(schema.stages.map(\.name)) with its evidence",
                found: "stage \(stage) with \(evidence.count) numbers")
        }
        let inner = try row.optionalText(first + 12).map {
            try JSONDecoder().decode(Trace<String>.self, from: Data($0.utf8))
        }
        record.trace.choices.append(
            Trace<String>.Choice(
                stage: stage, output: try row.optionalText(first + 11), evidence: evidence,
                cost: Cost(
                    money: try row.numberOrMissing(first + 2), tokensIn: try row.numberOrMissing(first + 3),
                    tokensOut: try row.numberOrMissing(first + 4), seconds: try row.numberOrMissing(first + 5),
                    operations: try row.numberOrMissing(first + 6)),
                logScore: try row.optionalDouble(first + 7), start: try row.numberOrMissing(first + 8),
                duration: try row.numberOrMissing(first + 9), inner: inner))
        record.digests.append(try row.optionalText(first + 10))
    }
}
