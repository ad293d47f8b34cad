import Deferral
import Foundation
import HTTPTypes
import NIOCore
import Storage

/// `/admin/api/policies`: what decides, by virtual model and version.
///
///     GET [/MODEL]                 all versions, without their contents; ?inUse=true leaves out retired ones
///     GET /MODEL/VERSION           one, with its content
///     POST                         {"model", "content", "state", "share", "note"}: a new version
///     POST /MODEL/VERSION          {"state", "share"}: promote it, roll back to it, make it a canary or a shadow
struct PoliciesResource: AdminResource {
    static let name = "policies"

    let core: GatewayCore
    let store: Store

    func read(_ call: AdminCall) async throws -> JSONTree {
        let records = try await store.policies.all(of: call.parts.first, inUse: call.query["inUse"] == "true")
        guard call.parts.count == 2 else {
            return ["object": "list", "data": .array(records.map { Self.json($0) })]
        }
        guard let record = records.first(where: { String($0.version) == call.parts[1] }) else {
            throw DoorError.notThere("version \(call.parts[1]) of a policy of \(call.parts[0])")
        }
        return Self.json(record, withContent: true)
    }

    func change(_ call: AdminCall) async throws -> AdminReply {
        guard call.method == .post else { throw DoorError.wrongMethod("/admin/api/policies", takes: "GET and POST") }
        switch call.parts.count {
        case 0:
            let body = try call.object(["model", "content", "state", "share", "note"])
            guard let model = body["model"]?.text, let content = body["content"] else {
                throw DoorError.badRequest("\"model\" and \"content\" (a policy file) are both needed.")
            }
            let text = content.text ?? String(buffer: content.bytes)
            try check(text, model)
            let version = try await store.policies.add(
                text, model: model, state: try Self.state(body) ?? .shadow, share: try Self.share(body),
                note: body["note"]?.text ?? "", time: core.time())
            return AdminReply(status: 201, body: try await one(model, version))
        case 2:
            guard let version = Int(call.parts[1]) else {
                throw DoorError.badRequest("\(call.parts[1]) is no version: it is a number.")
            }
            let body = try call.object(["state", "share"])
            guard let state = try Self.state(body) else {
                throw DoorError.badRequest(
                    "\"state\" is missing: active, canary, shadow or retired.", parameter: "state")
            }
            try await store.policies.set(
                state, share: try Self.share(body), model: call.parts[0], version: version)
            return AdminReply(body: try await one(call.parts[0], version))
        default: throw DoorError.notThere("such path")
        }
    }

    /// Refuses what this gateway could not run.
    private func check(_ content: String, _ model: String) throws {
        let published = try core.model(model)
        do {
            let file = try PolicyFile.read(Data(content.utf8), path: "the content")
            _ = try PolicyRule(file, version: "new", model: model, stages: published.stages)
        } catch {
            throw DoorError.badRequest("\(error)", code: "bad_policy", parameter: "content")
        }
    }

    private func one(_ model: String, _ version: Int) async throws -> JSONTree {
        try await store.policies.all(of: model).first { $0.version == version }.map { Self.json($0) } ?? .null
    }

    private static func state(_ body: JSONTree) throws -> PolicyRecord.State? {
        guard let value = body["state"] else { return nil }
        guard let state = value.text.flatMap({ PolicyRecord.State(rawValue: $0) }) else {
            throw DoorError.badRequest("\"state\" must be active, canary, shadow or retired.", parameter: "state")
        }
        return state
    }

    private static func share(_ body: JSONTree) throws -> Double {
        guard let value = body["share"] else { return 0 }
        guard let share = value.number else {
            throw DoorError.badRequest("\"share\" must be a number from 0 to 1.", parameter: "share")
        }
        return share
    }

    static func json(_ record: PolicyRecord, withContent: Bool = false) -> JSONTree {
        .members([
            ("model", .string(record.model)), ("version", JSONTree(integerLiteral: record.version)),
            ("state", .string(record.state.rawValue)), ("share", .number(record.share)),
            ("created", .number(record.created)), ("note", .string(record.note)),
            ("previous", record.previous.map { JSONTree(integerLiteral: $0) }),
            ("content", withContent ? .string(record.content) : nil),
        ])
    }
}
