import Cascades
import Logging

/// What the log says of requests: one entry each, with names and numbers instead of sentences.
///
/// A request that no stage could answer is a warning, any other an `info`; texts and keys' secrets are never in it.
struct RequestLog: Sendable {
    let logger: Logger

    func note(_ record: RequestRecord, trace: String?) {
        let hasFailed = record.decision == .failed && record.status >= 500
        let level: Logger.Level = hasFailed ? .warning : .info
        // The entry is only put together where somebody reads it.
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "request_id": "\(record.id)", "api": "\(record.api.rawValue)", "model": "\(record.model)",
            "decision": "\(record.decision.rawValue)", "status": .stringConvertible(record.status),
            "asked": .array(record.choices.map { "\($0.name)" }), "cost": .stringConvertible(record.cost.money),
            "seconds": .stringConvertible(record.seconds),
            "first_byte_seconds": .stringConvertible(record.firstByteSeconds),
            "tokens_in": .stringConvertible(record.cost.tokensIn),
            "tokens_out": .stringConvertible(record.cost.tokensOut),
        ]
        if let trace { metadata["trace_id"] = "\(trace)" }
        if let key = record.key { metadata["key"] = "\(key)" }
        if let policy = record.policy { metadata["policy"] = "\(policy)" }
        if let stage = record.answeredBy { metadata["stage"] = "\(stage)" }
        if let failure = record.choices.last(where: { $0.failure != nil }) {
            metadata["failed_stage"] = "\(failure.name)"
            // What a stage says in full may hold texts.
            metadata["failure"] = "\(failure.failureKind ?? "failed")"
        }
        logger.log(level: level, hasFailed ? "request failed" : "request", metadata: metadata)
    }
}
