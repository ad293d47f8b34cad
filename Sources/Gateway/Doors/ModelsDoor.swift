import Foundation
import HTTPTypes
import NIOCore

/// `/v1/models`: the names that requests may give, as OpenAI lists them, or as Anthropic does where a client says that it speaks
/// that interface.
struct ModelsDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        let isAnthropic = request.head.headerFields[.anthropicVersion] != nil
        do throws(DoorError) {
            let caller = try core.authority.caller(request.token)
            let names = core.models.names.filter { caller.models.isEmpty || caller.models.contains($0) }
            let entry = isAnthropic ? anthropicEntry : openAIEntry
            let prefix = "/v1/models/"
            if request.path.hasPrefix(prefix) {
                let name = request.path.dropFirst(prefix.count)
                let asked = name.removingPercentEncoding ?? String(name)
                guard names.contains(asked) else { throw .unknownModel(asked, known: names) }
                return DoorReply(body: .whole(entry(asked).bytes))
            }
            let list = JSONTree.array(names.map(entry))
            // One page holds all of them.
            let page: JSONTree =
                isAnthropic
                ? [
                    "data": list, "has_more": false, "first_id": names.first.map(JSONTree.string) ?? .null,
                    "last_id": names.last.map(JSONTree.string) ?? .null,
                ] : ["object": "list", "data": list]
            return DoorReply(body: .whole(page.bytes))
        } catch {
            return DoorReply(error, api: isAnthropic ? .messages : .chatCompletions)
        }
    }

    private func openAIEntry(_ name: String) -> JSONTree {
        let created = core.started.timeIntervalSince1970.rounded(.down)
        return ["id": .string(name), "object": "model", "created": .number(created), "owned_by": "cascade"]
    }

    private func anthropicEntry(_ name: String) -> JSONTree {
        let created = core.started.formatted(.iso8601)
        return [
            "type": "model", "id": .string(name), "display_name": .string(name), "created_at": .string(created),
        ]
    }
}
