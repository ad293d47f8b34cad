import HTTPTypes
import NIOCore

/// Which requests may be answered from the cache, and which answers may be kept: never those of turns with tools, nor of
/// conversations that a stage keeps.
enum CacheRules {
    /// Whether an answer to this request may be another's again.
    static func mayAnswer(_ fields: RequestFields, _ head: HTTPFields) -> Bool {
        !fields.hasTools && !fields.usesTools && !fields.isStateful && !isRefused(head)
    }

    /// Whether the client wants nothing of the cache: `cache-control: no-cache` or `no-store`; or asks for what only this
    /// run can say: an explanation, a drill.
    private static func isRefused(_ head: HTTPFields) -> Bool {
        if head[.cascadeExplain] != nil || head[.cascadeDrill] != nil { return true }
        let control = head[.cacheControl]?.lowercased() ?? ""
        return control.contains("no-cache") || control.contains("no-store")
    }

    /// Whether this answer may be given again: the policy's own, whole, not one by chance.
    static func mayKeep(_ record: RequestRecord) -> Bool {
        record.status == 200 && record.decision == .answered && !record.isExplored
    }
}
