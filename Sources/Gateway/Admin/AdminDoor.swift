import HTTPTypes
import NIOCore
import Storage

/// One kind of thing that administrators look at and change, at `/admin/api/NAME`.
protocol AdminResource: Sendable {
    /// Its name in paths.
    static var name: String { get }

    /// What is there. The caller may look.
    func read(_ call: AdminCall) async throws -> JSONTree
    /// Changes it: POST and DELETE. The caller is an administrator.
    func change(_ call: AdminCall) async throws -> AdminReply
}

/// What a change comes to.
struct AdminReply: Sendable {
    var status = 200
    var body: JSONTree
}

extension AdminResource {
    func change(_ call: AdminCall) async throws -> AdminReply {
        throw DoorError.wrongMethod("/admin/api/\(Self.name)", takes: "GET")
    }
}

/// The door of an administrator's resource: asks for the key, and says errors as JSON.
struct AdminDoor<Resource: AdminResource>: Door {
    let core: GatewayCore
    let resource: Resource

    func answer(_ request: DoorRequest) async -> DoorReply {
        do {
            let call = AdminCall(request, resource: Resource.name)
            if call.method == .get || call.method == .head {
                _ = try core.viewer(request)
                return reply(AdminReply(body: try await resource.read(call)))
            }
            _ = try core.administrator(request)
            guard call.method == .post || call.method == .delete else {
                throw DoorError.wrongMethod(request.path, takes: "GET, POST and DELETE")
            }
            return reply(try await resource.change(call))
        } catch let error as DoorError {
            return DoorReply(error)
        } catch {
            return DoorReply(DoorError(administering: error))
        }
    }

    private func reply(_ answer: AdminReply) -> DoorReply {
        var reply = DoorReply(status: answer.status, body: .whole(answer.body.bytes))
        reply.fields[.cacheControl] = "no-store"
        return reply
    }
}

extension DoorError {
    /// What an administrator is told of an error of the store.
    init(administering error: any Error) {
        switch error {
        case StorageError.notFound:
            self.init(status: 404, type: "invalid_request_error", message: "\(error)", code: "not_found")
        case StorageError.improper:
            self.init(status: 400, type: "invalid_request_error", message: "\(error)", code: "improper")
        case let error as StorageError where error.mayPass:
            self.init(
                status: 503, type: "server_error", message: "\(error)", code: "store_unavailable", retryAfter: 1)
        default: self.init(status: 500, type: "server_error", message: "\(error)", code: "store")
        }
    }

    /// There is nothing of this name.
    static func notThere(_ what: String) -> DoorError {
        DoorError(status: 404, type: "invalid_request_error", message: "There is no \(what).", code: "not_found")
    }
}
