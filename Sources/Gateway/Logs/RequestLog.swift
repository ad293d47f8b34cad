import Cascades
import Logging

/// What the log says of requests: one entry each, with names and numbers instead of sentences.
///
/// A request that no stage could answer is a warning, and one for which a stage refused the gateway's own key or account,
/// for only the operator can mend that; any other is an `info`. Texts and keys' secrets are never in it.
struct RequestLog: Sendable {
    let logger: Logger

    func note(_ record: RequestRecord, trace: String?) {
        let hasFailed = record.decision == .failed && record.status >= 500
        let isRefused = record.choices.contains {
            ["status 401", "status 402", "status 403"].contains($0.failureKind)
        }
        let level: Logger.Level = hasFailed || isRefused ? .warning : .info
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
            if let said = failure.failureAside { metadata["failure_said"] = "\(said)" }
        }
        logger.log(level: level, hasFailed ? "request failed" : "request", metadata: metadata)
    }
}
