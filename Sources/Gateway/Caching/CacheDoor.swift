import HTTPTypes
import Logging
import NIOCore

/// `/v1/cache/ID`: DELETE evicts an answer that was given where it was wrong. Whoever may be given it may do so; its id is
/// the header field `x-cascade-cache-id`.
struct CacheDoor: Door {
    static let prefix = "/v1/cache/"
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        do {
            guard request.head.method == .delete else { throw DoorError.wrongMethod(request.path, takes: "DELETE") }
            let caller = try core.authority.caller(request.token)
            let id = String(request.path.dropFirst(Self.prefix.count))
            guard try await core.caching.evict(id, caller: caller) else {
                throw DoorError.notThere("answer \"\(id)\" in the cache")
            }
            let said: JSONTree = ["object": "cache.answer", "id": .string(id), "evicted": true]
            return DoorReply(body: .whole(said.bytes))
        } catch let error as DoorError {
            return DoorReply(error)
        } catch {
            core.logger.warning("an answer could not be evicted", metadata: ["error": "\(error)"])
            return DoorReply(.storeAway)
        }
    }
}

/// `/admin/api/cache`: what is kept, and what came of it, by model.
struct CacheResource: AdminResource {
    static let name = "cache"
    let core: GatewayCore

    func read(_ call: AdminCall) async throws -> JSONTree {
        let models = core.caching.status.sorted { $0.key < $1.key }.map { name, status -> JSONTree in
            [
                "model": .string(name), "entries": JSONTree(integerLiteral: status.entries),
                "bytes": JSONTree(integerLiteral: status.bytes),
                "exact_hits": JSONTree(integerLiteral: status.counts.exactHits),
                "semantic_hits": JSONTree(integerLiteral: status.counts.semanticHits),
                "misses": JSONTree(integerLiteral: status.counts.misses),
                "refused": JSONTree(integerLiteral: status.counts.refused),
                "evicted": JSONTree(integerLiteral: status.counts.evicted), "saved": .number(status.counts.saved),
            ]
        }
        return ["object": "list", "data": .array(models), "spent": .number(core.caching.spent)]
    }
}

extension HTTPField.Name {
    static let cascadeCache = HTTPField.Name("x-cascade-cache")!
    static let cascadeCacheID = HTTPField.Name("x-cascade-cache-id")!
}
