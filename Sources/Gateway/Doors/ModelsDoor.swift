import Foundation
import NIOCore

/// `/v1/models`: the names that requests may give.
struct ModelsDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        do throws(DoorError) {
            let caller = try core.authority.caller(request.token)
            let names = core.models.names.filter { caller.models.isEmpty || caller.models.contains($0) }
            let created = Int(core.started.timeIntervalSince1970)
            var body = ByteBuffer()
            func write(_ name: String) {
                body.writeStaticString("{\"id\":")
                body.writeQuoted(name)
                body.writeString(",\"object\":\"model\",\"created\":\(created),\"owned_by\":\"cascade\"}")
            }
            let prefix = "/v1/models/"
            if request.path.hasPrefix(prefix) {
                let name = request.path.dropFirst(prefix.count)
                let asked = name.removingPercentEncoding ?? String(name)
                guard names.contains(asked) else { throw .unknownModel(asked, known: names) }
                write(asked)
                return DoorReply(body: .whole(body))
            }
            body.writeStaticString("{\"object\":\"list\",\"data\":[")
            for (index, name) in names.enumerated() {
                if index > 0 { body.writeStaticString(",") }
                write(name)
            }
            body.writeStaticString("]}")
            return DoorReply(body: .whole(body))
        } catch {
            return DoorReply(error)
        }
    }
}
