import Foundation
import NIOCore

/// `/v1/models`: the names that requests may give.
struct ModelsDoor: Door {
    let core: GatewayCore

    func answer(_ request: DoorRequest) async -> DoorReply {
        do throws(DoorError) {
            _ = try core.authority.caller(request.token)
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
                write(try core.model(name.removingPercentEncoding ?? String(name)).name)
                return DoorReply(body: .whole(body))
            }
            body.writeStaticString("{\"object\":\"list\",\"data\":[")
            for (index, name) in core.models.names.enumerated() {
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
