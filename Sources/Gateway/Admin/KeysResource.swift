import HTTPTypes
import Storage

/// `/admin/api/keys`: who may ask.
///
///     GET                    all keys, with what they have spent of their limits
///     POST                   {"name", "roles", "models", "limits": ["money=50/month"]}: a new key, its secret shown once
///     POST /ID               {"limits": […]}: other limits
///     DELETE /ID             revokes it
struct KeysResource: AdminResource {
    static let name = "keys"

    let services: StoreServices
    let time: @Sendable () -> Double

    func read(_ call: AdminCall) async throws -> JSONTree {
        let now = time()
        let keys =
            if let name = call.parts.first { try await services.store.keys.named(name) } else {
                try await services.store.keys.all()
            }
        if let name = call.parts.first, keys.isEmpty { throw DoorError.notThere("key \"\(name)\"") }
        let spending = try await services.store.ledger.spending(at: now)
        return ["object": "list", "data": .array(keys.map { KeyJSON.object($0, spending, at: now) })]
    }

    func change(_ call: AdminCall) async throws -> AdminReply {
        let keys = services.store.keys
        switch (call.method, call.parts.count) {
        case (.post, 0):
            let body = try call.object(["name", "roles", "models", "limits"])
            guard let name = body["name"]?.text else {
                throw DoorError.badRequest("\"name\" is missing: whose key it is.", parameter: "name")
            }
            var roles: Set<KeyRecord.Role> = []
            for text in try body.texts("roles") ?? ["use"] {
                guard let role = KeyRecord.Role(rawValue: text) else {
                    throw DoorError.badRequest(
                        "There is no role \"\(text)\". Known: use, view, administer.", parameter: "roles")
                }
                roles.insert(role)
            }
            let created = try await keys.create(
                name: name, roles: roles, models: try body.texts("models") ?? [], limits: try Self.limits(body) ?? [],
                time: time())
            // It is good at this gateway at once; others hear of it within a second.
            try await services.authority.refresh()
            guard case .object(let members) = KeyJSON.object(created.record, [:], at: time()) else {
                return AdminReply(body: .null)
            }
            return AdminReply(
                status: 201, body: .object(members + [JSONTree.Member("key", .string(created.key.secret))]))
        case (.post, 1):
            let body = try call.object(["limits"])
            guard let limits = try Self.limits(body) else {
                throw DoorError.badRequest("\"limits\" is missing.", parameter: "limits")
            }
            try await keys.setLimits(limits, of: call.parts[0])
        case (.delete, 1): try await keys.revoke(call.parts[0], time: time())
        default: throw DoorError.wrongMethod("/admin/api/keys", takes: "GET and POST")
        }
        try await services.authority.refresh()
        let changed = try await keys.named(call.parts[0])
        let spending = try await services.store.ledger.spending(at: time())
        return AdminReply(body: changed.first.map { KeyJSON.object($0, spending, at: time()) } ?? .null)
    }

    private static func limits(_ body: JSONTree) throws -> [Limit]? {
        try body.texts("limits")?.map { try Limit($0) }
    }
}
